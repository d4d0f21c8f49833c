#include "ctl/back.h"

#include "base/mutant.h"
#include "ctl/cutover.h"
#include "ctl/follow.h"
#include "ctl/ready.h"
#include "ctl/traffic.h"

enum { CHECK_WITHIN_S = 10 };

/* ---- Refusals */

static const char *
typed(struct ctx *cx, const struct workflow *w)
{
	return name_typed(cx->arena, w->r.target_keyspace, w->r.name);
}

int
back_refuse_under_way(struct ctx *cx, const struct workflow *w)
{
	err_set(cx->err, ERR_REFUSED, "workflow '%s' is being switched %s", w->id,
	    w->r.direction == DIRECTION_FORWARD ? "to its target" : "back to its source");
	return err_hint(cx->err, "wait for it: vtctlclient Workflow show %s", typed(cx, w));
}

static int
refuse_over(struct ctx *cx, const struct workflow *w)
{
	bool cancelled = w->r.state == WORKFLOW_CANCELLED || w->r.state == WORKFLOW_CANCELLING;

	err_set(cx->err, ERR_REFUSED, "workflow '%s' %s", w->id,
	    cancelled ? "was cancelled" : "is complete: there is no way back any more");
	return err_hint(cx->err, "a new move goes there, or back: vtctlclient MoveTables");
}

static int
refuse_closed(struct ctx *cx, const struct workflow *w)
{
	if (w->r.start[0] == '\0') {
		err_set(cx->err, ERR_REFUSED,
		    "workflow '%s' has no way back: it was switched without a reverse stream",
		    w->id);
		return err_hint(cx->err, "go back by a move: vtctlclient MoveTables %s %s",
		    name_typed(cx->arena, w->r.target_keyspace, side_table(w, SIDE_TARGET, 0)),
		    name_typed(cx->arena, w->r.source_keyspace, side_table(w, SIDE_SOURCE, 0)));
	}
	err_set(cx->err, ERR_REFUSED, "the way back of workflow '%s' is closed: %s", w->id,
	    w->r.closed);
	return err_hint(cx->err,
	    "go back by a move once the old tables are dropped: vtctlclient DropTable %s",
	    name_typed(cx->arena, w->r.source_keyspace, side_table(w, SIDE_SOURCE, 0)));
}

/* ---- Back */

/* What an attempt would find, before anything is written. A tablet that does not answer now is the attempts'
 * affair. */
static int
check_open(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct back_answer *out)
{
	struct ctx within = ctx_within(cx, CHECK_WITHIN_S * SECOND);
	struct stream_status_reply r;

	if (w->r.start[0] != '\0' && w->r.closed[0] == '\0') {
		if (w->r.finishing || stream_may_switch(&within, w, &r) == 0 ||
		    cx->err->kind != ERR_REFUSED)
			return 0;
		w->r.closed = arena_strdup(&w->arena, cx->err->text);
		if (!q->dry_run)
			TRY(workflow_save(cx, w));
	}
	out->closed = w->r.closed[0] != '\0';
	return refuse_closed(cx, w);
}

/* The attempts of this wish are counted, and not those of the switches before. */
void
back_count_anew(struct workflow *w)
{
	if (w->r.round > 1)
		w->r.attempts_from = w->r.attempt + w->r.attempt % 2;
}

static void
begin_wish(struct workflow *w, const struct ctl_request *q)
{
	/* When it goes there, and by whose word, is not this wish's. */
	const unsigned how = GIVEN_GRACE_PERIOD | GIVEN_TIMEOUT | GIVEN_READER_WAIT |
	    GIVEN_MAX_LAG | GIVEN_ON_GRACE | GIVEN_SWITCH_ATTEMPTS;

	workflow_options_take(&w->r.options, &q->options, q->given & how);
	back_count_anew(w);
	w->r.reversing = true;
	w->r.state_text = w->r.hint = "";
}

static int
ask(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct back_answer *out)
{
	switch (w->r.state) {
	case WORKFLOW_SWITCHED:
		if (w->r.reversing)
			return 0;
		TRY(check_open(cx, w, q, out));
		TRY(follow_made(cx, w, &out->left));
		begin_wish(w, q);
		return q->dry_run ? cutover_rehearse(cx, w, &out->lines) : workflow_save(cx, w);
	case WORKFLOW_SWITCHING:
		return w->r.direction == DIRECTION_REVERSE ? 0 : back_refuse_under_way(cx, w);
	case WORKFLOW_COMPLETING:
	case WORKFLOW_COMPLETE:
	case WORKFLOW_CANCELLING:
	case WORKFLOW_CANCELLED: return refuse_over(cx, w);
	case WORKFLOW_RUNNING:
		out->already = true;
		if (w->r.options.no_switch || q->dry_run)
			return 0;
		w->r.options.no_switch = true; /* between two attempts: withdrawn */
		return workflow_save(cx, w);
	case WORKFLOW_CHECKING:
	case WORKFLOW_CREATING:
	case WORKFLOW_COPYING:
	case WORKFLOW_STOPPED:
	case WORKFLOW_ERROR: break;
	}
	out->already = true;
	return 0;
}

static int
load(struct ctx *cx, struct workflow *w)
{
	if (workflow_load(cx, w) == 0)
		return 0;
	return cx->err->kind != ERR_NOT_FOUND
	    ? -1
	    : err_set(cx->err, ERR_NOT_FOUND, "workflow '%s' does not exist", w->id);
}

int
back_ask(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct back_answer *out)
{
	for (;;) {
		*out = (struct back_answer){ .already = false, .left = "" };
		TRY(load(cx, w));
		out->start_state = traffic_state(&w->r);
		if (ask(cx, w, q, out) == 0)
			break;
		if (cx->err->kind != ERR_CONFLICT)
			return -1; /* its job has just written: on top of that */
	}
	err_clear(cx->err);
	ctl_kick(w->ctl);
	return 0;
}

/* ---- Said as a move */

static bool
may_lead_back(const struct workflow_found *f, const void *arg)
{
	const struct ctl_request *q = arg;
	const struct workflow_record *r = &f->r;
	bool there = workflow_has_way_back(r) ||
	    (r->state == WORKFLOW_SWITCHING && r->direction == DIRECTION_REVERSE) ||
	    (r->state == WORKFLOW_RUNNING && r->round > 1);

	return there && strcmp(r->source_keyspace, q->target_keyspace) == 0 &&
	    strcmp(r->target_keyspace, q->keyspace) == 0;
}

static bool
leads_back(const struct workflow_record *r, const struct ctl_request *q)
{
	if (r->tables_count != q->tables_count)
		return false;
	for (size_t i = 0; i < r->tables_count; i++) {
		size_t t = 0;

		while (t < q->tables_count &&
		    (strcmp(r->tables[i].target_table, q->tables[t].from) != 0 ||
			strcmp(r->tables[i].source_table, q->tables[t].to) != 0))
			t++;
		if (t == q->tables_count)
			return false;
	}
	return true;
}

int
back_find(struct ctx *cx, struct ctl *c, const struct ctl_request *q, const char **id)
{
	struct workflow_query all = { .prefix = "/workflows/", .wanted = may_lead_back, .arg = q };

	*id = NULL;
	TRY(workflow_find(cx, c->topo, &all));
	for (size_t i = 0; i < all.count && !mutant("ctl_back_is_a_new_move"); i++) {
		if (may_lead_back(&all.items[i], q) && leads_back(&all.items[i].r, q))
			*id = all.items[i].id;
	}
	return 0;
}
