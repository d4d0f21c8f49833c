#include "ctl/switch_lines.h"

#include "ctl/preflight.h"
#include "ctl/ready.h"
#include "ctl/rules.h"

bool
switch_leaves_way_back(const struct workflow *w)
{
	/* Who goes back has asked for a stream forth before. */
	return w->r.options.reverse || w->r.direction == DIRECTION_REVERSE;
}

static void
add_events(
    struct ctx *cx, const struct workflow *w, const char *verb, enum side s, struct lines *out)
{
	for (size_t i = 0; i < w->r.routines_count; i++) {
		if (w->r.routines[i].kind == ROUTINE_EVENT)
			lines_add(cx->arena, out, "%s event %s on keyspace %s", verb,
			    w->r.routines[i].name, side_keyspace(w, s));
	}
}

/* What run_preflight() asks before it changes anything; the list is the answer's. */
int
switch_lines_preflight(struct ctx *cx, struct workflow *w, struct lines *out)
{
	struct hurt found;

	TRY(ready_wait(cx, w));
	TRY(side_ask(cx, w, workflow_from(w)));
	TRY(rules_known(cx, w->ctl));
	TRY(preflight_collect(cx, w, &found));
	TRY(preflight_judge(cx, w, &found));
	for (size_t i = 0; i < found.findings.count; i++)
		lines_add(cx->arena, out, "%s: %s",
		    finding_severity_names[found.findings.items[i].severity],
		    found.findings.items[i].text);
	if (w->r.options.vdiff)
		lines_add(cx->arena, out,
		    "Compare all rows of both sides, and switch if nothing differs");
	lines_lock(cx->arena, w, out);
	add_events(cx, w, "Disable", workflow_from(w), out);
	return 0;
}

int
switch_lines_hold(struct ctx *cx, struct workflow *w, struct lines *out)
{
	static const char *const then[] = {
		[ON_GRACE_ABORT] = "give this attempt up",
		[ON_GRACE_WAIT] = "wait on",
		[ON_GRACE_KILL] = "end them",
	};

	lines_add(cx->arena, out,
	    "Hold writes on keyspace %s for tables %s at all gates, and wait for transactions in flight for "
	    "up to %s, then %s",
	    side_keyspace(w, workflow_from(w)), lines_tables(cx->arena, w, workflow_from(w)),
	    lines_duration(cx->arena, w->r.options.grace_period), then[w->r.options.on_grace]);
	return 0;
}

int
switch_lines_fence(struct ctx *cx, struct workflow *w, struct lines *out)
{
	enum side from = workflow_from(w);

	lines_add(cx->arena, out,
	    "Stop writes on keyspace %s for tables %s: [keyspace:%s;shard:0;%s]",
	    side_keyspace(w, from), lines_tables(cx->arena, w, from), side_keyspace(w, from),
	    lines_tablet(cx->arena, w, from));
	return 0;
}

int
switch_lines_catch_up(struct ctx *cx, struct workflow *w, struct lines *out)
{
	struct triggers_read_reply r;
	struct move_request from;

	lines_add(cx->arena, out, "Wait for vreplication on stopped streams to catchup for up to %s",
	    lines_duration(cx->arena, w->r.options.timeout));
	TRY(side_request(cx, w, workflow_from(w), &from));
	TRY(side_call(cx, w, TABLET_TRIGGERS_READ, &from, &r));
	for (size_t i = 0; i < r.triggers.count; i++)
		lines_add(cx->arena, out, "Create trigger %s of table %s on keyspace %s",
		    r.triggers.items[i].name, r.triggers.items[i].table,
		    side_keyspace(w, workflow_to(w)));
	return 0;
}

int
switch_lines_reverse(struct ctx *cx, struct workflow *w, struct lines *out)
{
	if (switch_leaves_way_back(w))
		lines_add(cx->arena, out,
		    "Create reverse vreplication stream %d of workflow %s on: [%s]", w->r.round + 1,
		    w->r.name, lines_tablet(cx->arena, w, workflow_from(w)));
	return 0;
}

int
switch_lines_commit(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out,
	    "Switch routing from keyspace %s to keyspace %s for tables %s, reads and writes at once",
	    side_keyspace(w, workflow_from(w)), side_keyspace(w, workflow_to(w)),
	    lines_tables(cx->arena, w, workflow_from(w)));
	return 0;
}

int
switch_lines_acknowledge(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Wait until every gate has the new routing");
	return 0;
}

int
switch_lines_release(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Enable writes on keyspace %s for tables %s",
	    side_keyspace(w, workflow_to(w)), lines_tables(cx->arena, w, workflow_to(w)));
	return 0;
}

int
switch_lines_finish(struct ctx *cx, struct workflow *w, struct lines *out)
{
	add_events(cx, w, "Enable", workflow_to(w), out);
	lines_add(cx->arena, out, "Switch writes completed, end vreplication streams on: [%s]",
	    lines_tablet(cx->arena, w, workflow_to(w)));
	if (switch_leaves_way_back(w))
		lines_add(cx->arena, out, "Start reverse vreplication streams on: [%s]",
		    lines_tablet(cx->arena, w, workflow_from(w)));
	else
		lines_add(cx->arena, out, "Remove the fence from keyspace %s for tables %s",
		    side_keyspace(w, workflow_to(w)), lines_tables(cx->arena, w, workflow_to(w)));
	if (w->r.options.follow)
		lines_add(cx->arena, out, "New tables of keyspace %s will be made in keyspace %s",
		    w->r.source_keyspace, side_keyspace(w, workflow_to(w)));
	lines_unlock(cx->arena, w, out);
	return 0;
}
