#include "tablet/vdiff_calls.h"

#include "base/clock.h"
#include "tablet/compare/diff_rows.h"
#include "tablet/compare/orders.h"
#include "tablet/compare/proof_row.h"
#include "tablet/server/spare.h"

/* All of the stream, of "all". */
static struct diff_id
id_of(const struct vdiff_call *c)
{
	bool all = strcmp(c->q->uuid, "all") == 0;

	return (struct diff_id){ c->id, all ? NULL : c->q->uuid };
}

/* ---- Create */

static bool
is_asked_for(const struct vdiff_options *o, const char *name)
{
	for (size_t i = 0; i < o->tables_count; i++) {
		if (strcmp(o->tables[i], name) == 0)
			return true;
	}
	return o->tables_count == 0;
}

static int
check_known(struct ctx *cx, const struct move_request *move, const struct vdiff_options *o)
{
	for (size_t i = 0; i < o->tables_count; i++) {
		bool known = false;

		for (size_t j = 0; j < move->tables_count; j++)
			known |= strcmp(move->tables[j].to, o->tables[i]) == 0;
		if (known)
			continue;
		err_set(cx->err, ERR_REFUSED, "workflow '%s' has no table '%s'", move->workflow,
		    o->tables[i]);
		return err_hint(cx->err,
		    "--tables takes names as they are at the target; without it "
		    "all tables are compared");
	}
	return 0;
}

/* Its sums are of whole tables, all that the stream has. */
static int
check_continuous(struct ctx *cx, const struct vdiff_options *o)
{
	if (!o->continuous || (o->limit == 0 && o->tables_count == 0))
		return 0;
	err_set(cx->err, ERR_REFUSED, "--continuous begins with all rows of all tables");
	return err_hint(cx->err, "leave out --limit and --tables");
}

static int
check_goes_on(struct ctx *cx, const struct vdiff_call *c)
{
	if (!c->over)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "the stream of '%s' is over: nothing brings the old side what is written now",
	    c->id.workflow);
	return err_hint(
	    cx->err, "compare before SwitchTraffic, or while ReverseTraffic is possible");
}

static void
choose_tables(struct ctx *cx, const struct vdiff_call *c, struct vdiff_view *out)
{
	const struct move_request *move = stream_request(c->stream);
	struct stream_status_reply status;

	stream_status(c->stream, cx->arena, &status);
	out->tables = arena_array(cx->arena, struct vdiff_table, move->tables_count);
	for (size_t i = 0; i < move->tables_count; i++) {
		if (!is_asked_for(&c->q->options, move->tables[i].to))
			continue;
		out->tables[out->tables_count++] = (struct vdiff_table){
			.name = arena_strdup(cx->arena, move->tables[i].to),
			.estimate = status.tables[i].rows_estimate,
		};
	}
}

int
vdiff_create(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r)
{
	struct vdiff_view diff = { .created_us = clock_wall() };
	SCOPED(spare) struct spare dba = { 0 };

	if (c->q->uuid[0] == '\0' || strlen(c->q->uuid) > VDIFF_UUID_MAX)
		return err_set(cx->err, ERR_REFUSED, "'%.80s' is no UUID", c->q->uuid);
	TRY(check_goes_on(cx, c));
	TRY(check_known(cx, stream_request(c->stream), &c->q->options));
	TRY(check_continuous(cx, &c->q->options));
	choose_tables(cx, c, &diff);
	TRY(spare_take(cx, c->env, ROLE_DBA, &dba));
	int rc = diff_insert(cx, dba.client, id_of(c), &diff, &c->q->options);
	if (rc != 0)
		spare_close(&dba); /* a transaction may be open */
	else
		vdiff_orders_give(c->env->vdiffs);
	return rc;
}

/* ---- Show */

/* Nobody goes on with one of a stream that is over. */
static void
tell_truth(const struct vdiff_call *c, struct vdiff_view *v)
{
	if (!c->over || (v->state != VDIFF_PENDING && v->state != VDIFF_STARTED))
		return;
	v->state = VDIFF_STOPPED;
	v->error = "the stream has ended, since its workflow has switched";
}

static const char *const *
table_names(struct ctx *cx, const struct move_request *move)
{
	const char **names = arena_array(cx->arena, const char *, move->tables_count + 1);

	for (size_t i = 0; i < move->tables_count; i++)
		names[i] = arena_strdup(cx->arena, move->tables[i].to);
	return names;
}

/* The stream's, as it is on disk; what its pass has in memory is newer. */
struct proof_seen {
	struct proof_row row;
	struct proof_view memory; /* PROOF_NONE: nothing */
	const char *const *names;
};

static int
see_proof(
    struct ctx *cx, const struct vdiff_call *c, struct mysql_client *dba, struct proof_seen *seen)
{
	if (proof_row_load(cx, dba, c->id, &seen->row) == 0)
		return 0;
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

static void
tell_proof(struct ctx *cx, const struct proof_seen *seen, struct vdiff_view *v)
{
	if (seen->row.state == PROOF_NONE || strcmp(seen->row.uuid, v->uuid) != 0)
		return;
	proof_row_view(&seen->row, seen->names, cx->arena, &v->proof);
	if (seen->memory.state == v->proof.state && seen->memory.since_us == seen->row.since_us)
		v->proof = seen->memory;
}

static int
list(struct ctx *cx, const struct vdiff_call *c, struct proof_seen *seen, struct vdiff_reply *r)
{
	struct diff_id id = id_of(c);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, c->env, ROLE_DBA, &dba));
	if (c->q->uuid[0] == '\0') {
		id.uuid = NULL;
		TRY(diff_list(cx, dba.client, id, r));
		if (r->count == 0)
			return 0;
		id.uuid = r->items[0].uuid;
	}
	TRY(diff_list(cx, dba.client, id, r));
	TRY(see_proof(cx, c, dba.client, seen));
	for (size_t i = 0; i < r->count; i++) {
		tell_truth(c, &r->items[i]);
		tell_proof(cx, seen, &r->items[i]);
	}
	return 0;
}

int
vdiff_show(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r)
{
	const struct move_request *move = stream_request(c->stream);
	struct proof_seen seen = { .names = table_names(cx, move) };

	proof_row_init(&seen.row, (int)move->tables_count);
	stream_proof(c->stream, cx->arena, &seen.memory);
	int rc = list(cx, c, &seen, r);

	proof_row_done(&seen.row);
	return rc;
}

/* ---- Stop, resume, delete */

static int
change(struct ctx *cx, const struct vdiff_call *c, enum vdiff_state state)
{
	const struct vdiff_view to = { .state = state, .error = "" };
	SCOPED(spare) struct spare dba = { 0 };
	enum vdiff_state now;
	bool changed;

	TRY(spare_take(cx, c->env, ROLE_DBA, &dba));
	TRY(diff_state(cx, dba.client, id_of(c), &now));
	if (state == VDIFF_PENDING && now == VDIFF_COMPLETED)
		TRY(diff_go_on(cx, dba.client, id_of(c)));
	TRY(diff_move(cx, dba.client, id_of(c), &to, &changed));
	vdiff_orders_give(c->env->vdiffs);
	return 0;
}

/* Of a comparison that is over: what it goes on as. */
static int
stop_proof(struct ctx *cx, const struct vdiff_call *c)
{
	const struct proof_view to = { .state = PROOF_ENDED,
		.error = "it was stopped by VDiff stop" };
	SCOPED(spare) struct spare dba = { 0 };
	enum vdiff_state now;
	bool moved;

	TRY(spare_take(cx, c->env, ROLE_DBA, &dba));
	TRY(diff_state(cx, dba.client, id_of(c), &now));
	if (now == VDIFF_PENDING || now == VDIFF_STARTED)
		return 0;
	return proof_row_move(cx, dba.client, id_of(c), &to, &moved);
}

int
vdiff_stop(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r)
{
	TRY(stop_proof(cx, c));
	return change(cx, c, VDIFF_STOPPED);
}

int
vdiff_resume(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r)
{
	TRY(check_goes_on(cx, c));
	return change(cx, c, VDIFF_PENDING);
}

int
vdiff_delete(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r)
{
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, c->env, ROLE_DBA, &dba));
	TRY(proof_row_delete(cx, dba.client, id_of(c)));
	TRY(diff_delete(cx, dba.client, id_of(c)));
	vdiff_orders_give(c->env->vdiffs);
	return 0;
}
