# cast: set
# The fence counts as armed although a table of the set has no row of it.
/@arm \*/s/(fences & 3) != 3/(fences \& 3) == 0/
