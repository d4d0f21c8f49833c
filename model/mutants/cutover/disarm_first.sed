# cast: anyone
# The fence is disarmed before the rollback is written.
/@rolling/s/^/		if :: fence_no <= m -> armed = false; fence_no = m + 1 :: else fi }; atomic {\n/
