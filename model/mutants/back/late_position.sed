# cast: rounds
# The reverse stream begins where the binlog ends when it starts.
/@start/s/stream\[FROM(r)\] = RUNNING/pos[FROM(r)] = ending[TO(r)]; &/
