static const struct y fixed = { 1 };
static const char *const names[] = { "a", "b" };
static void (*const call)(int, int) = 0;
static const char *moving[] = { "a" }; /* finds: moving is a variable */
static struct y state = { 1 }; /* finds: state is a variable */
static unsigned long long counter; /* finds: counter is a variable */
static int first = 1, /* finds: first is a variable */
    *second; /* finds: second is a variable */
static void (*hook)(int, int); /* finds: hook is a variable */
static _Thread_local struct loop *current; /* finds: current is a variable */

int
first_is_marked_here(void) /* fine */
{
	static int calls; /* finds: calls is a variable */
	static const int table[] = { 1, 2 };
	const char *s = "{ not a brace";

	return calls + table[0] + (s != 0);
}

int
deep(int n) /* finds: deep() nests 4 deep */
{
	for (;;)
		list_each(n, x)
			while (n)
				if (n)
					return 1;
}

int
flat(int n)
{
	if (n == 1)
		return 1;
	else if (n == 2)
		return 2;
	else if (n == 3)
		return 3;
	else if (n == 4)
		return 4;
	else {
		do {
			switch (n) {
			case 1:
				n++;
			default:
				break;
			}
		} while (n);
	}
again:
	return 0;
}

/* xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx finds: 111 columns, at most 110    */
