# cast: gates
# Writes run at the target as soon as the rules say so, with no round of acknowledgements before.
/@commit/s/move_rules(COMMIT)/move_rules(FREE); armed_to = false; lock = 0/
