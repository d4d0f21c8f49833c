# cast: takeover
# The fence is disarmed before the rollback is written.
/@rolling/s/^/		if :: TAKES(FROM(round), m + 1) -> number[FROM(round)] = m + 1; armed[FROM(round)] = false; lock[FROM(round)] = 0 :: else fi }; atomic {\
/
