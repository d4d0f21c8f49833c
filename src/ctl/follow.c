#include "ctl/follow.h"

#include "base/mutant.h"
#include "ctl/rules.h"

enum { TABLET_WITHIN_S = 20 }; /* for the names of 50,000 tables */

/* A table made elsewhere could not be joined with those that have stayed. */
static int
check_moved(struct ctx *cx, struct ctl *c, const char *keyspace)
{
	struct ctx within = ctx_within(cx, TABLET_WITHIN_S * SECOND);
	const struct place p = { keyspace, "" };
	struct table_list_reply there;
	struct rules_record rules;

	TRY(rules_load(cx, c, &rules));
	TRY(cluster_table_call(&within, c, &p, TABLET_TABLE_LIST, &there));
	for (size_t i = 0; i < there.tables_count; i++) {
		const struct routing_rule *rule = rules_find(&rules, keyspace, there.tables[i]);

		if (rule != NULL && strcmp(rule->to_keyspace, keyspace) != 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "keyspace '%s' has not moved whole: table '%s' is served from it", keyspace,
		    there.tables[i]);
		return err_hint(cx->err, "move it too, or --force");
	}
	return 0;
}

int
follow_check_to(struct ctx *cx, struct ctl *c, const char *keyspace, const char *to)
{
	struct keyspace_record r;

	TRY(cluster_keyspace(cx, c, to, &r));
	if (strcmp(keyspace, to) == 0)
		return err_set(cx->err, ERR_REFUSED, "keyspace '%s' cannot follow itself", keyspace);
	if (r.follows[0] == '\0')
		return 0;
	err_set(cx->err, ERR_REFUSED, "keyspace '%s' follows '%s' itself", to, r.follows);
	return err_hint(cx->err, "follow that one");
}

/* On top of whatever somebody else has made of the record meanwhile. */
static int
put(struct ctx *cx, struct ctl *c, const char *keyspace, const char *to)
{
	for (;;) {
		SCOPED(buf) struct buf json = BUF_INIT;
		const char *key = keyspace_key(cx->arena, keyspace);
		struct topo_kv kv;
		struct keyspace_record r;

		TRY(topo_get(cx, c->topo, key, &kv));
		TRY(keyspace_read(cx->arena, kv.value, &r, cx->err));
		if (strcmp(r.follows, to) == 0)
			return 0;
		r.follows = to;
		keyspace_write(&json, &r);
		struct topo_compare old = { .key = key, .modified = kv.modified };
		if (topo_put(cx, c->topo, &old, buf_slice(&json), 0, NULL) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		err_clear(cx->err);
	}
}

int
follow_set(struct ctx *cx, struct ctl *c, const char *keyspace, const char *to, bool force)
{
	struct keyspace_record r;

	TRY(cluster_keyspace(cx, c, keyspace, &r));
	if (to[0] != '\0') {
		TRY(follow_check_to(cx, c, keyspace, to));
		if (!force)
			TRY(check_moved(cx, c, keyspace));
	}
	return put(cx, c, keyspace, to);
}

/* ---- With a move */

static int
end_following(struct ctx *cx, struct workflow *w)
{
	struct keyspace_record r;

	TRY(cluster_keyspace(cx, w->ctl, w->r.source_keyspace, &r));
	/* Somebody may have it follow another one since. */
	if (strcmp(r.follows, w->r.target_keyspace) != 0 || mutant("ctl_follows_on_the_way_back"))
		return 0;
	TRY(follow_set(cx, w->ctl, w->r.source_keyspace, "", false));
	workflow_note(
	    w, "follow", "ended", "new tables are made in the source keyspace itself again");
	return 0;
}

int
follow_switched(struct ctx *cx, struct workflow *w)
{
	struct ctl *c = w->ctl;

	if (!w->r.options.follow)
		return 0;
	if (w->r.direction == DIRECTION_FORWARD)
		return end_following(cx, w);
	if (follow_set(cx, c, w->r.source_keyspace, w->r.target_keyspace, false) == 0) {
		workflow_note(w, "follow", "done", "new tables are made in the target keyspace");
		return 0;
	}
	if (cx->err->kind != ERR_REFUSED)
		return -1;
	workflow_note(w, "follow", "failed", cx->err->text);
	err_clear(cx->err);
	return 0;
}

int
follow_made(struct ctx *cx, const struct workflow *w, const char **out)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct rules_record rules;

	TRY(rules_load(cx, w->ctl, &rules));
	for (size_t i = 0; i < rules.count; i++) {
		const struct routing_rule *r = &rules.rules[i];

		if (strcmp(r->maker, MAKER_DDL) == 0 &&
		    strcmp(r->from_keyspace, w->r.source_keyspace) == 0 &&
		    strcmp(r->to_keyspace, w->r.target_keyspace) == 0)
			buf_addf(&text, "%s%s", text.len == 0 ? "[" : ",", r->from_table);
	}
	if (text.len > 0)
		buf_add_char(&text, ']');
	*out = arena_slice_str(cx->arena, buf_slice(&text));
	return 0;
}
