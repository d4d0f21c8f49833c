# cast: rounds
# The reverse stream begins at a position that was read before the freeze.
/@early_q/s/$/\
	Q = ending[TO(r)];/
/@q/s/Q = ending\[TO(r)\];//
