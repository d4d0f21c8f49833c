#include "ctl/preflight.h"

#include "base/mutant.h"
#include "ctl/rules.h"
#include "ctl/seen.h"

enum {
	SURVEY_WITHIN_S = 10,   /* catalogues of a server at work */
	REPLICA_LAG_MS = 30000, /* a replica that is behind by that gets the copy on top */
};

/* ---- Statements */

static int
read_places(struct ctx *cx, struct ctl *c, struct hurt_world *world)
{
	struct topo_list all;
	struct keyspace_place *places;

	TRY(topo_list(cx, c->topo, "/keyspaces/", &all));
	places = arena_array(cx->arena, struct keyspace_place, all.count);
	for (size_t i = 0; i < all.count; i++) {
		struct keyspace_record keyspace;
		struct tablet_record tablet;

		TRY(keyspace_read(cx->arena, all.items[i].value, &keyspace, cx->err));
		if (cluster_primary(cx, c, keyspace.name, &tablet) == 0)
			places[world->places_count++] =
			    (struct keyspace_place){ keyspace.name, tablet.server };
		else if (cx->err->kind != ERR_REFUSED)
			return -1;
		err_clear(cx->err);
	}
	world->places = places;
	return 0;
}

static int
find_statements(struct ctx *cx, struct workflow *w, struct hurt *out)
{
	struct rules_record rules;
	struct statements_record seen;
	struct hurt_world world = { .rules = &rules,
		.from = side_keyspace(w, workflow_from(w)),
		.to = side_keyspace(w, workflow_to(w)),
		.tables = arena_array(cx->arena, const char *, workflow_names(w)),
		.tables_count = workflow_names(w) };

	for (size_t i = 0; i < world.tables_count; i++)
		world.tables[i] = side_name(w, workflow_from(w), i);

	TRY(rules_load(cx, w->ctl, &rules));
	TRY(read_places(cx, w->ctl, &world));
	TRY(seen_statements(cx, w->ctl, "", &seen));
	hurt_find(cx->arena, &world, &seen, out);
	return 0;
}

/* ---- Servers */

static int
survey(struct ctx *cx, struct workflow *w, enum side s, int64_t *bytes, struct findings *f)
{
	struct ctx within = ctx_within(cx, SURVEY_WITHIN_S * SECOND);
	struct survey_request q = { .bytes = *bytes, .before_copy = w->r.copied_us == 0 };
	struct survey_reply r;

	TRY(side_request(&within, w, s, &q.move));
	TRY(side_call(&within, w, TABLET_SURVEY, &q, &r));
	findings_append(cx->arena, f, &r.findings);
	*bytes = r.bytes;
	return 0;
}

/* Of the target's replicas that have a tablet. */
static int
find_replicas(struct ctx *cx, struct workflow *w, struct findings *f)
{
	struct topo_list all;

	TRY(topo_list(cx, w->ctl->topo, "/tablets/", &all));
	for (size_t i = 0; i < all.count; i++) {
		struct tablet_record t;
		struct health_record h;

		TRY(tablet_read(cx->arena, all.items[i].value, &t, cx->err));
		if (t.type == TABLET_PRIMARY ||
		    strcmp(t.keyspace, side_keyspace(w, workflow_to(w))) != 0)
			continue;
		TRY(cluster_health(cx, w->ctl, t.alias, &h));
		if (h.lag_ms < 0)
			findings_add(cx->arena, f, FINDING_WARNS,
			    "how far replica '%s' of the target is behind is not known", t.alias);
		else if (h.lag_ms > REPLICA_LAG_MS)
			findings_add(cx->arena, f, FINDING_WARNS,
			    "replica '%s' of the target is %lld seconds behind, and will get the copy too",
			    t.alias, (long long)h.lag_ms / 1000);
	}
	return 0;
}

/* ---- All of it */

/* Something could not be asked: that is known now, and the rest goes on. */
static int
not_known(struct ctx *cx, struct findings *f, const char *what)
{
	if (cx->err->kind == ERR_CANCELLED || task_cancelled())
		return -1;
	findings_add(cx->arena, f, FINDING_WARNS, "%s is not known: %s", what, cx->err->text);
	err_clear(cx->err);
	return 0;
}

int
preflight_collect(struct ctx *cx, struct workflow *w, struct hurt *out)
{
	struct findings *f = &out->findings;
	int64_t bytes = 0;

	*out = (struct hurt){ .together = "" };
	if (find_statements(cx, w, out) != 0)
		TRY(not_known(cx, f, "which statements the move breaks"));
	if (survey(cx, w, workflow_from(w), &bytes, f) != 0)
		TRY(not_known(cx, f, "who is at the source"));
	if (survey(cx, w, workflow_to(w), &bytes, f) != 0)
		TRY(not_known(cx, f, "whether the target has room"));
	if (find_replicas(cx, w, f) != 0)
		TRY(not_known(cx, f, "how the target's replicas are"));
	return 0;
}

int
preflight_judge(struct ctx *cx, const struct workflow *w, const struct hurt *found)
{
	size_t refusals = findings_count(&found->findings, FINDING_REFUSES);

	/* Nothing may stand in the way back: somebody needs it now. The list is there to be read. */
	if (refusals == 0 || w->r.options.force || w->r.direction == DIRECTION_REVERSE ||
	    mutant("ctl_preflight_passes"))
		return 0;
	if (found->statements + found->transactions == 0) {
		for (size_t i = 0; i < found->findings.count; i++) {
			if (found->findings.items[i].severity == FINDING_REFUSES)
				err_set(cx->err, ERR_REFUSED, "%s", found->findings.items[i].text);
		}
		return err_hint(cx->err, "--force moves all the same");
	}
	err_set(cx->err, ERR_REFUSED,
	    "clients run %zu kind%s of statements, and %zu of transactions, on tables that move together "
	    "with tables that stay: after the switch they would be refused",
	    found->statements, found->statements == 1 ? "" : "s", found->transactions);
	return err_hint(cx->err, "move %.150s with them, or --force", found->together);
}

void
preflight_note(struct workflow *w, const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		workflow_note(
		    w, "preflight", finding_severity_names[f->items[i].severity], f->items[i].text);
}
