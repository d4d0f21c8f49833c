/*
 * record_workflow.c - the largest of the records: a workflow.
 *
 * It is written in two ways. As one text (workflow_write()) for answers over HTTP, and until version
 * 0.2 in the topology too; in parts since: a head without tables and events, and these as keys of their own
 * (workflow_store.h). Both have the same members in members_write(), and a new member is written and read
 * there, once.
 *
 * Compatibility. A member that an older program did not write reads as zero, so a new one is chosen so
 * that zero means "as before"; round is the exception (add_round()). Enums and states are written as
 * words. A state that is not known is an error, and the workflow is left alone by that program.
 */
#include "topo/record.h"

#include "base/check.h"
#include "topo/json.h"

#include <limits.h>

/* As in record.c: written as names. */
static const char *const workflow_type_names[] = { "MoveTables", "Migrate", "Materialize", NULL };
static const char *const direction_names[] = { "forward", "reverse", NULL };
static const char *const old_tables_names[] = { "keep", "drop", "rename", NULL };

/* clang-format off */
static const struct fsm_state workflow_rows[] = {
	[WORKFLOW_CHECKING] = { "Checking", FSM_TO(WORKFLOW_CREATING) | FSM_TO(WORKFLOW_ERROR),
	    "both sides are asked whether it can be; nothing is made" },
	[WORKFLOW_CREATING] = { "Creating",
	    FSM_TO(WORKFLOW_COPYING) | FSM_TO(WORKFLOW_STOPPED) | FSM_TO(WORKFLOW_CANCELLING) |
	        FSM_TO(WORKFLOW_ERROR),
	    "rules and stream are being made" },
	[WORKFLOW_COPYING] = { "Copying",
	    FSM_TO(WORKFLOW_RUNNING) | FSM_TO(WORKFLOW_STOPPED) | FSM_TO(WORKFLOW_CANCELLING) |
	        FSM_TO(WORKFLOW_ERROR),
	    "the stream is on its way to exact" },
	[WORKFLOW_RUNNING] = { "Running",
	    FSM_TO(WORKFLOW_SWITCHING) | FSM_TO(WORKFLOW_STOPPED) | FSM_TO(WORKFLOW_CANCELLING) |
	        FSM_TO(WORKFLOW_ERROR),
	    "the stream is exact and the fences are there, disarmed at the source; as after a way back" },
	[WORKFLOW_STOPPED] = { "Stopped",
	    FSM_TO(WORKFLOW_COPYING) | FSM_TO(WORKFLOW_CANCELLING) | FSM_TO(WORKFLOW_ERROR),
	    "by command: the stream stays where it is, or is not made yet; with a step: it is to stop" },
	[WORKFLOW_SWITCHING] = { "Switching", FSM_TO(WORKFLOW_RUNNING) | FSM_TO(WORKFLOW_SWITCHED),
	    "an attempt is under way: it is finished, or undone, and nothing else" },
	[WORKFLOW_SWITCHED] = { "Switched",
	    FSM_TO(WORKFLOW_SWITCHING) | FSM_TO(WORKFLOW_COMPLETING) | FSM_TO(WORKFLOW_CHECKING),
	    "past the commit and released; the old side follows while there is a way back" },
	[WORKFLOW_COMPLETING] = { "Completing", FSM_TO(WORKFLOW_COMPLETE),
	    "the way back is ended for good; there is no way back from that" },
	[WORKFLOW_COMPLETE] = { "Complete", FSM_TO(WORKFLOW_CHECKING),
	    "no way back is left; the old tables are dropped, renamed or kept" },
	[WORKFLOW_CANCELLING] = { "Cancelling", FSM_TO(WORKFLOW_CANCELLED),
	    "what the move made is taken away, the rules last; there is no way back" },
	[WORKFLOW_CANCELLED] = { "Cancelled", FSM_TO(WORKFLOW_CHECKING),
	    "as before, but for rules that a way back has left; the record is kept for its number" },
	[WORKFLOW_ERROR] = { "Error",
	    FSM_TO(WORKFLOW_CHECKING) | FSM_TO(WORKFLOW_COPYING) | FSM_TO(WORKFLOW_SWITCHING) |
	        FSM_TO(WORKFLOW_STOPPED) | FSM_TO(WORKFLOW_CANCELLING),
	    "a person has to look; the same command goes on, or begins anew where nothing was made" },
};
/* clang-format on */
const struct fsm workflow_states = { "workflow", workflow_rows, WORKFLOW_ERROR + 1 };

static const char *
name_at(const char *const *names, unsigned i, unsigned last)
{
	check(i <= last);
	return names[i];
}

const char *
workflow_type_name(enum workflow_type t)
{
	return name_at(workflow_type_names, t, WORKFLOW_MATERIALIZE);
}

const char *
workflow_state_name(enum workflow_state s)
{
	return fsm_name(&workflow_states, (int)s);
}

/* ---- Workflows */

static void
tables_write(struct json_writer *w, const struct workflow_table *tables, size_t count)
{
	json_put_open(w, "tables", '[');
	for (size_t i = 0; i < count; i++) {
		const struct workflow_table *t = &tables[i];

		json_put_open(w, NULL, '{');
		json_put_str(w, "source_table", t->source_table);
		json_put_str(w, "target_table", t->target_table);
		json_put_str(w, "state", t->state);
		json_put_i64(w, "rows_estimate", t->rows_estimate);
		json_put_i64(w, "rows_copied", t->rows_copied);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
tables_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "tables");

	r->tables_count = json_count(&array);
	r->tables = arena_array(j->doc->arena, struct workflow_table, r->tables_count);
	for (size_t i = 0; i < r->tables_count; i++) {
		struct json item = json_item(&array, i);

		r->tables[i] = (struct workflow_table){
			.source_table = json_get_str(&item, "source_table"),
			.target_table = json_get_str(&item, "target_table"),
			.state = json_get_str(&item, "state"),
			.rows_estimate = json_get_i64(&item, "rows_estimate"),
			.rows_copied = json_get_i64(&item, "rows_copied"),
		};
	}
}

static void
views_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "views", '[');
	for (size_t i = 0; i < r->views_count; i++)
		json_put_str(w, NULL, r->views[i]);
	json_put_close(w, ']');
}

/* A record of before has none. */
static void
views_read(const struct json *j, struct workflow_record *r)
{
	struct json array;

	if (!json_has(j, "views"))
		return;
	array = json_get_array(j, "views");
	r->views_count = json_count(&array);
	r->views = arena_array(j->doc->arena, const char *, r->views_count);
	for (size_t i = 0; i < r->views_count; i++)
		r->views[i] = json_item_str(&array, i);
}

static void
routines_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "routines", '[');
	for (size_t i = 0; i < r->routines_count; i++) {
		const struct moved_routine *m = &r->routines[i];

		json_put_open(w, NULL, '{');
		json_put_str(w, "name", m->name);
		json_put_str(w, "kind", routine_kind_names[m->kind]);
		json_put_bool(w, "both", m->both);
		json_put_bool(w, "kept", m->kept);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
routines_read(const struct json *j, struct workflow_record *r)
{
	struct json array;

	if (!json_has(j, "routines"))
		return;
	array = json_get_array(j, "routines");
	r->routines_count = json_count(&array);
	r->routines = arena_array(j->doc->arena, struct moved_routine, r->routines_count);
	for (size_t i = 0; i < r->routines_count; i++) {
		struct json item = json_item(&array, i);

		r->routines[i] = (struct moved_routine){
			.name = json_get_str(&item, "name"),
			.kind = (enum routine_kind)json_get_enum(&item, "kind", routine_kind_names),
			.both = json_get_bool(&item, "both"),
			.kept = json_get_bool(&item, "kept"),
		};
		r->routines[i].rule = moved_routine_rule(j->doc->arena, &r->routines[i]);
	}
}

static void
streams_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "streams", '[');
	for (size_t i = 0; i < r->streams_count; i++) {
		const struct workflow_stream *s = &r->streams[i];

		json_put_open(w, NULL, '{');
		json_put_str(w, "source_keyspace", s->source_keyspace);
		json_put_str(w, "source_shard", s->source_shard);
		json_put_str(w, "source_tablet", s->source_tablet);
		json_put_str(w, "target_keyspace", s->target_keyspace);
		json_put_str(w, "target_shard", s->target_shard);
		json_put_str(w, "target_tablet", s->target_tablet);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
streams_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "streams");

	r->streams_count = json_count(&array);
	r->streams = arena_array(j->doc->arena, struct workflow_stream, r->streams_count);
	for (size_t i = 0; i < r->streams_count; i++) {
		struct json item = json_item(&array, i);

		r->streams[i] = (struct workflow_stream){
			.source_keyspace = json_get_str(&item, "source_keyspace"),
			.source_shard = json_get_str(&item, "source_shard"),
			.source_tablet = json_get_str(&item, "source_tablet"),
			.target_keyspace = json_get_str(&item, "target_keyspace"),
			.target_shard = json_get_str(&item, "target_shard"),
			.target_tablet = json_get_str(&item, "target_tablet"),
		};
	}
}

static void
events_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "events", '[');
	for (size_t i = 0; i < r->events_count; i++) {
		const struct workflow_event *e = &r->events[i];

		json_put_open(w, NULL, '{');
		json_put_i64(w, "at_us", e->at_us);
		json_put_i64(w, "attempt", e->attempt);
		json_put_str(w, "step", e->step);
		json_put_str(w, "what", e->what);
		json_put_str(w, "text", e->text);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
events_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "events");

	r->events_count = json_count(&array);
	r->events = arena_array(j->doc->arena, struct workflow_event, r->events_count);
	for (size_t i = 0; i < r->events_count; i++) {
		struct json item = json_item(&array, i);

		r->events[i] = (struct workflow_event){
			.at_us = json_get_i64(&item, "at_us"),
			.attempt = json_get_int(&item, "attempt", 0, INT_MAX),
			.step = json_get_str(&item, "step"),
			.what = json_get_str(&item, "what"),
			.text = json_get_str(&item, "text"),
		};
	}
}

static const char *
text_of(const char *text)
{
	return text == NULL ? "" : text;
}

/* All but tables and events. */
static void
members_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_str(w, "name", r->name);
	json_put_str(w, "type", workflow_type_name(r->type));
	json_put_str(w, "state", workflow_state_name(r->state));
	json_put_str(w, "state_text", r->state_text);
	json_put_str(w, "hint", r->hint);
	json_put_str(w, "source_keyspace", r->source_keyspace);
	json_put_str(w, "target_keyspace", r->target_keyspace);
	views_write(w, r);
	routines_write(w, r);
	streams_write(w, r);
	json_put_str(w, "direction", name_at(direction_names, r->direction, DIRECTION_REVERSE));
	json_put_i64(w, "round", r->round);
	json_put_str(w, "start", text_of(r->start));
	json_put_str(w, "next_start", text_of(r->next_start));
	json_put_str(w, "proof", text_of(r->proof));
	json_put_bool(w, "finishing", r->finishing);
	json_put_bool(w, "reversing", r->reversing);
	json_put_str(w, "closed", text_of(r->closed));
	json_put_str(w, "restore", text_of(r->restore));
	json_put_str(w, "old_tables", name_at(old_tables_names, r->old_tables, OLD_TABLES_RENAME));
	json_put_bool(w, "remove_rules", r->remove_rules);
	json_put_bool(w, "keep_data", r->keep_data);
	json_put_bool(w, "keep_rules", r->keep_rules);
	json_put_i64(w, "attempt", r->attempt);
	json_put_str(w, "step", r->step);
	json_put_bool(w, "rolling_back", r->rolling_back);
	json_put_bool(w, "cancel", r->cancel);
	json_put_i64(w, "attempts_from", r->attempts_from);
	json_put_str(w, "before", text_of(r->before));
	json_put_str(w, "position", r->position);
	json_put_i64(w, "hold_us", r->hold_us);
	json_put_i64(w, "created_us", r->created_us);
	json_put_i64(w, "copied_us", r->copied_us);
	json_put_i64(w, "switched_us", r->switched_us);
	workflow_options_put(w, &r->options, GIVEN_ALL);
}

void
workflow_write(struct buf *out, const struct workflow_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	members_write(&w, r);
	tables_write(&w, r->tables, r->tables_count);
	events_write(&w, r);
	json_put_close(&w, '}');
}

void
workflow_head_write(struct buf *out, const struct workflow_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	members_write(&w, r);
	json_put_i64(&w, "move", r->move);
	json_put_i64(&w, "tables", (int64_t)r->tables_count);
	json_put_i64(&w, "events", (int64_t)r->events_count);
	json_put_close(&w, '}');
}

void
workflow_tables_write(struct buf *out, const struct workflow_table *tables, size_t count)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	tables_write(&w, tables, count);
	json_put_close(&w, '}');
}

void
workflow_events_write(struct buf *out, const struct workflow_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	events_write(&w, r);
	json_put_close(&w, '}');
}

/* A record of a program that knew no way back: it has switched once, or not yet. */
static void
add_round(struct workflow_record *r)
{
	bool switched = r->state == WORKFLOW_SWITCHED || r->state == WORKFLOW_COMPLETE;

	if (r->round > 0)
		return;
	r->round = switched ? 2 : 1;
	r->direction = switched ? DIRECTION_REVERSE : DIRECTION_FORWARD;
}

static void
members_read(const struct json *j, struct workflow_record *out)
{
	unsigned given; /* a record of an older program may lack one: zero */

	json_need(j, "name");
	json_need(j, "state");
	*out = (struct workflow_record){
		.name = json_get_str(j, "name"),
		.type = (enum workflow_type)json_get_enum(j, "type", workflow_type_names),
		.state = (enum workflow_state)json_get_state(j, "state", &workflow_states),
		.state_text = json_get_str(j, "state_text"),
		.hint = json_get_str(j, "hint"),
		.source_keyspace = json_get_str(j, "source_keyspace"),
		.target_keyspace = json_get_str(j, "target_keyspace"),
		.direction = (enum workflow_direction)json_get_enum(j, "direction", direction_names),
		.round = json_get_int(j, "round", 0, INT_MAX),
		.start = json_get_str(j, "start"),
		.next_start = json_get_str(j, "next_start"),
		.proof = json_get_str(j, "proof"),
		.finishing = json_get_bool(j, "finishing"),
		.reversing = json_get_bool(j, "reversing"),
		.closed = json_get_str(j, "closed"),
		.restore = json_get_str(j, "restore"),
		.old_tables = (enum old_tables)json_get_enum(j, "old_tables", old_tables_names),
		.remove_rules = json_get_bool(j, "remove_rules"),
		.keep_data = json_get_bool(j, "keep_data"),
		.keep_rules = json_get_bool(j, "keep_rules"),
		.attempt = json_get_int(j, "attempt", 0, INT_MAX),
		.step = json_get_str(j, "step"),
		.rolling_back = json_get_bool(j, "rolling_back"),
		.cancel = json_get_bool(j, "cancel"),
		.attempts_from = json_get_int(j, "attempts_from", 0, INT_MAX),
		.before = json_get_str(j, "before"),
		.position = json_get_str(j, "position"),
		.hold_us = json_get_i64(j, "hold_us"),
		.created_us = json_get_i64(j, "created_us"),
		.copied_us = json_get_i64(j, "copied_us"),
		.switched_us = json_get_i64(j, "switched_us"),
		.options = workflow_options_get(j, &given),
	};
	views_read(j, out);
	routines_read(j, out);
	streams_read(j, out);
	add_round(out);
}

int
workflow_read(struct arena *a, struct slice json, struct workflow_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "workflow record", json, a, err));
	struct json j = json_root(&d);

	members_read(&j, out);
	tables_read(&j, out);
	events_read(&j, out);
	return json_close(&d);
}

int
workflow_head_read(struct arena *a, struct slice json, struct workflow_head *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "workflow record", json, a, err));
	struct json j = json_root(&d);

	*out = (struct workflow_head){ .whole = !json_has(&j, "move") };
	members_read(&j, &out->r);
	/* move is what tells: heads have it, and a record that is whole has not. */
	if (out->whole) {
		tables_read(&j, &out->r);
		events_read(&j, &out->r);
	} else {
		out->r.move = json_get_int(&j, "move", 1, INT_MAX);
		out->tables = (size_t)json_get_int(&j, "tables", 0, INT_MAX);
		out->events = (size_t)json_get_int(&j, "events", 0, INT_MAX);
	}
	return json_close(&d);
}

int
workflow_tables_read(
    struct arena *a, struct slice json, struct workflow_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "tables of a workflow", json, a, err));
	struct json j = json_root(&d);

	tables_read(&j, out);
	return json_close(&d);
}

int
workflow_events_read(
    struct arena *a, struct slice json, struct workflow_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "journal of a workflow", json, a, err));
	struct json j = json_root(&d);

	events_read(&j, out);
	return json_close(&d);
}

static const char *
copy_or_empty(struct arena *a, const char *text)
{
	return text == NULL ? "" : arena_strdup(a, text);
}

void
workflow_add_event(struct arena *a, struct workflow_record *r, const struct workflow_event *e)
{
	size_t keep =
	    r->events_count < WORKFLOW_EVENTS_MAX ? r->events_count : WORKFLOW_EVENTS_MAX - 1;
	struct workflow_event *events = arena_array(a, struct workflow_event, keep + 1);

	/* A new array each time: a copy of the record as it was before may share the old one. */
	if (keep > 0)
		memcpy(events, r->events + (r->events_count - keep), keep * sizeof *events);
	events[keep] = (struct workflow_event){
		.at_us = e->at_us,
		.attempt = e->attempt,
		.step = copy_or_empty(a, e->step),
		.what = copy_or_empty(a, e->what),
		.text = copy_or_empty(a, e->text),
	};
	r->events = events;
	r->events_count = keep + 1;
}
