# cast: takeover
# A disarm does not compare its attempt.
/@disarm/s/TAKES([^:]*) -> number/true -> number/
