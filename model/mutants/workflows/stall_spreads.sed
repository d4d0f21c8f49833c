# cast: stalled
# A gate acknowledges one version for all workflows: what one waits for holds the other.
/@own_ack/s/DRAINED(g, w)/DRAINED(g, 0) \&\& DRAINED(g, 1)/
