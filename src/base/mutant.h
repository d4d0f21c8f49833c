/*
 * mutant.h - guards that a build for tests can take out, one at a time.
 *
 * A guard against a race or a wrong belief has a name, and stands as
 *
 *      if (!guarded && !mutant("ctl_commit_unread"))
 *              return refuse();
 *
 * tests/mutants/ lists each name beside the test that has to fail without the guard, and `make
 * mutants` sees it fail. In every other build mutant() is the constant false and costs nothing. In
 * one made with -Dmutants=true it is true for the one name in $SWITCHYARD_MUTANT, which every
 * program that a test starts inherits.
 */
#ifndef BASE_MUTANT_H
#define BASE_MUTANT_H

#include <stdbool.h>

#ifdef SWITCHYARD_MUTANTS
#define mutant(name) mutant_is(name)
#else
#define mutant(name) false
#endif

/* Is it this one that is taken out? */
bool mutant_is(const char *name);

#endif
