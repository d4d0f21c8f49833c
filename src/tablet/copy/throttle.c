#include "tablet/copy/throttle.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* A chunk that is paced is read in half a second (chunk.h): as long as they follow one another it is
	 * one wait. */
	SEEN_MS = 1000,
	/* Pieces of a second's worth: small beside what may be saved up, so that the rate is even. */
	PIECES = 2,
};

void
throttle_check(const struct throttle *t)
{
	check(t->copying >= 0 && t->waiting >= 0); /* (2) */
	check(t->copying > 0 || t->waiting == 0);  /* (2) */
	check(t->limits.rows == t->rows.per_second);
}

void
throttle_init(struct throttle *t)
{
	*t = (struct throttle){ .query = mem_strdup("") };
	t->limits.query = t->query;
}

void
throttle_done(struct throttle *t)
{
	free(t->query);
	t->limits.query = t->query = NULL;
}

/* ---- Limits */

void
throttle_set(struct throttle *t, const struct throttle_limits *limits)
{
	usec now = task_now();
	char *query = mem_strdup(limits->query == NULL ? "" : limits->query);

	throttle_check(t);
	free(t->query);
	t->query = query;
	t->limits = *limits;
	t->limits.query = query;
	t->version++;
	token_bucket_set(&t->rows, limits->rows, now);
	token_bucket_set(&t->bytes, (int64_t)limits->bytes, now);
	for (int i = 0; i < THROTTLE_SIGNS; i++)
		t->signs[i].told = false;
	waitlist_wake_all(&t->changed);
}

bool
throttle_wants(const struct throttle_limits *l, enum throttle_sign sign)
{
	return sign == SIGN_QUERY ? l->query != NULL && l->query[0] != '\0'
				  : l->threads > 0 || l->history > 0;
}

void
throttle_tell(struct throttle *t, enum throttle_sign sign, uint64_t version, const char *why)
{
	throttle_check(t);
	if (version != t->version && !mutant("copy_sign_of_old_limits")) /* (3) */
		return;
	t->signs[sign].told = true;
	snprintf(t->signs[sign].why, sizeof(t->signs[sign].why), "%s", why);
	waitlist_wake_all(&t->changed);
}

/* ---- Copying */

void
throttle_begin(struct throttle *t)
{
	if (t == NULL)
		return;
	throttle_check(t);
	if (t->copying++ > 0)
		return;
	/* What was told before may be of days ago. */
	for (int i = 0; i < THROTTLE_SIGNS && !mutant("copy_sign_of_before"); i++)
		t->signs[i].told = false;
	t->version++;
	waitlist_wake_all(&t->changed);
}

void
throttle_end(struct throttle *t)
{
	if (t == NULL)
		return;
	t->copying--;
	throttle_check(t);
	waitlist_wake_all(&t->changed);
}

/* How long to wait for it where that is known, until something changes where it is not. */
static enum throttle_cause
find_cause(const struct throttle *t, usec now, usec *wait)
{
	bool untold = false;

	*wait = NEVER;
	for (int i = 0; i < THROTTLE_SIGNS; i++) {
		if (!throttle_wants(&t->limits, (enum throttle_sign)i))
			continue;
		if (t->signs[i].told && t->signs[i].why[0] != '\0')
			return (enum throttle_cause)(CAUSE_SOURCE + i);
		untold |= !t->signs[i].told;
	}
	if (untold && !mutant("copy_sign_untold"))
		return CAUSE_UNTOLD;
	if ((*wait = token_bucket_wait(&t->rows, now)) > 0)
		return CAUSE_ROWS;
	return (*wait = token_bucket_wait(&t->bytes, now)) > 0 ? CAUSE_BYTES : CAUSE_NONE;
}

static bool
is_throttled(const struct throttle *t, usec now)
{
	return t->copying > 0 && t->cause != CAUSE_NONE &&
	    (t->waiting > 0 || now - t->seen < SEEN_MS * MSEC);
}

static void
note(struct throttle *t, enum throttle_cause cause, usec now)
{
	if (cause != t->cause || !is_throttled(t, now))
		t->since_wall = clock_wall();
	t->cause = cause;
	t->seen = now;
}

static int
wait_changed(struct ctx *cx, struct throttle *t, usec wait)
{
	struct ctx within = wait == NEVER ? *cx : ctx_within(cx, wait);

	t->waiting++;
	int rc = waitlist_wait(&within, &t->changed);
	t->waiting--;
	t->seen = task_now();
	if (rc == 0 || cx->err->kind != ERR_TIMEOUT || task_now() >= cx->deadline)
		return rc;
	err_clear(cx->err);
	return 0;
}

int
throttle_wait(struct ctx *cx, struct throttle *t)
{
	enum throttle_cause cause;
	usec wait;

	if (t == NULL)
		return 0;
	throttle_check(t);
	check(t->copying > 0); /* (2) */
	while ((cause = find_cause(t, task_now(), &wait)) != CAUSE_NONE) {
		note(t, cause, task_now());
		TRY(wait_changed(cx, t, wait));
	}
	return 0;
}

bool
throttle_is_closed(const struct throttle *t)
{
	usec wait;
	enum throttle_cause cause = t == NULL ? CAUSE_NONE : find_cause(t, task_now(), &wait);

	return cause != CAUSE_NONE && cause != CAUSE_ROWS && cause != CAUSE_BYTES;
}

void
throttle_took(struct throttle *t, size_t rows, size_t bytes)
{
	if (t == NULL)
		return;
	token_bucket_take(&t->rows, rows, task_now());
	token_bucket_take(&t->bytes, bytes, task_now());
}

size_t
throttle_chunk(const struct throttle *t, size_t limit, size_t row_bytes)
{
	size_t most = limit;

	if (t == NULL)
		return limit;
	if (t->limits.rows > 0 && most > (size_t)t->limits.rows / PIECES)
		most = (size_t)t->limits.rows / PIECES;
	if (t->limits.bytes > 0 && row_bytes > 0 && most > t->limits.bytes / PIECES / row_bytes)
		most = t->limits.bytes / PIECES / row_bytes;
	return most > 0 ? most : 1;
}

/* ---- For people */

void
throttle_print(const struct throttle *t, struct buf *out, int64_t *since_us)
{
	*since_us = is_throttled(t, task_now()) ? t->since_wall : 0;
	if (*since_us == 0)
		return;
	switch (t->cause) {
	case CAUSE_NONE: break;
	case CAUSE_UNTOLD: buf_add_str(out, "the servers are being asked for their load"); break;
	case CAUSE_ROWS: buf_addf(out, "%" PRId64 " rows/s", t->limits.rows); break;
	case CAUSE_BYTES: buf_addf(out, "%" PRIu64 " bytes/s", t->limits.bytes); break;
	case CAUSE_SOURCE:
	case CAUSE_TARGET:
	case CAUSE_QUERY: buf_add_str(out, t->signs[t->cause - CAUSE_SOURCE].why); break;
	}
}
