/*
 * lines.h - what a command would do, in lines: the answer to --dry-run.
 *
 * Each step of a table (steps.h, cancel.c, complete.c) has a rehearse() beside its run(): it asks what run()
 * would ask, and adds what run() would do; it changes nothing. A step whose rehearsal fails would have
 * failed: its error is the command's.
 */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include "ctl/workflow.h"

struct lines {
	const char **items;
	size_t count;
};

enum { LINES_MAX = 128 }; /* a preflight's findings and the steps of a switch; more is left out */

typedef int rehearse_fn(struct ctx *cx, struct workflow *w, struct lines *out);

/* The text is copied into the arena. */
void lines_add(struct arena *a, struct lines *l, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "[users,orders]", as they are called at that side. */
const char *lines_tables(struct arena *a, const struct workflow *w, enum side s);
/* "tablet:zone1-100" */
const char *lines_tablet(struct arena *a, const struct workflow *w, enum side s);
/* "10s" */
const char *lines_duration(struct arena *a, usec d);
/* Around what one job does. */
void lines_lock(struct arena *a, const struct workflow *w, struct lines *out);
void lines_unlock(struct arena *a, const struct workflow *w, struct lines *out);

/* As member "dry_run_results". */
struct json_writer;
void lines_put(struct json_writer *w, const struct lines *l);

#endif
