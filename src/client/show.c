/*
 * Vitess's GetWorkflowsResponse (proto/vtctldata.proto), as its vtctldclient prints it: names with
 * underscores, numbers of 64 bits as strings, what is not set as empty. What is ours stands there so:
 *
 *   streams[].id               the round (streams.h)
 *   streams[].state            streams_state()
 *   streams[].binlog_source    the tables of the move, each with the query "select * from it"
 *   streams[].copy_states      the tables that are being copied
 *   streams[].logs             the record's events: type is the step, state what became of it
 *   streams[].throttler_status while the copy waits: since when, and by what (a reason of ours)
 *   shard_streams              one, "0/zone1-101": a keyspace has one shard
 *   max_v_replication_lag      seconds, rounded up; 0 where it is not known
 */
#include "client/show.h"

#include "client/streams.h"
#include "client/view.h"
#include "sql/quote.h"
#include "topo/json.h"

#include <inttypes.h>
#include <stdio.h>

struct shown {
	struct arena *arena;
	struct json_writer *w;
	const struct json *record;
	const struct move_view *view;
	bool logs;
};

/* Vitess's int64 are strings: its JSON is protobuf's, where a number of 64 bits would lose digits in
 * JavaScript. */
static void
put_long(const struct shown *s, const char *key, int64_t value)
{
	json_put_str(s->w, key, arena_printf(s->arena, "%" PRId64, value));
}

/* Of microseconds. */
static void
put_time(const struct shown *s, const char *key, int64_t at_us)
{
	json_put_open(s->w, key, '{');
	put_long(s, "seconds", at_us / 1000000);
	json_put_i64(s->w, "nanoseconds", at_us % 1000000 * 1000);
	json_put_close(s->w, '}');
}

static void
put_empty(const struct shown *s, const char *key)
{
	json_put_open(s->w, key, '[');
	json_put_close(s->w, ']');
}

static void
put_side(const struct shown *s, const char *key, const char *keyspace, const char *shard)
{
	json_put_open(s->w, key, '{');
	json_put_str(s->w, "keyspace", keyspace);
	json_put_open(s->w, "shards", '[');
	json_put_str(s->w, NULL, shard);
	json_put_close(s->w, ']');
	json_put_close(s->w, '}');
}

/* ---- A stream */

static const char *
select_all(struct arena *a, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "select * from ");
	quote_ident(&sql, slice_str(table));
	return arena_slice_str(a, buf_slice(&sql));
}

static void
put_rules(const struct shown *s)
{
	struct json tables = json_get_array(s->record, "tables");

	json_put_open(s->w, "rules", '[');
	for (size_t i = 0; i < json_count(&tables); i++) {
		struct json t = json_item(&tables, i);

		json_put_open(s->w, NULL, '{');
		json_put_str(s->w, "match", json_get_str(&t, "target_table"));
		json_put_str(s->w, "filter", select_all(s->arena, json_get_str(&t, "source_table")));
		json_put_close(s->w, '}');
	}
	json_put_close(s->w, ']');
}

static void
put_source(const struct shown *s)
{
	struct json options = json_get_object(s->record, "options");

	json_put_open(s->w, "binlog_source", '{');
	json_put_str(s->w, "keyspace", s->view->source_keyspace);
	json_put_str(s->w, "shard", s->view->source_shard);
	json_put_str(s->w, "tablet_type", "PRIMARY");
	json_put_raw(s->w, "key_range", slice_str("null"));
	put_empty(s, "tables");
	json_put_open(s->w, "filter", '{');
	put_rules(s);
	json_put_str(s->w, "field_event_mode", "ERR_ON_MISMATCH");
	json_put_close(s->w, '}');
	json_put_str(s->w, "on_ddl", s->view->on_ddl);
	json_put_bool(s->w, "stop_after_copy", json_get_bool(&options, "stop_after_copy"));
	json_put_close(s->w, '}');
}

static void
put_copy_states(const struct shown *s)
{
	json_put_open(s->w, "copy_states", '[');
	for (size_t i = 0; i < s->view->tables; i++) {
		if (strcmp(s->view->table_views[i].state, "copying") != 0)
			continue;
		json_put_open(s->w, NULL, '{');
		json_put_str(s->w, "table", s->view->table_views[i].table);
		put_long(s, "stream_id", s->view->stream_id);
		json_put_close(s->w, '}');
	}
	json_put_close(s->w, ']');
}

/* The record's events: what was done, and when. */
static void
put_logs(const struct shown *s)
{
	struct json events = json_get_array(s->record, "events");

	json_put_open(s->w, "logs", '[');
	for (size_t i = 0; s->logs && i < json_count(&events); i++) {
		struct json e = json_item(&events, i);
		const char *text = json_get_str(&e, "text");

		json_put_open(s->w, NULL, '{');
		put_long(s, "id", (int64_t)i + 1);
		put_long(s, "stream_id", s->view->stream_id);
		json_put_str(s->w, "type", json_get_str(&e, "step"));
		json_put_str(s->w, "state", json_get_str(&e, "what"));
		put_time(s, "created_at", json_get_i64(&e, "at_us"));
		put_time(s, "updated_at", json_get_i64(&e, "at_us"));
		json_put_str(s->w, "message", text);
		put_long(s, "count", 1);
		json_put_close(s->w, '}');
	}
	json_put_close(s->w, ']');
}

/* Only while it is. */
static void
put_throttler(const struct shown *s)
{
	if (s->view->throttled[0] == '\0')
		return;
	json_put_open(s->w, "throttler_status", '{');
	json_put_str(s->w, "component_throttled", "vcopier");
	put_time(s, "time_throttled", s->view->throttled_us);
	json_put_str(s->w, "reason", s->view->throttled);
	json_put_close(s->w, '}');
}

static void
put_stream(const struct shown *s)
{
	const struct move_view *v = s->view;

	json_put_open(s->w, NULL, '{');
	put_long(s, "id", v->stream_id);
	json_put_str(s->w, "shard", v->target_shard);
	view_put_tablet(s->w, v->target_tablet);
	put_source(s);
	json_put_str(s->w, "position", v->position);
	json_put_str(s->w, "stop_position", "");
	json_put_str(s->w, "state", streams_state(v));
	json_put_str(s->w, "db_name", v->target_keyspace);
	json_put_str(s->w, "message", v->stream_error);
	put_copy_states(s);
	put_logs(s);
	put_throttler(s);
	json_put_str(s->w, "log_fetch_error", "");
	put_empty(s, "tags");
	put_long(s, "rows_copied", v->rows_copied);
	put_empty(s, "cells");
	json_put_close(s->w, '}');
}

/* ---- A workflow */

static void
put_workflow(const struct shown *s, const char *name)
{
	const struct move_view *v = s->view;
	int64_t lag_s = v->lag_ms < 0 ? 0 : (v->lag_ms + 999) / 1000;

	json_put_open(s->w, NULL, '{');
	json_put_str(s->w, "name", name);
	put_side(s, "source", v->source_keyspace, v->source_shard);
	put_side(s, "target", v->target_keyspace, v->target_shard);
	put_long(s, "max_v_replication_lag", lag_s);
	json_put_open(s->w, "shard_streams", '{');
	json_put_open(s->w, arena_printf(s->arena, "%s/%s", v->target_shard, v->target_tablet), '{');
	json_put_open(s->w, "streams", '[');
	put_stream(s);
	json_put_close(s->w, ']');
	put_empty(s, "tablet_controls");
	json_put_bool(s->w, "is_primary_serving", true);
	json_put_close(s->w, '}');
	json_put_close(s->w, '}');
	json_put_str(s->w, "workflow_type", "MoveTables");
	json_put_str(s->w, "workflow_sub_type", "None");
	put_long(s, "max_v_replication_transaction_lag", lag_s);
	json_put_bool(s->w, "defer_secondary_keys", true);
	json_put_open(s->w, "options", '{');
	json_put_close(s->w, '}');
	json_put_close(s->w, '}');
}

static int
show_one(
    struct ctx *cx, struct client *c, const struct ctl_request *r, struct json_writer *w, bool logs)
{
	struct move_view v = { .workflow = "" };
	struct slice answer;
	struct json_doc doc;

	TRY(client_call(cx, c, "workflow_show", r, &answer));
	TRY(view_read(cx, answer, &v));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), record = json_get_object(&root, "record");
	const struct shown s = { cx->arena, w, &record, &v, logs };
	put_workflow(&s, json_get_str(&record, "name"));
	return json_close(&doc);
}

static int
show_all(struct ctx *cx, struct client *c, const char *keyspace, struct json_writer *w, bool logs)
{
	struct ctl_request r = { .keyspace = keyspace };
	struct slice answer;
	struct json_doc doc;
	int rc = 0;

	TRY(client_call(cx, c, "workflow_list", &r, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), names = json_get_array(&root, "workflows");
	/* One that has been taken away since the list was made is an error. */
	for (size_t i = 0; i < json_count(&names) && rc == 0; i++) {
		struct ctl_request one = { .workflow = json_item_str(&names, i) };

		rc = show_one(cx, c, &one, w, logs);
	}
	/* json_close() may set an error of its own, and the first one is the one to tell. */
	struct err why = *cx->err;
	int closed = json_close(&doc);
	return rc == 0 ? closed : err_copy(cx->err, &why);
}

int
show_run(struct ctx *cx, struct client *c, const char *keyspace, const char *workflow, bool logs)
{
	struct ctl_request r = { .keyspace = keyspace, .workflow = workflow };
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_open(&w, "workflows", '[');
	if (workflow[0] != '\0')
		TRY(show_one(cx, c, &r, &w, logs));
	else
		TRY(show_all(cx, c, keyspace, &w, logs));
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	client_print(c, buf_slice(&out));
	return 0;
}
