#include "ctl/complete.h"

#include "base/log.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/ending.h"
#include "ctl/pause.h"

#include <stdio.h>

enum {
	AGAIN_MS = 50,
	OLD_NAME_CHARS = 59, /* of 64: "_" and "_old" are added */
};

/* ---- May it be? */

static int
check_may_complete(struct ctx *cx, const struct workflow *w)
{
	const char *name = name_typed(cx->arena, w->r.target_keyspace, w->r.name);

	if (workflow_switched(&w->r) && !w->r.reversing)
		return 0;
	if (w->r.direction == DIRECTION_REVERSE) {
		err_set(cx->err, ERR_REFUSED, "workflow '%s' is being switched back", w->id);
		return err_hint(cx->err, "see: vtctlclient Workflow show %s", name);
	}
	err_set(cx->err, ERR_REFUSED,
	    "cannot complete workflow because you have not yet switched all read and write traffic");
	return w->r.round == 1
	    ? err_hint(cx->err, "see: vtctlclient Workflow show %s", name)
	    : err_hint(cx->err,
		  "'%s' serves again; to end the move: vtctlclient MoveTables Cancel %s",
		  w->r.source_keyspace, name);
}

/* What is dropped must not be served. */
static int
check_not_served(struct ctx *cx, const struct workflow *w)
{
	struct rules_record rules;
	enum side old = workflow_to(w);

	TRY(rules_load(cx, w->ctl, &rules));
	for (size_t i = 0; i < rules.count && !mutant("ctl_complete_drops_served"); i++) {
		const struct routing_rule *r = &rules.rules[i];

		for (size_t n = 0; n < workflow_names(w); n++) {
			if (strcmp(r->to_keyspace, side_keyspace(w, old)) == 0 &&
			    strcmp(r->to_table, side_name(w, old, n)) == 0)
				return err_set(cx->err, ERR_REFUSED,
				    "table '%s.%s' is served: a routing rule sends '%s.%s' there",
				    r->to_keyspace, r->to_table, r->from_keyspace, r->from_table);
		}
	}
	return 0;
}

static const char *
old_name(struct arena *a, const char *table)
{
	return arena_printf(a, "_%.*s_old", OLD_NAME_CHARS, table);
}

static int
check_old_names(struct ctx *cx, const struct workflow *w)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, ENDING_STEP_WITHIN_S * SECOND));
	enum side old = workflow_to(w);

	for (size_t i = 0; i < w->r.tables_count; i++) {
		const struct place p = { side_keyspace(w, old),
			old_name(cx->arena, side_table(w, old, i)) };
		struct table_find_reply r;

		TRY(cluster_table_call(&within, w->ctl, &p, TABLET_TABLE_FIND, &r));
		if (r.tables_count == 1 && !r.tables[0].exists)
			continue;
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' exists already", p.keyspace, p.table);
		return err_hint(
		    cx->err, "drop it or give it another name, or drop or keep the old tables");
	}
	return 0;
}

/* Without its route a name stands for the old table again. */
static int
check_rules_may_go(struct ctx *cx, const struct complete_wish *wish)
{
	if (!wish->remove_rules || wish->old_tables != OLD_TABLES_KEEP ||
	    mutant("ctl_complete_bares_old_table"))
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "--remove-routing-rules and --keep-data exclude each other: clients would read the old tables");
	return err_hint(cx->err, "drop the old tables, or rename them: --rename-tables");
}

static int
check_wish(struct ctx *cx, const struct workflow *w, const struct complete_wish *wish)
{
	TRY(check_rules_may_go(cx, wish));
	if (wish->old_tables != OLD_TABLES_KEEP)
		TRY(check_not_served(cx, w));
	return wish->old_tables == OLD_TABLES_RENAME ? check_old_names(cx, w) : 0;
}

/* ---- Doing it */

/* The last lock may be held still: the switch's own end has not come. */
static int
delete_streams(struct ctx *cx, struct workflow *w)
{
	enum side old = workflow_to(w);

	TRY(side_events_on(cx, w, workflow_from(w)));
	TRY(round_do(cx, w, w->r.round - 1, old, TABLET_UNLOCK));
	TRY(round_stream_delete(cx, w, w->r.round, false));
	return round_stream_delete(cx, w, w->r.round - 1, false);
}

static int
drop_one(struct ctx *cx, const struct workflow *w, enum side s, const char *table)
{
	const struct place p = { side_keyspace(w, s), table };
	struct table_find_reply r;
	struct err why;

	if (cluster_table_call(cx, w->ctl, &p, TABLET_TABLE_DROP, NULL) == 0)
		return 0;
	if (cx->err->kind != ERR_REFUSED)
		return -1;
	why = *cx->err;
	TRY(cluster_table_call(cx, w->ctl, &p, TABLET_TABLE_FIND, &r));
	return r.tables_count == 1 && !r.tables[0].exists ? 0 : err_copy(cx->err, &why);
}

/* Views, which are behind the tables, go first: none ever names what is not there. Then routines, which run
 * no more when their tables are gone. */
static int
drop_names(struct ctx *cx, const struct workflow *w, enum side s, size_t first)
{
	if (w->r.routines_count > 0 && !mutant("ctl_routines_left"))
		TRY(side_do(cx, w, s, TABLET_OBJECTS_DROP, w->r.attempt));
	for (size_t i = workflow_tables_and_views(w); i-- > first;)
		TRY(drop_one(cx, w, s, side_name(w, s, i)));
	return 0;
}

int
complete_drop(struct ctx *cx, const struct workflow *w, enum side s)
{
	return drop_names(cx, w, s, 0);
}

static int
change_tables(struct ctx *cx, struct workflow *w)
{
	enum side old = workflow_to(w);

	if (w->r.old_tables == OLD_TABLES_KEEP)
		return 0;
	TRY(check_not_served(cx, w));
	TRY(switch_acknowledged(cx, w->ctl, w->id)); /* (3) */
	if (w->r.old_tables == OLD_TABLES_DROP)
		return complete_drop(cx, w, old);
	/* Views would name tables that are called otherwise, and are where the tables are served. */
	TRY(drop_names(cx, w, old, w->r.tables_count));
	for (size_t i = 0; i < w->r.tables_count; i++) {
		const struct place p = { side_keyspace(w, old), side_table(w, old, i) };

		TRY(cluster_table_rename(cx, w->ctl, &p, old_name(cx->arena, p.table)));
	}
	return 0;
}

static int
remove_fence(struct ctx *cx, struct workflow *w)
{
	return pause_for(cx, w, workflow_from(w), side_fence_remove);
}

/* Clients have found the tables by these names; who has asked for it says that none does any more. */
static int
remove_rules(struct ctx *cx, struct workflow *w)
{
	if (!w->r.remove_rules)
		return 0;
	TRY(rules_apply(cx, w, RULES_FORGET));
	return rules_known(cx, w->ctl);
}

/* ---- What a dry run says of it (lines.h) */

static int
rehearse_streams(struct ctx *cx, struct workflow *w, struct lines *out)
{
	if (w->r.start[0] != '\0')
		lines_add(cx->arena, out, "Delete reverse vreplication streams on: [%s]",
		    lines_tablet(cx->arena, w, workflow_to(w)));
	lines_add(cx->arena, out, "Delete vreplication streams on: [%s]",
	    lines_tablet(cx->arena, w, workflow_from(w)));
	return 0;
}

static int
rehearse_tables(struct ctx *cx, struct workflow *w, struct lines *out)
{
	static const char *const acts[] = { [OLD_TABLES_KEEP] =
						"Keeping these tables, closed to writers,",
		[OLD_TABLES_DROP] = "Dropping these tables",
		[OLD_TABLES_RENAME] = "Renaming these tables to _NAME_old" };
	enum side old = workflow_to(w);

	lines_add(cx->arena, out,
	    "%s in the database of keyspace %s: [keyspace:%s;shard:0;%s;tables:%s]",
	    acts[w->r.old_tables], side_keyspace(w, old), side_keyspace(w, old),
	    lines_tablet(cx->arena, w, old), lines_tables(cx->arena, w, old));
	return 0;
}

static int
rehearse_fence(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Remove the fence from keyspace %s for tables %s",
	    side_keyspace(w, workflow_from(w)), lines_tables(cx->arena, w, workflow_from(w)));
	return 0;
}

static int
rehearse_rules(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Routing rules for tables %s will be %s",
	    lines_tables(cx->arena, w, workflow_to(w)), w->r.remove_rules ? "deleted" : "kept");
	return 0;
}

#define POINTS(name) "workflow.complete." name ".before", "workflow.complete." name ".after"

static const struct ending_step complete_steps[] = {
	{ "stream", "ending the stream back", delete_streams, rehearse_streams, POINTS("stream") },
	{ "tables", "dropping or renaming the old tables", change_tables, rehearse_tables,
	    POINTS("tables") },
	{ "fence", "removing the fence from the served tables", remove_fence, rehearse_fence,
	    POINTS("fence") },
	{ "rules", "removing the routing rules", remove_rules, rehearse_rules, POINTS("rules") },
};
enum { COMPLETE_STEPS = sizeof(complete_steps) / sizeof(complete_steps[0]) };

int
complete_run(struct ctx *cx, struct workflow *w)
{
	const size_t first = mutant("ctl_complete_tables_first") ? 1 : 0;

	TRY(ending_run(cx, w, complete_steps, COMPLETE_STEPS, first));
	w->r.state = WORKFLOW_COMPLETE;
	w->r.start = w->r.closed = w->r.step = w->r.position = w->r.state_text = w->r.hint = "";
	workflow_note(w, "complete", "done", "");
	log_info("workflow '%s' is complete", w->id);
	return workflow_save(cx, w);
}

/* ---- Asking */

const struct complete_wish complete_keeping = { .old_tables = OLD_TABLES_KEEP, .dry_run = false };

static int
rehearse(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_lock(cx->arena, w, out);
	TRY(ending_rehearse(cx, w, complete_steps, COMPLETE_STEPS, out));
	lines_unlock(cx->arena, w, out);
	return 0;
}

static int
begin(struct ctx *cx, struct workflow *w)
{
	if (!mutant("ctl_complete_same_number"))
		workflow_outdate(w); /* (1) */
	w->r.state = WORKFLOW_COMPLETING;
	w->r.finishing = false;
	w->r.step = w->r.state_text = w->r.hint = "";
	workflow_note(w, "complete", "begun", "");
	return workflow_save(cx, w);
}

static int
ask(struct ctx *cx, struct workflow *w, const struct complete_wish *wish,
    struct complete_answer *out)
{
	for (;;) {
		if (workflow_load(cx, w) != 0)
			return cx->err->kind != ERR_NOT_FOUND
			    ? -1
			    : err_set(cx->err, ERR_NOT_FOUND, "workflow '%s' does not exist", w->id);
		TRY(check_may_complete(cx, w));
		out->already = w->r.state == WORKFLOW_COMPLETE;
		if (w->r.state != WORKFLOW_SWITCHED)
			return 0;
		TRY(check_wish(cx, w, wish));
		w->r.old_tables = wish->old_tables;
		w->r.remove_rules = wish->remove_rules;
		if (wish->dry_run)
			return rehearse(cx, w, &out->lines);
		if (begin(cx, w) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1; /* its job has just written: on top of that */
	}
}

int
complete_ask(struct ctx *cx, struct ctl *c, const char *id, const struct complete_wish *wish,
    struct complete_answer *out)
{
	struct workflow w;

	workflow_init(&w, c, id);
	int rc = ask(cx, &w, wish, out);
	workflow_done(&w);
	TRY(rc);
	err_clear(cx->err);
	ctl_kick(c);
	return 0;
}

static int
wait_complete(struct ctx *cx, struct workflow *w)
{
	TRY(workflow_load(cx, w));
	while (w->r.state == WORKFLOW_SWITCHED || w->r.state == WORKFLOW_COMPLETING) {
		char why[ERR_TEXT_MAX];

		snprintf(why, sizeof(why), "%s", w->r.state_text);
		if (workflow_next(cx, w) == 0)
			continue;
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		return err_set(cx->err, ERR_TIMEOUT,
		    "the way back of workflow '%s' is still being ended%s%s", w->id,
		    why[0] == '\0' ? "" : ": ", why);
	}
	return 0;
}

int
complete_wait(struct ctx *cx, struct ctl *c, const char *id)
{
	struct workflow w;

	workflow_init(&w, c, id);
	int rc = wait_complete(cx, &w);
	workflow_done(&w);
	return rc;
}

/* ---- In the way of another move */

static bool
shares_table(const struct workflow *w, const struct workflow_record *other)
{
	for (size_t i = 0; i < 2 * w->r.tables_count; i++) {
		enum side s = i % 2 == 0 ? SIDE_SOURCE : SIDE_TARGET;

		if (workflow_uses(other, side_keyspace(w, s), side_table(w, s, i / 2)))
			return true;
	}
	return false;
}

/* One whose way back is closed has its stream and guard still. */
static bool
has_left_something(const struct workflow_found *f, const void *arg)
{
	const struct workflow *w = arg;
	const struct workflow_record *other = &f->r;

	return strcmp(f->id, w->id) != 0 &&
	    (other->state == WORKFLOW_COMPLETING ||
		(other->state == WORKFLOW_SWITCHED && (other->finishing || other->start[0] != '\0')));
}

static int
end_other(struct ctx *cx, struct workflow *w, const char *id, struct lines *out)
{
	struct complete_answer a;

	if (out != NULL) {
		lines_add(cx->arena, out,
		    "The way back of workflow %s ends with this move; its old tables are kept", id);
		return 0;
	}
	TRY(complete_ask(cx, w->ctl, id, &complete_keeping, &a));
	workflow_note(w, "create", "ended",
	    arena_printf(cx->arena,
		"the way back of workflow '%s' ends with this move; its old tables are kept", id));
	TRY(workflow_save(cx, w));
	return complete_wait(cx, w->ctl, id);
}

/* out: a dry run, which only says so. */
static int
end_others(struct ctx *cx, struct workflow *w, struct lines *out)
{
	struct workflow_query all = {
		.prefix = "/workflows/", .wanted = has_left_something, .arg = w
	};

	if (mutant("ctl_way_back_in_the_way"))
		return 0;
	TRY(workflow_find(cx, w->ctl->topo, &all));
	for (size_t i = 0; i < all.count; i++) {
		if (has_left_something(&all.items[i], w) && shares_table(w, &all.items[i].r))
			TRY(end_other(cx, w, all.items[i].id, out));
	}
	return 0;
}

int
complete_others(struct ctx *cx, struct workflow *w)
{
	return end_others(cx, w, NULL);
}

int
complete_others_rehearse(struct ctx *cx, struct workflow *w, struct lines *out)
{
	return end_others(cx, w, out);
}
