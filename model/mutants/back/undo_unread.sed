# cast: takeover
# Whoever meant to undo an attempt does so although it has been committed since.
/@rolled/s/rolled = (.*)  */rolled = !(phase == COMMIT \&\& owner == m) /
