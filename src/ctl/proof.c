#include "ctl/proof.h"

#include "base/mutant.h"
#include "base/rand.h"

#include <string.h>

/* As VDiff's own defaults. */
enum { WITHIN_S = 20, EXTRA_MAX = 1000, SAMPLES = 10, TRUNCATE_AT = 128 };

/* Behind the target's binlog by no more a continuous proof has caught up: as lag is judged elsewhere. */
enum { PROOF_LAG_MS = 1000 };

static int
ask(struct ctx *cx, struct workflow *w, const char *uuid, enum tablet_method m, void *reply)
{
	struct ctx within = ctx_within(cx, WITHIN_S * SECOND);
	struct vdiff_request q = { .uuid = uuid,
		.options = {
		    .max_extra = EXTRA_MAX, .samples = SAMPLES, .truncate_at = TRUNCATE_AT } };

	TRY(round_request(&within, w, w->r.round, workflow_to(w), &q.move));
	return side_call(&within, w, m, &q, reply);
}

static int
say(struct ctx *cx, struct workflow *w, const char *text)
{
	if (strcmp(w->r.state_text, text) == 0)
		return 0;
	w->r.state_text = text;
	return workflow_save(cx, w);
}

/* On disk before the tablet is asked, whatever the record says already. */
static int
begin(struct ctx *cx, struct workflow *w)
{
	char uuid[RAND_UUID_SIZE];

	rand_uuid(uuid);
	w->r.proof = arena_strdup(&w->arena, uuid);
	w->r.state_text = "comparing both sides";
	return workflow_save(cx, w);
}

static int64_t
differing(const struct vdiff_table *t)
{
	return t->mismatched + t->extra_source + t->extra_target + t->unsettled;
}

/* "" and found 0: nothing differs. */
static const char *
first_table(const struct vdiff_view *v, int64_t *rows)
{
	const char *name = "";

	*rows = 0;
	for (size_t i = 0; i < v->tables_count; i++) {
		if (differing(&v->tables[i]) > 0 && *rows == 0)
			name = v->tables[i].name;
		*rows += differing(&v->tables[i]);
	}
	return name;
}

static int
refuse(struct ctx *cx, struct workflow *w, const struct vdiff_view *v)
{
	int64_t rows;
	const char *table = first_table(v, &rows);

	if (v->state == VDIFF_ERROR)
		err_set(cx->err, ERR_REFUSED, "both sides could not be compared: %s", v->error);
	else
		err_set(cx->err, ERR_REFUSED,
		    "both sides are not equal: %lld row%s of table '%s'%s differ%s",
		    (long long)rows, rows == 1 ? "" : "s", table,
		    v->tables_count > 1 ? " or others" : "", rows == 1 ? "s" : "");
	return err_hint(cx->err,
	    "vtctlclient VDiff %s show last tells which; VDiff %s create --repair copies them again",
	    workflow_typed(cx->arena, &w->r), workflow_typed(cx->arena, &w->r));
}

static int
tell_progress(struct ctx *cx, struct workflow *w, const struct vdiff_view *v)
{
	int64_t compared = 0, estimate = 1;

	for (size_t i = 0; i < v->tables_count; i++) {
		compared += v->tables[i].compared;
		estimate += v->tables[i].estimate;
	}
	if (v->state == VDIFF_STOPPED)
		return say(cx, w,
		    arena_printf(&w->arena,
			"comparing both sides: stopped; VDiff ... resume %s goes on", w->r.proof));
	return say(cx, w,
	    arena_printf(&w->arena, "comparing both sides: %d %%",
		compared >= estimate ? 99 : (int)(compared * 100 / estimate)));
}

static int
judge(struct ctx *cx, struct workflow *w, const struct vdiff_view *v, bool *proved)
{
	int64_t rows;

	if (v->state == VDIFF_ERROR)
		return refuse(cx, w, v);
	if (v->state != VDIFF_COMPLETED)
		return tell_progress(cx, w, v);
	first_table(v, &rows);
	if (rows > 0 && !mutant("ctl_proof_unread"))
		return refuse(cx, w, v);
	w->r.state_text = "";
	*proved = true;
	return 0;
}

static int
look(struct ctx *cx, struct workflow *w, bool *proved)
{
	struct vdiff_reply r;

	TRY(ask(cx, w, w->r.proof, TABLET_VDIFF_SHOW, &r));
	if (r.count > 0)
		return judge(cx, w, &r.items[0], proved);
	if (ask(cx, w, w->r.proof, TABLET_VDIFF_CREATE, NULL) == 0)
		return 0;
	if (cx->err->kind != ERR_REFUSED)
		return -1;
	return err_hint(cx->err, "without --vdiff it switches uncompared");
}

/* ---- One that goes on all the time */

static int
refuse_differing(struct ctx *cx, struct workflow *w, const struct proof_view *p)
{
	const char *typed = workflow_typed(cx->arena, &w->r);

	err_set(cx->err, ERR_REFUSED,
	    "both sides are not equal: table '%s'%s differs, by their continuous proof",
	    p->differing[0], p->differing_count > 1 ? " or another" : "");
	return err_hint(cx->err,
	    "vtctlclient VDiff %s show all tells which; VDiff %s create --repair copies them again",
	    typed, typed);
}

/* The stream has one at most. It is of all rows of all tables, from a comparison on. */
static const struct proof_view *
find_proving(const struct vdiff_reply *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].proof.state == PROOF_PROVING)
			return &r->items[i].proof;
	return NULL;
}

/* *there: one takes the place of a comparison. */
static int
look_at_continuous(struct ctx *cx, struct workflow *w, bool *there, bool *proved)
{
	const struct proof_view *p;
	struct vdiff_reply r;

	TRY(ask(cx, w, "all", TABLET_VDIFF_SHOW, &r));
	p = find_proving(&r);
	*there = p != NULL;
	if (p == NULL)
		return 0;
	if (p->differing_count > 0 && !mutant("ctl_continuous_unread"))
		return refuse_differing(cx, w, p);
	*proved = p->lag_ms >= 0 && p->lag_ms <= PROOF_LAG_MS;
	return say(cx, w, *proved ? "" : "waiting for the continuous proof to catch up");
}

int
proof_look(struct ctx *cx, struct workflow *w, bool *proved)
{
	*proved = !w->r.options.vdiff;
	if (*proved)
		return 0;
	if (w->r.proof[0] == '\0') {
		bool there;

		TRY(look_at_continuous(cx, w, &there, proved));
		if (there)
			return 0;
		TRY(begin(cx, w));
	}
	return look(cx, w, proved);
}
