/*
 * What vtctlclient prints of a move that copies, and of one that runs:
 *
 *   Copy Progress (approx):
 *
 *   users: rows copied 500/1000 (50%), size copied 16384/32768 (50%)
 *
 *   The following vreplication streams exist for workflow new_customer.w:
 *
 *   id=1 on 0/zone1-101: Status: Copying. VStream Lag: 1s.
 *
 * vtctldclient begins with the streams, has the keyspace where this has the shard, then all tables under
 * "Table Copy Status:", with their phases, and ends with "Traffic State: ...". With --format json both
 * print the same object.
 *
 * Totals are the server's estimates, so they are never shown below what is copied already; percentages
 * end at 100.
 */
#include "client/streams.h"

#include "topo/json.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- As Vitess calls it */

const char *
streams_state(const struct move_view *v)
{
	/* Vitess stops the forward stream at the switch, and shows it so; the way back is another stream
	 * there. */
	if (strcmp(v->state, "Stopped") == 0 || view_arrived(v) ||
	    strcmp(v->state, "Cancelled") == 0)
		return "Stopped";
	if (strcmp(v->state, "Error") == 0 || strcmp(v->phase, "error") == 0)
		return "Error";
	if (strcmp(v->state, "Checking") == 0 || strcmp(v->state, "Creating") == 0)
		return "Init";
	return strcmp(v->state, "Copying") == 0 ? "Copying" : "Running";
}

/* Behind "Status: Running": ": <error>", or how far it is behind. */
static void
add_info(struct buf *out, const struct move_view *v)
{
	const char *error = v->stream_error[0] != '\0' ? v->stream_error
	    : strcmp(v->state, "Error") == 0           ? v->state_text
						       : "";

	if (error[0] != '\0')
		buf_addf(out, ": %s.", error);
	else if (v->lag_ms < 0)
		buf_add_str(out, ". VStream has not started.");
	else
		buf_addf(out, ". VStream Lag: %" PRId64 "s.", (v->lag_ms + 999) / 1000);
	if (v->throttled[0] != '\0')
		buf_addf(out, " Throttled: %s.", v->throttled);
}

static int64_t
total_of(const struct table_view *t)
{
	/* An estimate below what is copied already would print more than a hundred percent. */
	return t->rows_total > t->rows_copied ? t->rows_total : t->rows_copied;
}

static int64_t
bytes_of(const struct table_view *t)
{
	return t->bytes_total > t->bytes_copied ? t->bytes_total : t->bytes_copied;
}

static const char *
copy_phase(const struct table_view *t)
{
	/* Vitess's phases of a copy. Indexes are built behind it: those tables count as complete, their
	 * rows are there. */
	if (strcmp(t->state, "init") == 0)
		return "NOT_STARTED";
	return strcmp(t->state, "copying") == 0 ? "IN_PROGRESS" : "COMPLETE";
}

static double
percent(int64_t part, int64_t whole)
{
	return whole == 0 ? 100 : (double)part * 100 / (double)whole;
}

/* ---- vtctlclient's */

static void
put_progress(const struct move_view *v)
{
	bool begun = false;

	for (size_t i = 0; i < v->tables; i++) {
		const struct table_view *t = &v->table_views[i];

		if (strcmp(copy_phase(t), "COMPLETE") == 0)
			continue;
		if (!begun)
			printf("\nCopy Progress (approx):\n\n");
		begun = true;
		printf("%s: rows copied %" PRId64 "/%" PRId64 " (%.0f%%)", t->table, t->rows_copied,
		    total_of(t), percent(t->rows_copied, total_of(t)));
		if (v->sizes_known)
			printf(", size copied %" PRId64 "/%" PRId64 " (%.0f%%)", t->bytes_copied,
			    bytes_of(t), percent(t->bytes_copied, bytes_of(t)));
		printf("\n");
	}
	if (begun)
		printf("\n");
}

static void
put_streams(const char *workflow, const char *place, const struct move_view *v)
{
	SCOPED(buf) struct buf info = BUF_INIT;

	add_info(&info, v);
	printf("The following vreplication streams exist for workflow %s:\n\n"
	       "id=%" PRId64 " on %s/%s: Status: %s%s\n",
	    workflow, v->stream_id, place, v->target_tablet, streams_state(v), info.data);
}

/* ---- vtctldclient's */

static void
put_tables(const struct move_view *v)
{
	printf("\nTable Copy Status:\n");
	for (size_t i = 0; i < v->tables; i++) {
		const struct table_view *t = &v->table_views[i];

		printf("\t%s: RowsCopied:%" PRId64 ", RowsTotal:%" PRId64 ", RowsPercentage:%.2f, ",
		    t->table, t->rows_copied, total_of(t), percent(t->rows_copied, total_of(t)));
		if (v->sizes_known)
			printf("BytesCopied:%" PRId64 ", BytesTotal:%" PRId64
			       ", BytesPercentage:%.2f, ",
			    t->bytes_copied, bytes_of(t), percent(t->bytes_copied, bytes_of(t)));
		printf("Phase:%s\n", copy_phase(t));
	}
}

static void
json_tables(struct arena *a, struct json_writer *w, const struct move_view *v)
{
	json_put_open(w, "table_copy_state", '{');
	for (size_t i = 0; i < v->tables; i++) {
		const struct table_view *t = &v->table_views[i];

		if (strcmp(copy_phase(t), "COMPLETE") == 0)
			continue;
		json_put_open(w, t->table, '{');
		json_put_str(w, "rows_copied", arena_printf(a, "%" PRId64, t->rows_copied));
		json_put_str(w, "rows_total", arena_printf(a, "%" PRId64, total_of(t)));
		json_put_double(w, "rows_percentage", percent(t->rows_copied, total_of(t)));
		if (v->sizes_known) {
			json_put_str(
			    w, "bytes_copied", arena_printf(a, "%" PRId64, t->bytes_copied));
			json_put_str(w, "bytes_total", arena_printf(a, "%" PRId64, bytes_of(t)));
			json_put_double(
			    w, "bytes_percentage", percent(t->bytes_copied, bytes_of(t)));
		}
		json_put_str(w, "phase", copy_phase(t));
		json_put_close(w, '}');
	}
	json_put_close(w, '}');
}

static void
json_stream(struct arena *a, struct json_writer *w, const struct move_view *v)
{
	SCOPED(buf) struct buf info = BUF_INIT;

	add_info(&info, v);
	json_put_open(w, NULL, '{');
	json_put_i64(w, "id", v->stream_id);
	view_put_tablet(w, v->target_tablet);
	json_put_str(
	    w, "source_shard", arena_printf(a, "%s/%s", v->source_keyspace, v->source_shard));
	json_put_str(w, "position", v->position);
	json_put_str(w, "status", streams_state(v));
	/* Without the ". " or ": " before it and the full stop behind it, which are the text form's. */
	json_put_slice(w, "info", slice_cut(buf_slice(&info), 2, info.len - 1));
	json_put_close(w, '}');
}

static void
put_json(struct arena *a, const struct client *c, const struct move_view *v)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_tables(a, &w, v);
	json_put_open(&w, "shard_streams", '{');
	json_put_open(&w, arena_printf(a, "%s/%s", v->target_keyspace, v->target_shard), '{');
	json_put_open(&w, "streams", '[');
	json_stream(a, &w, v);
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	json_put_close(&w, '}');
	json_put_str(&w, "traffic_state", v->traffic);
	json_put_close(&w, '}');
	client_print(c, buf_slice(&out));
}

/* ---- Both */

static void
put_status(
    struct arena *a, const struct client *c, const struct form *form, const struct move_view *v)
{
	const char *workflow = name_of_table(a, form->keyspace, form->workflow);

	if (c->json) {
		put_json(a, c, v);
	} else if (c->is_vtctldclient) {
		put_streams(workflow, v->target_keyspace, v);
		put_tables(v);
		printf("\nTraffic State: %s\n", v->traffic);
	} else {
		put_progress(v);
		put_streams(workflow, v->target_shard, v);
	}
}

int
streams_run(struct ctx *cx, struct client *c, const struct form *form)
{
	struct ctl_request r = { .keyspace = form->keyspace, .workflow = form->workflow };
	struct move_view v = { .workflow = "" };
	struct slice answer;

	TRY(client_call(cx, c, "workflow_show", &r, &answer));
	TRY(view_read(cx, answer, &v));
	if (form->action == MOVE_GET_STATE)
		printf("%s\n", v.traffic);
	else
		put_status(cx->arena, c, form, &v);
	return 0;
}

int
streams_put_created(
    struct ctx *cx, struct client *c, const struct form *form, const struct move_view *v)
{
	if (!c->json && !c->is_vtctldclient) {
		if (strcmp(v->state, "Stopped") == 0) {
			printf("Workflow has been created in Stopped state\n");
			return 0;
		}
		printf("Waiting for workflow to start:\n0%% ... 100%% ...\n"
		       "Workflow started successfully with 1 stream(s)\n\n");
	}
	return streams_run(cx, c, form);
}
