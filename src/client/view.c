#include "client/view.h"

#include "rpc/findings.h"
#include "base/clock.h"
#include "topo/json.h"
#include "topo/name.h"
#include "topo/workflow_options.h"

#include <stdlib.h>
#include <string.h>

enum { SETTLES_S = 10 }; /* a tablet that is started again is back in seconds */

/* Writes were held by attempts that were rolled back too: from each hold to its undoing. The journal is
 * bounded, so of a move with many attempts these are the last ones. */
static void
read_holds(const struct json *record, struct move_view *v)
{
	struct json events = json_get_array(record, "events");
	int64_t begun = 0;

	v->undone_holds = v->undone_us = 0;
	for (size_t i = 0; i < json_count(&events); i++) {
		struct json e = json_item(&events, i);
		const char *what = json_get_str(&e, "what");
		int64_t at = json_get_i64(&e, "at_us");

		if (strcmp(json_get_str(&e, "step"), "hold") != 0)
			continue;
		if (strcmp(what, "begun") == 0)
			begun = at;
		/* An undoing whose beginning the journal has dropped: how long it was is not known. */
		if (strcmp(what, "undone") != 0 || begun == 0)
			continue;
		v->undone_holds++;
		v->undone_us += at - begun;
		begun = 0;
	}
}

/* Index of the event with which the last switch's hold begins; count: they have it no more. */
static size_t
last_hold(const struct json *events, size_t count)
{
	int64_t attempt = -1;

	/* From the end: the last release that was done is the switch that people mean; attempts after it
	 * are of the way back, and not over. */
	for (size_t i = count; i > 0; i--) {
		struct json e = json_item(events, i - 1);
		const char *step = json_get_str(&e, "step"), *what = json_get_str(&e, "what");

		if (strcmp(step, "release") == 0 && strcmp(what, "done") == 0 && attempt < 0)
			attempt = json_get_i64(&e, "attempt");
		if (strcmp(step, "hold") == 0 && strcmp(what, "begun") == 0 &&
		    json_get_i64(&e, "attempt") == attempt)
			return i - 1;
	}
	return count;
}

/*
 * "hold 4.1 ms, fence 6.0 ms, ...". A step lasts until the next one begins, so that together they are the
 * whole hold. The commit is noted once, in the transaction that makes it: it begins when the step before is
 * done.
 *
 *   at (ms)  step       what     so
 *   9000.0   hold       begun
 *   9004.0   hold       done
 *   9004.1   fence      begun    hold 4.1 ms
 *   9010.1   fence      done
 *   9011.1   commit     done     fence 6.0 ms: the commit began at 9010.1, when the fence was done
 *   9017.0   release    begun    commit 6.9 ms
 *   9022.0   release    done     release 5.0 ms
 */
static const char *
read_steps(struct arena *a, const struct json *record)
{
	SCOPED(buf) struct buf line = BUF_INIT;
	struct json events = json_get_array(record, "events");
	size_t count = json_count(&events), i = last_hold(&events, count);
	const char *step = "";
	int64_t since = 0, done = 0;

	for (bool over = false; i < count && !over; i++) {
		struct json e = json_item(&events, i);
		const char *next = json_get_str(&e, "step"), *what = json_get_str(&e, "what");
		int64_t at = json_get_i64(&e, "at_us");

		over = strcmp(next, "release") == 0 && strcmp(what, "done") == 0;
		if (strcmp(next, step) != 0 || over) {
			int64_t begun = strcmp(what, "begun") == 0 || over ? at : done;

			if (step[0] != '\0')
				buf_addf(&line, "%s%s %.1f ms", line.len == 0 ? "" : ", ", step,
				    (double)(begun - since) / 1000);
			step = next;
			since = begun;
		}
		done = at;
	}
	return arena_slice_str(a, buf_slice(&line));
}

void
view_finding(struct buf *out, const char *severity, const char *text)
{
	/* A journal has other events too, whose what is no severity. */
	for (int i = 0; finding_severity_names[i] != NULL; i++) {
		if (strcmp(severity, finding_severity_names[i]) == 0)
			buf_addf(out, "%s: %s\n", severity, text);
	}
}

/* What a person is to know of the move before it is over. */
static const char *
read_notes(struct arena *a, const struct json *record)
{
	SCOPED(buf) struct buf lines = BUF_INIT;
	struct json events = json_get_array(record, "events");

	for (size_t i = 0; i < json_count(&events); i++) {
		struct json e = json_item(&events, i);
		const char *what = json_get_str(&e, "what");

		if (strcmp(what, "forced") == 0 || strcmp(what, "ended") == 0 ||
		    strcmp(what, "dropped") == 0 || strcmp(what, "views") == 0 ||
		    strcmp(what, "converted") == 0 || strcmp(what, "strict") == 0 ||
		    strcmp(what, "triggers") == 0 || strcmp(what, "routines") == 0 ||
		    (strcmp(json_get_str(&e, "step"), "follow") == 0 && strcmp(what, "failed") == 0))
			buf_addf(&lines, "note: %s\n", json_get_str(&e, "text"));
		if (strcmp(json_get_str(&e, "step"), "preflight") == 0)
			view_finding(&lines, what, json_get_str(&e, "text"));
	}
	return arena_slice_str(a, buf_slice(&lines));
}

/* "customer.users,orders" */
static const char *
read_tables(struct arena *a, const struct json *record, const char *keyspace, const char *table)
{
	struct json tables = json_get_array(record, "tables");
	size_t count = json_count(&tables);
	const char **names = arena_array(a, const char *, count);

	for (size_t i = 0; i < count; i++) {
		struct json t = json_item(&tables, i);

		names[i] = json_get_str(&t, table);
	}
	return name_of_tables(a, json_get_str(record, keyspace), names, count);
}

/* The names as they are called at the target. */
static void
read_table_views(struct arena *a, const struct json *record, struct move_view *v)
{
	struct json tables = json_get_array(record, "tables");

	v->tables = json_count(&tables);
	v->table_views = arena_array(a, struct table_view, v->tables);
	for (size_t i = 0; i < v->tables; i++) {
		struct json t = json_item(&tables, i);

		v->table_views[i] = (struct table_view){
			.table = json_get_str(&t, "target_table"),
			.state = json_get_str(&t, "state"),
			.rows_copied = json_get_i64(&t, "rows_copied"),
			.rows_total = json_get_i64(&t, "rows_estimate"),
		};
	}
}

/* As the tables are. */
static void
read_sizes(const struct json *root, struct move_view *v)
{
	struct json sizes = json_get_array(root, "sizes");

	/* In the order of the tables, or not at all: move_status has none, and workflow_show needs both
	 * sides. */
	v->sizes_known = v->tables > 0 && json_count(&sizes) == v->tables;
	for (size_t i = 0; i < v->tables && v->sizes_known; i++) {
		struct json s = json_item(&sizes, i);

		v->table_views[i].bytes_copied = json_get_i64(&s, "copied");
		v->table_views[i].bytes_total = json_get_i64(&s, "total");
	}
}

static void
read_ends(const struct json *record, struct move_view *v)
{
	struct json streams = json_get_array(record, "streams");

	v->source_keyspace = json_get_str(record, "source_keyspace");
	v->target_keyspace = json_get_str(record, "target_keyspace");
	v->source_shard = v->target_shard = v->target_tablet = "";
	if (json_count(&streams) == 0)
		return;
	struct json s = json_item(&streams, 0);
	v->source_shard = json_get_str(&s, "source_shard");
	v->target_shard = json_get_str(&s, "target_shard");
	v->target_tablet = json_get_str(&s, "target_tablet");
}

static const char *
read_limits(struct arena *a, const struct json *record)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	unsigned given;
	struct workflow_options o = workflow_options_get(record, &given);

	throttle_limits_print(&text, &o.limits);
	return arena_slice_str(a, buf_slice(&text));
}

static const char *
read_ddl(struct arena *a, const struct json *progress)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json all = json_get_array(progress, "ddl");

	for (size_t i = 0; i < json_count(&all); i++) {
		struct json one = json_item(&all, i);
		const char *error = json_get_str(&one, "error");

		buf_addf(&out, "%s%s: %s%s%s", i > 0 ? "\n" : "", json_get_str(&one, "state"),
		    json_get_str(&one, "statement"),
		    error[0] == '\0' ? "" : "; the target says: ", error);
	}
	return arena_slice_str(a, buf_slice(&out));
}

static void
read_record(struct arena *a, const struct json *root, struct move_view *v)
{
	struct json r = json_get_object(root, "record");

	v->state = json_get_str(&r, "state");
	v->state_text = json_get_str(&r, "state_text");
	v->hint = json_get_str(&r, "hint");
	v->step = json_get_str(&r, "step");
	v->attempt = json_get_i64(&r, "attempt") - json_get_i64(&r, "attempts_from");
	v->created_us = json_get_i64(&r, "created_us");
	v->copied_us = json_get_i64(&r, "copied_us");
	v->switched_us = json_get_i64(&r, "switched_us");
	v->hold_us = json_get_i64(&r, "hold_us");
	read_holds(&r, v);
	v->steps = read_steps(a, &r);
	v->notes = read_notes(a, &r);
	struct json options = json_get_object(&r, "options");
	v->commanded = json_get_bool(&options, "manual") && json_get_bool(&options, "no_switch");
	v->follow = json_get_bool(&options, "follow_keyspace");
	v->reversing = json_get_bool(&r, "reversing");
	v->finishing = json_get_bool(&r, "finishing");
	/* Odd rounds run forth: from the third on, Running means that it has been there and is back. */
	v->served_back = json_get_i64(&r, "round") > 2 && strcmp(v->state, "Running") == 0;
	v->postpone_file = json_get_str(&options, "postpone_file");
	v->window_from = json_get_int(&options, "window_from", 0, MINUTES_OF_DAY - 1);
	v->window_to = json_get_int(&options, "window_to", 0, MINUTES_OF_DAY - 1);
	v->limits = read_limits(a, &r);
	v->on_ddl =
	    json_has(&options, "on_ddl") ? json_get_str(&options, "on_ddl") : on_ddl_names[0];
	read_table_views(a, &r, v);
	read_ends(&r, v);
	v->source = read_tables(a, &r, "source_keyspace", "source_table");
	v->target = read_tables(a, &r, "target_keyspace", "target_table");
}

static void
read_way_back(const struct json *root, struct move_view *v)
{
	struct json back = json_get_object(root, "way_back");
	const char *closed = json_get_str(&back, "closed");

	v->way_back = json_get_str(&back, "state");
	v->way_back_why = closed[0] != '\0' ? closed : json_get_str(&back, "error");
	v->way_back_lag_ms = v->way_back[0] == '\0' ? -1 : json_get_i64(&back, "lag_ms");
}

void
view_put_tablet_as(struct json_writer *w, const char *key, const char *alias)
{
	const char *dash = strrchr(alias, '-');

	json_put_open(w, key, '{');
	json_put_slice(
	    w, "cell", slice_cut(slice_str(alias), 0, dash == NULL ? 0 : (size_t)(dash - alias)));
	json_put_i64(w, "uid", dash == NULL ? 0 : atoll(dash + 1));
	json_put_close(w, '}');
}

void
view_put_tablet(struct json_writer *w, const char *alias)
{
	view_put_tablet_as(w, "tablet", alias);
}

bool
view_settles(const struct move_view *v)
{
	/* Bounded: a step that cannot be done (its tablet is away) must not keep a command that has got
	 * what it wanted. */
	return v->finishing && clock_wall() < v->switched_us + SETTLES_S * SECOND;
}

bool
view_arrived(const struct move_view *v)
{
	if (view_settles(v))
		return false;
	return strcmp(v->state, "Switched") == 0 || strcmp(v->state, "Completing") == 0 ||
	    strcmp(v->state, "Complete") == 0;
}

bool
view_failed(const struct move_view *v)
{
	return strcmp(v->state, "Error") == 0 || strcmp(v->state, "Cancelled") == 0;
}

int
view_read(struct ctx *cx, struct slice answer, struct move_view *v)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), p = json_get_object(&root, "progress");
	json_need(&root, "record");
	read_record(cx->arena, &root, v);
	read_way_back(&root, v);
	read_sizes(&root, v);
	v->stream_id = json_get_i64(&p, "id");
	v->revision = json_get_i64(&root, "revision");
	v->traffic = json_get_str(&root, "traffic_state");
	v->position = json_get_str(&p, "position");
	v->phase = json_get_str(&p, "state");
	v->rows_copied = json_get_i64(&p, "rows_copied");
	v->rows_total = json_get_i64(&p, "rows_total");
	v->lag_ms = json_get_i64(&p, "lag_ms");
	v->changes_applied = json_get_i64(&p, "changes_applied");
	v->loaded_by = json_get_str(&p, "loaded_by");
	v->ddl = read_ddl(cx->arena, &p);
	v->throttled = json_get_str(&p, "throttled");
	v->throttled_us = json_get_i64(&p, "throttled_us");
	v->stream_error = json_get_str(&p, "error");
	v->stream_hint = json_get_str(&p, "hint");
	return json_close(&doc);
}
