# cast: outlived-lapse
# The lease is not looked at again after the server answered.
s/^#define DELIVERED.*/#define DELIVERED(g) (alive[g])/
