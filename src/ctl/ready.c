#include "ctl/ready.h"

#include "base/mutant.h"

#include <inttypes.h>

enum {
	LAG_SMALL_MS = 1000, /* what is caught up with inside a pause that nobody notices */
	LAG_WAIT_S = 5,      /* for it, before --max-replication-lag-allowed decides */
	LAG_POLL_MS = 100,
	ASK_WITHIN_S = 10,
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

static int
stream_is_close(struct ctx *cx, const struct workflow *w, int64_t *lag_ms)
{
	struct stream_status_reply r;

	if (stream_may_switch(cx, w, &r) != 0)
		return cx->err->kind == ERR_REFUSED ? err_wrap(cx->err, "the stream has stopped")
						    : -1;
	if (r.phase != STREAM_RUNNING || !r.exact)
		return err_set(cx->err, ERR_RETRY, "the stream is %s, not running",
		    stream_phase_name(r.phase));
	*lag_ms = r.lag_ms;
	return 0;
}

int
ready_wait(struct ctx *cx, const struct workflow *w)
{
	usec end = task_now() + LAG_WAIT_S * SECOND;
	int64_t lag_ms = -1, most_ms = w->r.options.max_lag / MSEC;

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &scratch;
		TRY(stream_is_close(&inner, w, &lag_ms));
		if (lag_ms >= 0 && lag_ms <= LAG_SMALL_MS && lag_ms <= most_ms)
			return 0;
		if (task_now() >= end)
			break;
		TRY(task_sleep(cx, LAG_POLL_MS * MSEC));
	}
	if (lag_ms >= 0 && lag_ms <= most_ms)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "replication lag %" PRId64 " ms is higher than the %" PRId64 " ms allowed", lag_ms,
	    most_ms);
}
