#include "ctl/ready.h"

#include "base/mutant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	LAG_SMALL_MS = 1000, /* what is caught up with inside a pause that nobody notices */
	LAG_WAIT_S = 5,      /* for it, before --max-replication-lag-allowed decides */
	LAG_POLL_MS = 100,
	ASK_WITHIN_S = 10,
	PREPARED_MAX = 300, /* an xid as it is written: two parts of up to 64 bytes, in digits */
};

int
stream_may_switch(struct ctx *cx, const struct workflow *w, struct stream_status_reply *r)
{
	struct ctx within = ctx_within(cx, ASK_WITHIN_S * SECOND);
	struct move_request q;

	TRY(side_request(&within, w, workflow_to(w), &q));
	TRY(side_call(&within, w, TABLET_STREAM_STATUS, &q, r));
	if (r->closed[0] != '\0' && !mutant("ctl_closed_way_back"))
		return err_set(cx->err, ERR_REFUSED, "%s", r->closed);
	if (r->phase != STREAM_ERROR)
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", r->error);
	return r->hint[0] == '\0' ? -1 : err_hint(cx->err, "%s", r->hint);
}

/* What a stream's nearness to its source is judged by. */
struct nearness {
	int64_t lag_ms;
	/* The XA transaction, of those that have changed the tables, that was prepared first when it was
	 * asked first; "" once it has ended. Those that come later end as fast as they came, or are met by
	 * the next attempt. */
	char prepared[PREPARED_MAX];
	bool asked;
};

static void
note_prepared(struct nearness *n, const char *oldest)
{
	if (!n->asked)
		snprintf(n->prepared, sizeof(n->prepared), "%s", oldest);
	else if (strcmp(n->prepared, oldest) != 0)
		n->prepared[0] = '\0';
	n->asked = true;
}

static int
look_at_stream(struct ctx *cx, const struct workflow *w, struct nearness *n)
{
	struct stream_status_reply r;

	if (stream_may_switch(cx, w, &r) != 0)
		return cx->err->kind == ERR_REFUSED ? err_wrap(cx->err, "the stream has stopped")
						    : -1;
	if (r.phase != STREAM_RUNNING || !r.exact)
		return err_set(cx->err, ERR_RETRY, "the stream is %s, not running",
		    stream_phase_name(r.phase));
	n->lag_ms = r.lag_ms;
	note_prepared(n, mutant("ctl_prepared_unasked") ? "" : r.prepared);
	return 0;
}

static int
refuse_prepared(const struct nearness *n, struct err *err)
{
	err_set(err, ERR_RETRY,
	    "waiting for the prepared XA transaction %s, which has changed the tables", n->prepared);
	return err_hint(
	    err, "XA COMMIT or XA ROLLBACK ends it, at the server that serves the tables");
}

int
ready_wait(struct ctx *cx, const struct workflow *w)
{
	usec end = task_now() + LAG_WAIT_S * SECOND;
	int64_t most_ms = w->r.options.max_lag / MSEC;
	struct nearness n = { .lag_ms = -1 };

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &scratch;
		TRY(look_at_stream(&inner, w, &n));
		if (n.lag_ms >= 0 && n.lag_ms <= LAG_SMALL_MS && n.lag_ms <= most_ms &&
		    n.prepared[0] == '\0')
			return 0;
		if (task_now() >= end)
			break;
		TRY(task_sleep(cx, LAG_POLL_MS * MSEC));
	}
	if (n.prepared[0] != '\0')
		return refuse_prepared(&n, cx->err);
	if (n.lag_ms >= 0 && n.lag_ms <= most_ms)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "replication lag %" PRId64 " ms is higher than the %" PRId64 " ms allowed", n.lag_ms,
	    most_ms);
}
