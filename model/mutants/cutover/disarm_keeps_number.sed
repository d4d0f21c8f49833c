# cast: death
# A disarm leaves the number, so that a late arming of the same attempt finds it free.
/@disarm/s/fence_no = m + 1/fence_no = m/
