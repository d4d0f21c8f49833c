# cast: anyone
# The commit does not compare the phase of the rules.
/@commit/s/phase == HOLD && owner == n/phase < COMMIT/
