/*
 * topo_conformance.h - one test, run on every store.
 *
 * CONFORMS(name) { ... } is a scenario with two handles on one new, empty
 * store, a and b, as two programs would have; it runs as a task of a
 * simulation (memory) and of a real loop (sqlite).
 */
#ifndef TESTS_UNIT_TOPO_CONFORMANCE_H
#define TESTS_UNIT_TOPO_CONFORMANCE_H

#include "base/err.h"
#include "test.h"
#include "topo/topo.h"
#include "topo/topo_tables.h"

#include <sys/types.h>

typedef void scenario_fn(struct ctx *cx, struct topo *a, struct topo *b);

void on_memory(scenario_fn *fn);
void on_sqlite(scenario_fn *fn);
/* Runs fn in a task of a new real loop of this process, with one handle on the file. */
void on_file(const char *url, void (*fn)(struct ctx *cx, struct topo *t, void *arg), void *arg);
/* The same with test_url(), in a process of its own. */
pid_t in_child(void (*fn)(struct ctx *cx, struct topo *t, void *arg), void *arg);
void expect_exit(pid_t pid); /* and that all was well there */
/* The tables of test_url() themselves. */
struct db *open_tables(struct err *err);
/* "sqlite:" and a file in this test's folder. */
const char *test_url(void);

#define CONFORMS(name)                                                                             \
	static void name(struct ctx *cx, struct topo *a, struct topo *b);                          \
	TEST(memory_##name)                                                                        \
	{                                                                                          \
		on_memory(name);                                                                   \
	}                                                                                          \
	TEST(sqlite_##name)                                                                        \
	{                                                                                          \
		on_sqlite(name);                                                                   \
	}                                                                                          \
	static void name(struct ctx *cx, struct topo *a, struct topo *b)

/* Shorthands that fail the test. */
int64_t set(struct ctx *cx, struct topo *t, const char *key, const char *value); /* revision */
/* NULL: absent */
void expect_value(struct ctx *cx, struct topo *t, const char *key, const char *value);
struct topo_list list_of(struct ctx *cx, struct topo *t, const char *prefix);
/* "+/a=1 -/b" of the events: put and delete, in order. */
const char *events_text(struct ctx *cx, const struct topo_events *e);

#endif
