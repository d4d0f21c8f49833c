# cast: rows
# P is read before the lock.
/@position/d
/@lock:/!{/2 fence/s/$/\n	P = S;/}
