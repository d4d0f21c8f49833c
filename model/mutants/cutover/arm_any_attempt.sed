# cast: anyone
# An arming does not compare its attempt.
/@arm/s/fence_no <= n/true/
