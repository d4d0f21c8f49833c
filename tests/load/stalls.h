/*
 * stalls.h - how long each statement waited, by wall clock.
 *
 * One recorder per client, written by its thread and read by the control
 * thread under the lock. All waits are kept up to a bound; past it only those
 * of STALLS_KEEP_US or more, so that any stretch of time can be asked for later.
 */
#ifndef LOAD_STALLS_H
#define LOAD_STALLS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STALLS_ALL_MAX = 1000000, /* 24 MB per client: half an hour at full speed */
	STALLS_KEEP_US = 5000,    /* nobody asks for shorter ones once there are so many */
};

struct stall {
	int64_t start_us, wait_us; /* start: since 1970 */
	int what;                  /* enum stmt_kind, for the report */
};

struct stalls {
	pthread_mutex_t lock;
	struct stall *all;
	size_t count, cap;
	uint64_t statements;
};

int64_t wall_us(void);
void stalls_init(struct stalls *s);
void stalls_done(struct stalls *s);
void stalls_add(struct stalls *s, int64_t start_us, int64_t wait_us, int what);
/* The longest of those that overlap [from, to]; wait_us 0 when there is none. *count gets how many
 * overlap. */
struct stall stalls_longest(struct stalls *s, int64_t from, int64_t to, uint64_t *count);

#endif
