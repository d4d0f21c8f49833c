# cast: rounds
# The guard takes the next AUTO_INCREMENT value, set for an attempt that failed, for somebody else's DDL.
/@own_ddl/s/$/ \&\& e % 8 != DDL/
/@finding/s/::.*->/:: else ->/
