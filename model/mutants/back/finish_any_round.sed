# cast: takeover-on
# The end of a round that is long over ends the stream of the next but one.
/@finish/s/its_round\[TO(r)\] == r && stream\[TO(r)\] == FROZEN/stream[TO(r)] >= PREPARED/
