# cast: behind
# Nothing keeps changes from the new side between the guard's last word and the commit.
/@lock_to/s/lock\[TO(r)\] = n/skip/
