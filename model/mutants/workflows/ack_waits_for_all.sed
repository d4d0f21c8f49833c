# cast: spanned
# A gate acknowledges one version for all workflows, once all of them are drained.
/@own_ack/s/DRAINED(g, w)/DRAINED(g, 0) \&\& DRAINED(g, 1)/
