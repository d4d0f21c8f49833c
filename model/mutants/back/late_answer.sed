# cast: outlived
# A write that had waited for the lock at the old side is believed when it answers after the switch.
/@late_answer/s/!BOUND(g)/false/
