# cast: rows
# The lock does not wait for the hold, and has no limit of its own.
/@hold_ack/s/(gack.*seen\[g\])/true/
/@lock_timeout/d
