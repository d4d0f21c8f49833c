# cast: behind
# A ReverseTraffic commits without having the guard read up to its freeze.
/@guard/s/guard_pos.*ending\[TO(r)\]/true/
