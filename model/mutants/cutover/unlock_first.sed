# cast: outlived
# The lock is given up before all gates have acknowledged the switched rules.
/@unlock/d
/@all_switched/s/^/	atomic { if :: phase == COMMIT \&\& lock == owner -> lock = 0 :: else fi };\n/
