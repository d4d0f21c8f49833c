# cast: takeover
# The tablet does not compare the attempt again once it has the lock.
/@lock \*/s/TAKES(FROM(r), n)/true/
