#include "base/mutant.h"
#include "test.h"

#include <stdlib.h>

TEST(mutant_is_the_one_that_the_environment_names)
{
	expect(unsetenv("SWITCHYARD_MUTANT") == 0);
	expect(!mutant_is("a_guard"));
	expect(setenv("SWITCHYARD_MUTANT", "a_guard", 1) == 0);
	expect(mutant_is("a_guard"));
	expect(!mutant_is("a_guar") && !mutant_is("a_guard_more") && !mutant_is(""));
	expect(setenv("SWITCHYARD_MUTANT", "", 1) == 0);
	expect(!mutant_is("a_guard"));
}
