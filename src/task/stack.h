/*
 * stack.h - guarded stacks, recycled, with a census.
 *
 *   mapping:  | guard page, no access | STACK_SIZE bytes, used from the top | struct stack |
 *
 * A mapping costs two of the process's vm.max_map_count maps, and running out
 * of those breaks malloc() far away from here. So stacks are counted over all
 * loops, and stack_take() refuses at three quarters of that number.
 *
 * How deep a stack has been is seen from the pages that the kernel has filled
 * in: no painting, and the answer is there in release builds too.
 */
#ifndef TASK_STACK_H
#define TASK_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "task/sanitize.h"

enum {
#ifdef WITH_SANITIZER
	STACK_SIZE = 256 * 1024, /* their frames are up to four times as large */
#else
	STACK_SIZE = 64 * 1024,
#endif
	STACK_DEPTH_MAX =
	    STACK_SIZE / 2,   /* past this a test fails: the rest is for what none reaches */
	STACK_KEEP_MAX = 256, /* idle stacks kept by a loop: 2 MB when each has touched two pages */
};

struct stack {
	struct stack *next; /* in the pool */
	char *bottom;       /* lowest usable address, above the guard */
	size_t size;        /* from bottom up to this struct */
	size_t depth;       /* deepest use seen before pages were given back */
	unsigned valgrind_id;
};

/* Idle stacks of one loop. */
struct stack_pool {
	struct stack *idle;
	int idle_count;
	int limit; /* of the process; from vm.max_map_count */
};

void stack_pool_init(struct stack_pool *p);
void stack_pool_done(struct stack_pool *p);
struct stack *stack_take(struct stack_pool *p);         /* NULL when the census is full */
void stack_give(struct stack_pool *p, struct stack *s); /* NULL is fine */
size_t stack_depth(const struct stack *s);              /* bytes, rounded up to pages */
/* Gives the pages below a parked context's stack pointer back to the kernel. */
void stack_trim(struct stack *s, const void *sp);
int stack_census(void);       /* stacks mapped in this process */
bool stack_on_valgrind(void); /* which knows neither of mincore() nor many maps */

#endif
