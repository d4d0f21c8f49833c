# cast: readers
# The writes are let go without asking the gates.
s/^\(	:: \)ALL_ACKED.*@all_switched.*/\1true/
