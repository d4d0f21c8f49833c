#include "ctl/limits.h"

#include "base/mutant.h"

enum {
	TRY_WITHIN_S = 10, /* two servers are logged into and asked, each within three seconds */
	TELL_WITHIN_S = 10,
};

int
limits_bring(struct ctx *cx, const struct workflow *w, const struct stream_status_reply *r)
{
	bool same = throttle_limits_same(&r->limits, &w->r.options.limits) &&
	    r->on_ddl == w->r.options.on_ddl;

	if (same || mutant("ctl_limits_not_brought"))
		return 0;
	if (side_do(cx, w, workflow_to(w), TABLET_STREAM_THROTTLE, w->r.attempt) == 0)
		return 0;
	/* Not the end of the move: a tablet of an earlier release knows no such call. */
	if (cx->err->kind == ERR_NOT_FOUND || cx->err->kind == ERR_REFUSED)
		cx->err->kind = ERR_RETRY;
	return err_wrap(cx->err, "limits of the copy, and what is done on DDL");
}

int
limits_tell(struct ctx *cx, const struct workflow *w)
{
	struct ctx within = ctx_within(cx, TELL_WITHIN_S * SECOND);

	if (mutant("ctl_limits_not_brought") ||
	    side_do(&within, w, workflow_to(w), TABLET_STREAM_THROTTLE, w->r.attempt) == 0)
		return 0;
	if (cx->err->kind == ERR_NOT_FOUND) {
		err_clear(cx->err);
		return 0;
	}
	return err_wrap(
	    cx->err, "the limits of workflow %s are kept, and its stream has not been told", w->id);
}

int
limits_try(struct ctx *cx, const struct workflow *w)
{
	const struct throttle_limits *l = &w->r.options.limits;
	struct ctx within = ctx_within(cx, TRY_WITHIN_S * SECOND);
	bool query = l->query != NULL && l->query[0] != '\0';
	struct move_request q;

	if (!query && l->threads == 0 && l->history == 0)
		return 0;
	TRY(side_request(&within, w, workflow_to(w), &q));
	return side_call(&within, w, TABLET_THROTTLE_TRY, &q, NULL);
}
