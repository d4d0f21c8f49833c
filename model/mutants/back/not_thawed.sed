# cast: rounds
# An undo leaves the stream frozen.
s/stream\[TO(r)\] == FROZEN -> stream\[TO(r)\] = RUNNING :: else fi ::/false :: else fi ::/
