# cast: gates
# Others count the lease shorter than its holder does.
/@waited_out/s/!held\[g\] && //
