# cast: behind
# What the guard has found does not stop a ReverseTraffic.
/@guard/s/ && !closed\[TO(r)\]//
