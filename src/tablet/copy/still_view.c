#include "tablet/copy/still_view.h"

#include "base/fault.h"
#include "base/mutant.h"
#include "tablet/copy/source_view.h"

/* Milliseconds, unless the tail has no room: then the applier goes on. */
enum { HEARTBEAT_WITHIN_S = 10 };

/* Both at the source; the second one writes heartbeats. */
struct opening {
	const struct still_view *of;
	struct mysql_client *view, *marker;
};

static int
open_and_mark(struct ctx *cx, const struct opening *o, const struct position *since,
    struct position *view, const char *token)
{
	const struct view_least least = { since, tail_settling(o->of->tail) };
	int ms = fault_sleep_ms("copy.strict.heartbeat");

	TRY(source_view_open(cx, o->view, &least, view));
	TRY(ms == 0 ? 0 : task_sleep(cx, ms * MSEC));
	return heartbeat_write(cx, o->marker, o->of->id, token);
}

static int
try_place(struct ctx *cx, const struct opening *o, struct position *at, bool *found)
{
	struct ctx within = ctx_within(cx, HEARTBEAT_WITHIN_S * SECOND);
	SCOPED(position) struct position since = { 0 }, view = { 0 };
	bool told = source_view_is_told(mysql_dialect(o->view));
	struct applier *applier = o->of->applier;
	char token[HEARTBEAT_TOKEN];

	heartbeat_token(token);
	position_copy(&since, tail_position(o->of->tail));
	TRY(open_and_mark(cx, o, &since, &view, token));
	TRY(applier_wait_heartbeat(&within, applier, token, at));
	*found = applier_quiet_between(applier, &since, token, told) || mutant("copy_strict_quiet");
	if (told)
		position_copy(at, &view);
	return *found ? 0 : mysql_exec(cx, o->view, slice_str("ROLLBACK"), NULL);
}

static int
find_place(struct ctx *cx, const struct opening *o, struct position *at)
{
	usec end = task_now() + o->of->within;
	bool found = false;

	while (!found && task_now() < end)
		TRY(try_place(cx, o, at, &found));
	return found
	    ? 0
	    : err_set(cx->err, ERR_RETRY,
		  "strict tables are written so often that no view was met between two changes");
}

int
still_view_open(
    struct ctx *cx, const struct still_view *v, struct mysql_client *source, struct position *at)
{
	SCOPED(client) struct mysql_client *marker = NULL;

	TRY(env_stream(cx, v->env, v->from, ROLE_STREAM, &marker));
	TRY(find_place(cx, &(struct opening){ v, source, marker }, at));
	return heartbeat_delete(cx, marker, v->id); /* it was met: nobody asks for it any more */
}
