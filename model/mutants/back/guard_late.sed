# cast: behind
# The guard begins where the binlog ends when the way back starts, not at the position read under the lock.
/@start/s/stream\[FROM(r)\] = RUNNING/guard_pos[FROM(r)] = ending[FROM(r)]; &/
