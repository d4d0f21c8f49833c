# cast: takeover
# The commit does not compare the phase of the key.
/@commit/s/phase == HOLD && owner == n/phase != COMMIT \&\& round == r/
