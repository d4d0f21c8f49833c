# cast: set
# Only the first table of a set is locked when the position is read.
/@lock \*/s/t++ }/t = TABLES }/
