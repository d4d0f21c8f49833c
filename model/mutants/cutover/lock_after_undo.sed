# cast: death
# The tablet does not compare the attempt again once it has the lock.
/@lock_again/s/fence_no <= n/true/
