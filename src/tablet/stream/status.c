#include "tablet/stream/status.h"

#include "tablet/guard/guard.h"

/* What was noted of waiting is new until the next try has failed too: it comes after 10 s at most. */
enum { WAITING_NEW_MS = 12000 };

static void
add_table_status(const struct status_of *s, size_t i, struct stream_status_reply *reply)
{
	struct table_status *t = &reply->tables[i];
	bool done = false;

	t->rows_copied = s->rows_copied[i];
	if (s->run->copier != NULL) {
		t->rows_copied = copier_progress(s->run->copier, (int)i)->rows;
		done = copier_progress(s->run->copier, (int)i)->done;
		t->rows_estimate = s->run->defs.tables.items[i].def->rows_estimate;
	}
	t->progress = table_progress_in(s->state->phase, done);
	reply->rows_copied += t->rows_copied;
	reply->rows_total += t->rows_estimate;
}

static const char *
stopped_or_waiting(const struct status_of *s)
{
	bool waits = task_now() - s->waiting->at < WAITING_NEW_MS * MSEC;

	return s->state->error[0] == '\0' && waits ? s->waiting->text : s->state->error;
}

/* Serving is not touched by it: the tables are served where the stream reads. */
static const char *
why_closed(const struct status_of *s, struct arena *a)
{
	const char *finding = s->guard == NULL ? "" : guard_finding(s->guard);

	if (finding[0] != '\0')
		return arena_strdup(a, finding);
	if (s->state->round == 1 || s->state->error[0] == '\0')
		return "";
	return arena_printf(a, "what is written at '%s' does not come here any more: %s",
	    s->request->from.server, s->state->error);
}

static void
add_throttle_status(const struct status_of *s, struct arena *a, struct stream_status_reply *reply)
{
	SCOPED(buf) struct buf by = BUF_INIT;

	throttle_print(s->throttle, &by, &reply->throttled_us);
	reply->throttled = arena_slice_str(a, buf_slice(&by));
	reply->limits = s->throttle->limits;
	reply->limits.query = arena_strdup(a, s->throttle->limits.query);
}

static void
add_ddl_status(const struct status_of *s, struct arena *a, struct stream_status_reply *reply)
{
	reply->on_ddl = s->request->on_ddl;
	reply->ddl = arena_array(a, struct ddl_status, s->ddl->count + 1);
	reply->ddl_count = s->ddl->count;
	for (size_t i = 0; i < s->ddl->count; i++) {
		const struct ddl_status *of = &s->ddl->items[i];

		reply->ddl[i] = *of;
		reply->ddl[i].table = arena_strdup(a, of->table);
		reply->ddl[i].statement = arena_strdup(a, of->statement);
		reply->ddl[i].error = arena_strdup(a, of->error);
		reply->ddl[i].position = arena_strdup(a, of->position);
	}
}

void
status_fill(const struct status_of *s, struct arena *a, struct stream_status_reply *reply)
{
	*reply = (struct stream_status_reply){
		.phase = s->phase,
		.error = arena_strdup(a, stopped_or_waiting(s)),
		.hint = arena_strdup(a, s->state->hint),
		.closed = why_closed(s, a),
		.position = arena_strdup(a, position_gtid(&s->state->applied)),
		.prepared = arena_slice_str(a, kept_oldest(&s->run->kept)),
		.exact = s->state->phase == STREAM_RUNNING || s->state->phase == STREAM_FROZEN,
		.lag_ms = s->run->applier != NULL ? run_lag_ms(s->run) : -1,
		.guard_lag_ms = s->guard == NULL ? -1 : guard_lag_ms(s->guard),
		.loaded_by = s->run->copier != NULL ? copier_loaded_by(s->run->copier) : "",
		.changes_applied = s->run->applier != NULL ? applier_changes(s->run->applier) : 0,
		.tables = arena_array(a, struct table_status, s->request->tables_count),
		.tables_count = s->request->tables_count,
	};
	add_throttle_status(s, a, reply);
	add_ddl_status(s, a, reply);
	for (size_t i = 0; i < s->request->tables_count; i++)
		add_table_status(s, i, reply);
}
