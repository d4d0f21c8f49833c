#include "base/mutant.h"
#include "ctl/api_method.h"
#include "ctl/cancel.h"
#include "ctl/complete.h"
#include "ctl/control.h"
#include "ctl/create.h"
#include "ctl/steps.h"
#include "ctl/traffic.h"
#include "topo/json.h"

enum {
	STATUS_WAIT_MS = 1000, /* a long poll: ctl_api.h */
	PROGRESS_WITHIN_MS =
	    1000, /* a tablet that is away must not delay what the record says without it */
	DROP_WITHIN_S = 20,
};

/* ---- Showing */

static void
put_ddl(struct json_writer *w, const struct stream_status_reply *r)
{
	json_put_open(w, "ddl", '[');
	for (size_t i = 0; i < r->ddl_count; i++) {
		json_put_open(w, NULL, '{');
		json_put_str(w, "table", r->ddl[i].table);
		json_put_str(w, "statement", r->ddl[i].statement);
		json_put_str(w, "state", r->ddl[i].state);
		json_put_str(w, "error", r->ddl[i].error);
		json_put_str(w, "position", r->ddl[i].position);
		json_put_i64(w, "at_us", r->ddl[i].at_us);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
put_progress(
    struct json_writer *w, const struct stream_status_reply *r, const char *state, int round)
{
	json_put_open(w, "progress", '{');
	json_put_i64(w, "id", round);
	json_put_str(w, "state", state);
	json_put_i64(w, "rows_copied", r->rows_copied);
	json_put_i64(w, "rows_total", r->rows_total);
	json_put_i64(w, "lag_ms", r->lag_ms);
	json_put_str(w, "loaded_by", r->loaded_by == NULL ? "" : r->loaded_by);
	json_put_i64(w, "changes_applied", r->changes_applied);
	json_put_str(w, "position", r->position == NULL ? "" : r->position);
	json_put_str(w, "error", r->error);
	json_put_str(w, "hint", r->hint);
	json_put_str(w, "throttled", r->throttled == NULL ? "" : r->throttled);
	json_put_i64(w, "throttled_us", r->throttled_us);
	put_ddl(w, r);
	json_put_close(w, '}');
}

static int
ask_status(struct ctx *cx, const struct workflow *w, int round, struct stream_status_reply *r)
{
	struct ctx within = ctx_within(cx, PROGRESS_WITHIN_MS * MSEC);
	struct move_request q;

	TRY(round_request(&within, w, round, round_from(round + 1), &q));
	return side_call(&within, w, TABLET_STREAM_STATUS, &q, r);
}

/* Of one that has switched it is the stream that brought the tables. */
static int
shown_round(const struct workflow *w)
{
	return w->r.round - workflow_switched(&w->r);
}

/* From the record alone when the tablet does not answer, or has no stream yet. The phase's name, or "". */
static const char *
read_progress(struct ctx *cx, const struct workflow *w, struct stream_status_reply *r)
{
	struct ctx quiet = *cx;
	struct err ignored = { 0 };
	bool there;

	quiet.err = &ignored;
	there = ask_status(&quiet, w, shown_round(w), r) == 0;
	if (there && w->r.round == 1 + workflow_switched(&w->r))
		return stream_phase_name(r->phase);
	if (!there)
		*r = (struct stream_status_reply){ .error = "", .hint = "", .lag_ms = -1 };
	r->rows_copied = r->rows_total = 0;
	for (size_t i = 0; i < w->r.tables_count; i++) {
		r->rows_copied += w->r.tables[i].rows_copied;
		r->rows_total += w->r.tables[i].rows_estimate;
	}
	return there ? stream_phase_name(r->phase) : "";
}

/* What people and machines are told of the way back. */
static const char *
way_back(const struct workflow *w, bool answered, const struct stream_status_reply *r)
{
	if (w->r.closed[0] != '\0' || r->closed[0] != '\0' || r->phase == STREAM_ERROR)
		return "closed";
	if (w->r.finishing)
		return "pending";
	return answered ? "open" : "unknown";
}

/* Nothing of one that has none. */
static void
put_way_back(struct ctx *cx, const struct workflow *w, struct json_writer *j)
{
	struct stream_status_reply r = { .lag_ms = -1, .guard_lag_ms = -1 };
	struct ctx quiet = *cx;
	struct err ignored = { 0 };
	bool answered;

	if (w->r.state != WORKFLOW_SWITCHED || w->r.start[0] == '\0')
		return;
	quiet.err = &ignored;
	answered = ask_status(&quiet, w, w->r.round, &r) == 0;
	if (!answered)
		r.error = r.closed = "";
	json_put_open(j, "way_back", '{');
	json_put_str(j, "state", way_back(w, answered, &r));
	json_put_i64(j, "lag_ms", r.lag_ms);
	json_put_i64(j, "guard_lag_ms", r.guard_lag_ms);
	json_put_i64(j, "changes_applied", r.changes_applied);
	json_put_str(j, "closed",
	    w->r.closed[0] != '\0'        ? w->r.closed
		: r.closed[0] != '\0'     ? r.closed
		: r.phase == STREAM_ERROR ? r.error
					  : "");
	json_put_str(j, "error", answered ? r.error : ignored.text);
	json_put_close(j, '}');
}

static int
ask_sizes(struct ctx *cx, const struct workflow *w, enum side s, struct table_sizes_reply *out)
{
	struct ctx within = ctx_within(cx, PROGRESS_WITHIN_MS * MSEC);
	struct places p = { side_keyspace(w, s),
		arena_array(cx->arena, const char *, w->r.tables_count), w->r.tables_count };

	for (size_t i = 0; i < p.count; i++)
		p.tables[i] = side_table(w, s, i);
	TRY(cluster_tables_call(&within, w->ctl, &p, TABLET_TABLE_SIZES, out));
	return out->tables_count == p.count
	    ? 0
	    : err_set(
		  cx->err, ERR_CORRUPT, "sizes of %zu tables of %zu", out->tables_count, p.count);
}

/* Nothing while one of the two tablets does not answer. */
static void
put_sizes(struct ctx *cx, const struct workflow *w, struct json_writer *j)
{
	struct table_sizes_reply source, target;
	struct ctx quiet = *cx;
	struct err ignored = { 0 };

	quiet.err = &ignored;
	if (workflow_unmade(&w->r) || ask_sizes(&quiet, w, SIDE_SOURCE, &source) != 0 ||
	    ask_sizes(&quiet, w, SIDE_TARGET, &target) != 0)
		return;
	json_put_open(j, "sizes", '[');
	for (size_t i = 0; i < w->r.tables_count; i++) {
		json_put_open(j, NULL, '{');
		json_put_i64(j, "copied", target.tables[i].bytes);
		json_put_i64(j, "total", source.tables[i].bytes);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static int
put_workflow(struct ctx *cx, const struct workflow *w, bool sizes, struct buf *out)
{
	SCOPED(buf) struct buf record = BUF_INIT;
	struct json_writer j = json_to(out);
	struct workflow_record r = w->r;
	struct stream_status_reply progress;

	const char *state = read_progress(cx, w, &progress);
	r.before = ""; /* another record, and nobody's business */
	workflow_write(&record, &r);
	json_put_open(&j, NULL, '{');
	json_put_raw(&j, "record", buf_slice(&record));
	json_put_i64(&j, "revision", w->revision);
	json_put_str(&j, "traffic_state", traffic_state(&r));
	put_progress(&j, &progress, state, shown_round(w));
	put_way_back(cx, w, &j);
	if (sizes)
		put_sizes(cx, w, &j);
	json_put_close(&j, '}');
	return 0;
}

/* Do clients wait for what comes next of it? */
static bool
is_held(const struct workflow_record *r)
{
	return r->state == WORKFLOW_SWITCHING && !r->rolling_back &&
	    step_find(r->step) >= step_find("hold");
}

/* Is the last of these changes of the record one to be told? Of a hold the next record tells: to ask tablets
 * how far the move is would delay the step that they are at, and the clients that wait for it. */
static bool
is_told(struct ctx *cx, const char *key, const struct topo_events *events)
{
	struct err ignored = { 0 };
	struct workflow_head h;

	for (size_t i = events->count; i > 0; i--) {
		const struct topo_kv *kv = &events->items[i - 1].kv;

		if (slice_eq_str(kv->key, key))
			return slice_is_null(kv->value) ||
			    workflow_head_read(cx->arena, kv->value, &h, &ignored) != 0 ||
			    !is_held(&h.r) || mutant("ctl_hold_is_told");
	}
	return events->compacted;
}

/* Waits a moment for a record newer than that; the deadline is no error. */
static int
wait_newer(struct ctx *cx, struct ctl *c, const char *id, int64_t after)
{
	struct ctx within = ctx_within(cx, STATUS_WAIT_MS * MSEC);
	const char *key = workflow_key(cx->arena, id);
	struct topo_events events = { .revision = after };

	while (after > 0) {
		if (topo_watch(&within, c->topo, key, events.revision, &events) != 0)
			break;
		if (is_told(cx, key, &events))
			return 0;
	}
	if (after > 0 && cx->err->kind != ERR_TIMEOUT)
		return -1;
	err_clear(cx->err);
	return 0;
}

static int
show(struct ctx *cx, struct ctl *c, const char *id, bool sizes, struct buf *out)
{
	struct workflow w;

	workflow_init(&w, c, id);
	int rc = workflow_load(cx, &w);
	if (rc != 0 && cx->err->kind == ERR_NOT_FOUND)
		err_set(cx->err, ERR_NOT_FOUND, "workflow '%s' does not exist", id);
	if (rc == 0)
		rc = put_workflow(cx, &w, sizes, out);
	workflow_done(&w);
	return rc;
}

static int
workflow_show(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	const char *id;

	TRY(control_id(cx, q, &id));
	return show(cx, c, id, true, out);
}

static int
move_status(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	const char *id;

	TRY(control_id(cx, q, &id));
	TRY(wait_newer(cx, c, id, q->after_revision));
	return show(cx, c, id, false, out);
}

static void
put_details(struct ctx *cx, struct json_writer *w, const struct workflow_query *all)
{
	json_put_open(w, "details", '[');
	for (size_t i = 0; i < all->count; i++) {
		const struct workflow_record *r = &all->items[i].r;

		json_put_open(w, NULL, '{');
		json_put_str(w, "workflow", all->items[i].id);
		json_put_str(w, "state", workflow_state_name(r->state));
		json_put_str(w, "source", workflow_tables(cx->arena, r, SIDE_SOURCE));
		json_put_str(w, "target", workflow_tables(cx->arena, r, SIDE_TARGET));
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static int
workflow_list(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	struct workflow_query all = { .prefix = q->keyspace[0] == '\0'
		    ? "/workflows/"
		    : arena_printf(
			  cx->arena, "/workflows/%s/", name_escaped(cx->arena, q->keyspace)) };

	TRY(workflow_find(cx, c->topo, &all));
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "workflows", '[');
	for (size_t i = 0; i < all.count; i++)
		json_put_str(&w, NULL, all.items[i].id);
	json_put_close(&w, ']');
	put_details(cx, &w, &all);
	json_put_close(&w, '}');
	return 0;
}

/* ---- Moving */

/* What an error says, and the list that it sums up. */
static void
put_refusal(struct json_writer *w, const struct move_result *r)
{
	json_put_bool(w, "refused", true);
	json_put_str(w, "text", r->text);
	json_put_str(w, "hint", r->hint);
	json_put_open(w, "findings", '[');
	for (size_t i = 0; i < r->findings.count; i++) {
		SCOPED(buf) struct buf one = BUF_INIT;

		message_write(&one, &finding_message, &r->findings.items[i]);
		json_put_raw(w, NULL, buf_slice(&one));
	}
	json_put_close(w, ']');
}

static int
move_tables(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	struct move_result r = { .done = false };

	TRY(create_move(cx, c, q, &r));
	json_put_open(&w, NULL, '{');
	if (r.refused)
		put_refusal(&w, &r);
	json_put_str(&w, "workflow", r.workflow);
	json_put_bool(&w, "created", r.created);
	json_put_bool(&w, "done", r.done);
	json_put_bool(&w, "back", r.back);
	json_put_str(&w, "ended", r.ended == NULL ? "" : r.ended);
	json_put_bool(&w, "checking", r.checking);
	json_put_str(&w, "state_text", r.state_text);
	json_put_i64(&w, "revision", r.revision);
	lines_put(&w, &r.lines);
	json_put_close(&w, '}');
	return 0;
}

static int
workflow_delete(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	const char *id;
	struct cancel_answer a = { .done = false };

	TRY(control_id(cx, q, &id));
	TRY(cancel_ask(cx, c, id, q, &a));
	json_put_open(&w, NULL, '{');
	json_put_str(&w, "workflow", id);
	json_put_bool(&w, "done", a.done);
	json_put_bool(&w, "already", a.already);
	json_put_str(&w, "start_state", a.start_state);
	lines_put(&w, &a.lines);
	json_put_close(&w, '}');
	return 0;
}

/* ---- Dropping */

static int
check_not_routed(struct ctx *cx, struct ctl *c, const struct ctl_request *q)
{
	struct rules_record rules;

	TRY(rules_load(cx, c, &rules));
	for (size_t i = 0; i < rules.count; i++) {
		const struct routing_rule *r = &rules.rules[i];

		if (strcmp(r->to_keyspace, q->keyspace) != 0 || strcmp(r->to_table, q->table) != 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "table '%s.%s' is served: a routing rule sends '%s.%s' there", q->keyspace,
		    q->table, r->from_keyspace, r->from_table);
		return err_hint(cx->err, "see: vtctlclient GetRoutingRules");
	}
	return 0;
}

static bool
is_before_its_switch(const struct workflow_found *f, const void *arg)
{
	const struct workflow_record *r = &f->r;

	return !workflow_switched(r) && r->state != WORKFLOW_CANCELLED &&
	    (r->state != WORKFLOW_ERROR || !workflow_unmade(r));
}

static int
check_not_used(struct ctx *cx, struct ctl *c, const struct ctl_request *q)
{
	struct workflow_query all = { .prefix = "/workflows/", .wanted = is_before_its_switch };

	TRY(workflow_find(cx, c->topo, &all));
	for (size_t i = 0; i < all.count; i++) {
		const struct workflow_record *r = &all.items[i].r;

		if (!is_before_its_switch(&all.items[i], NULL) ||
		    !workflow_uses(r, q->keyspace, q->table))
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "table '%s.%s' is in use by workflow '%s/%s', which has not switched",
		    q->keyspace, q->table, r->target_keyspace, r->name);
		return err_hint(cx->err, "to take that move back: vtctlclient Workflow delete %s",
		    workflow_typed(cx->arena, r));
	}
	return 0;
}

static bool
has_way_back(const struct workflow_found *f, const void *arg)
{
	const struct workflow_record *r = &f->r;

	return r->state == WORKFLOW_COMPLETING ||
	    (r->state == WORKFLOW_SWITCHED && (r->start[0] != '\0' || r->finishing));
}

/* A way back that ends at this table ends before it is dropped. */
static int
end_way_back(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct json_writer *w)
{
	struct workflow_query all = { .prefix = "/workflows/", .wanted = has_way_back };

	TRY(workflow_find(cx, c->topo, &all));
	for (size_t i = 0; i < all.count && !mutant("ctl_drop_under_way_back"); i++) {
		const char *id = all.items[i].id;
		struct complete_answer a;

		if (!has_way_back(&all.items[i], NULL) ||
		    !workflow_uses(&all.items[i].r, q->keyspace, q->table))
			continue;
		TRY(complete_ask(cx, c, id, &complete_keeping, &a));
		TRY(complete_wait(cx, c, id));
		json_put_str(w, "completed", id);
	}
	return 0;
}

static int
drop_table(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct ctx within = ctx_within(cx, DROP_WITHIN_S * SECOND);
	const struct place p = { q->keyspace, q->table };
	struct json_writer w = json_to(out);
	struct keyspace_record keyspace;

	TRY(cluster_keyspace(cx, c, q->keyspace, &keyspace));
	TRY(name_check("table", q->table, cx->err));
	TRY(check_not_routed(cx, c, q));
	TRY(check_not_used(cx, c, q));
	json_put_open(&w, NULL, '{');
	TRY(end_way_back(&within, c, q, &w));
	TRY(cluster_table_call(&within, c, &p, TABLET_TABLE_DROP, NULL));
	json_put_close(&w, '}');
	return 0;
}

const struct api_method api_move_methods[] = {
	{ "workflow_show", workflow_show },
	{ "workflow_list", workflow_list },
	{ "move_tables", move_tables },
	{ "move_status", move_status },
	{ "workflow_delete", workflow_delete },
	{ "drop_table", drop_table },
	{ NULL, NULL },
};
