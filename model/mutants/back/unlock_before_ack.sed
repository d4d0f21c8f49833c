# cast: outlived
# The lock is given up before all gates have acknowledged the switched rules.
s/^\(	:: \)ALL_ACKED(n, COMMIT).*@all_switched.*/\1atomic { if :: lock[FROM(r)] == n -> lock[FROM(r)] = 0 :: else fi }; ALL_ACKED(n, COMMIT)/
