# cast: same
# The tables of a set are claimed one after the other.
/Create:/s/$/\
	atomic { if :: w == 2 || SAME == 0 :: w < 2 \&\& SAME \&\& holder[w] == 0 -> holder[w] = w + 1\
		:: else -> refused[w] = true; goto gone fi };/
/@free/s/holder\[t\] == 0/(holder[t] == 0 || holder[t] == w + 1)/
