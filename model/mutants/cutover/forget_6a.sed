# cast: gates
# The writes are let go without asking the gates.
/@all_switched/d
