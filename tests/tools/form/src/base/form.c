#include "base/good.h"

static int leaf(int n); /* finds: a prototype of the static function leaf() */

int one_line(void) /* finds: one_line() does not begin its line */
{
	return 0;
}

int
good(void)
{
        return 1; /* finds: indented with blanks */
	x = 1; /* finds: blanks at the end */ 
	p = malloc(4); /* finds: malloc(): use mem_alloc() */
	return mallocs(4);
}
