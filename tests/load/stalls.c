#include "stalls.h"

#include <stdlib.h>
#include <time.h>

int64_t
wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
stalls_init(struct stalls *s)
{
	*s = (struct stalls){ 0 };
	pthread_mutex_init(&s->lock, NULL);
}

void
stalls_done(struct stalls *s)
{
	free(s->all);
	pthread_mutex_destroy(&s->lock);
}

void
stalls_add(struct stalls *s, int64_t start_us, int64_t wait_us, int what)
{
	pthread_mutex_lock(&s->lock);
	s->statements++;
	if (s->count < STALLS_ALL_MAX || wait_us >= STALLS_KEEP_US) {
		if (s->count == s->cap) {
			s->cap = s->cap == 0 ? 4096 : s->cap * 2;
			s->all = realloc(s->all, s->cap * sizeof *s->all);
			if (s->all == NULL)
				abort();
		}
		s->all[s->count++] = (struct stall){ start_us, wait_us, what };
	}
	pthread_mutex_unlock(&s->lock);
}

struct stall
stalls_longest(struct stalls *s, int64_t from, int64_t to, uint64_t *count)
{
	struct stall longest = { 0 };

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++) {
		if (s->all[i].start_us > to || s->all[i].start_us + s->all[i].wait_us < from)
			continue;
		(*count)++;
		if (s->all[i].wait_us > longest.wait_us)
			longest = s->all[i];
	}
	pthread_mutex_unlock(&s->lock);
	return longest;
}
