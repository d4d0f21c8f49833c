# cast: anyone
# A disarm does not compare its attempt.
/@disarm/s/fence_no <= m/true/
