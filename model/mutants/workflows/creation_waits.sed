# cast: stalled
# Creating a workflow waits until no hold is under way in any other.
/@own_ack/s/DRAINED(g, w)/(DRAINED(g, w) \&\& (w != 2 || DRAINED(g, 0)))/
