# cast: takeover
# An arming does not compare its attempt.
/@arm/s/TAKES(FROM(r), n)/true/
