#include "base/mutant.h"

#include <stdlib.h>
#include <string.h>

bool
mutant_is(const char *name)
{
	const char *out = getenv("SWITCHYARD_MUTANT");

	return out != NULL && strcmp(out, name) == 0;
}
