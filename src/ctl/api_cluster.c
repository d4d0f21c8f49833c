#include "base/clock.h"
#include "ctl/api_method.h"
#include "ctl/follow.h"
#include "ctl/rules.h"
#include "ctl/seen.h"
#include "topo/json.h"

#include <stdlib.h>
#include <strings.h>

/* ---- Keyspaces */

static void
put_keyspace(struct buf *out, const struct keyspace_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "name", r->name);
	json_put_open(&w, "keyspace", '{');
	json_put_str(&w, "keyspace_type", "NORMAL");
	json_put_str(&w, "base_keyspace", "");
	json_put_raw(&w, "snapshot_time", slice_str("null"));
	json_put_str(&w, "durability_policy", "none");
	json_put_raw(&w, "throttler_config", slice_str("null"));
	json_put_str(&w, "sidecar_db_name", r->sidecar);
	if (r->follows != NULL && r->follows[0] != '\0')
		json_put_str(&w, "follows", r->follows);
	if (strcmp(r->database, r->name) != 0)
		json_put_str(&w, "database", r->database);
	if (r->server_kind != NULL && r->server_kind[0] != '\0')
		json_put_str(&w, "server_kind", r->server_kind);
	json_put_close(&w, '}');
	json_put_close(&w, '}');
}

/* A vtcombo gives every keyspace a tablet: worth waiting for. */
static int
wait_tablet(struct ctx *cx, struct ctl *c, const char *keyspace)
{
	struct topo_list combos;

	TRY(topo_list(cx, c->topo, "/combo/", &combos));
	return combos.count == 0 ? 0 : cluster_wait_healthy(cx, c, keyspace);
}

/* Asked of before the keyspace is there, so that nobody waits for a server that cannot come. */
static int
check_kind(struct ctx *cx, struct ctl *c, const char *kind)
{
	struct combo_record r = { 0 };
	struct topo_list combos;

	if (kind[0] == '\0')
		return 0;
	TRY(topo_list(cx, c->topo, "/combo/", &combos));
	for (size_t i = 0; i < combos.count; i++) {
		TRY(combo_read(cx->arena, combos.items[i].value, &r, cx->err));
		if (combo_has_kind(r.server_kinds, kind))
			return 0;
	}
	if (combos.count == 0) {
		err_set(cx->err, ERR_REFUSED,
		    "no vtcombo is here that would make a server of kind '%s'", kind);
		return err_hint(cx->err,
		    "leave --server-kind out, and start a vttablet beside the keyspace's server");
	}
	err_set(cx->err, ERR_REFUSED, "vtcombo has no server of kind '%s'", kind);
	return err_hint(cx->err,
	    "it has %.200s; of others, put the folder of the program into vtcombo's $PATH and start it again",
	    r.server_kinds);
}

/* What clients of b may drop or change, its database, must not be where a's tablets keep streams and fences.
 * Servers may take names that differ by case alone for the same. */
static int
check_apart(struct ctx *cx, const struct keyspace_record *a, const struct keyspace_record *b)
{
	if (strcasecmp(a->sidecar, b->database) != 0)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "'%s' cannot be both the sidecar database of keyspace '%s' and the database of keyspace '%s'",
	    a->sidecar, a->name, b->name);
	return err_hint(cx->err, "choose another name");
}

static int
check_sidecars(struct ctx *cx, struct ctl *c, const struct keyspace_record *created)
{
	struct topo_list all;

	TRY(name_sidecar_check(created->sidecar, cx->err));
	TRY(check_apart(cx, created, created));
	TRY(topo_list(cx, c->topo, "/keyspaces/", &all));
	for (size_t i = 0; i < all.count; i++) {
		struct keyspace_record r;

		TRY(keyspace_read(cx->arena, all.items[i].value, &r, cx->err));
		TRY(check_apart(cx, created, &r));
		TRY(check_apart(cx, &r, created));
	}
	return 0;
}

/* With --force it may be there already, and is answered as it is. */
static int
enter_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct keyspace_record *r)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct topo_compare none = { .key = keyspace_key(cx->arena, q->keyspace), .modified = 0 };

	keyspace_write(&json, r);
	if (topo_put(cx, c->topo, &none, buf_slice(&json), 0, NULL) == 0)
		return 0;
	if (cx->err->kind != ERR_CONFLICT)
		return -1;
	if (q->force)
		return cluster_keyspace(cx, c, q->keyspace, r);
	err_set(cx->err, ERR_REFUSED, "node already exists: keyspaces/%s/Keyspace", q->keyspace);
	return err_hint(cx->err, "with --force this is no error");
}

static int
create_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct keyspace_record r = { .name = q->keyspace,
		.database = q->database[0] == '\0' ? q->keyspace : q->database,
		.sidecar = q->sidecar,
		.server_kind = q->server_kind,
		.created_us = clock_wall() };

	TRY(name_check("keyspace", q->keyspace, cx->err));
	TRY(name_check("database", r.database, cx->err));
	TRY(check_sidecars(cx, c, &r));
	TRY(check_kind(cx, c, q->server_kind));
	TRY(enter_keyspace(cx, c, q, &r));
	TRY(wait_tablet(cx, c, q->keyspace));
	put_keyspace(out, &r);
	return 0;
}

static int
get_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct keyspace_record r;

	TRY(cluster_keyspace(cx, c, q->keyspace, &r));
	put_keyspace(out, &r);
	return 0;
}

static int
follow_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct keyspace_record r;

	TRY(follow_set(cx, c, q->keyspace, q->target_keyspace, q->force));
	TRY(cluster_keyspace(cx, c, q->keyspace, &r));
	put_keyspace(out, &r);
	return 0;
}

static int
get_keyspaces(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	struct topo_list all;

	TRY(topo_list(cx, c->topo, "/keyspaces/", &all));
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "keyspaces", '[');
	for (size_t i = 0; i < all.count; i++) {
		struct keyspace_record r;

		TRY(keyspace_read(cx->arena, all.items[i].value, &r, cx->err));
		json_put_str(&w, NULL, r.name);
	}
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	return 0;
}

/* ---- Tablets */

static int
put_tablet(struct ctx *cx, struct ctl *c, struct json_writer *w, const struct tablet_record *t)
{
	struct health_record h;

	TRY(cluster_health(cx, c, t->alias, &h));
	json_put_open(w, NULL, '{');
	json_put_str(w, "alias", t->alias);
	json_put_str(w, "keyspace", t->keyspace);
	json_put_str(w, "shard", t->shard);
	json_put_str(w, "type", tablet_type_name(t->type));
	json_put_str(w, "state", h.state);
	json_put_i64(w, "lag_ms", h.lag_ms);
	json_put_str(w, "server", t->server);
	json_put_str(w, "http", t->http);
	json_put_close(w, '}');
	return 0;
}

static int
by_alias(const void *a, const void *b)
{
	const struct tablet_record *x = a, *y = b;
	int cells = strcmp(x->cell, y->cell);

	return cells != 0 ? cells : x->uid - y->uid;
}

static int
get_tablets(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	struct topo_list all;
	struct tablet_record *tablets;

	TRY(topo_list(cx, c->topo, "/tablets/", &all));
	tablets = arena_array(cx->arena, struct tablet_record, all.count);
	for (size_t i = 0; i < all.count; i++)
		TRY(tablet_read(cx->arena, all.items[i].value, &tablets[i], cx->err));
	if (all.count > 0)
		qsort(tablets, all.count, sizeof(*tablets), by_alias);
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "tablets", '[');
	for (size_t i = 0; i < all.count; i++) {
		if (q->keyspace[0] == '\0' || strcmp(tablets[i].keyspace, q->keyspace) == 0)
			TRY(put_tablet(cx, c, &w, &tablets[i]));
	}
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	return 0;
}

static int
validate_tablet(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct tablet_record tablet;
	struct keyspace_record keyspace;
	struct validate_reply r;

	TRY(cluster_tablet(cx, c, q->alias, &tablet));
	TRY(cluster_keyspace(cx, c, tablet.keyspace, &keyspace));
	const struct validate_request request = {
		.head.timeout = cx->deadline - task_now(),
		.database = keyspace.database,
	};
	TRY(rpc_tablet(cx, tablet.http, TABLET_VALIDATE, &request, &r));
	message_write(out, &validate_reply_message, &r);
	return 0;
}

/* ---- Who serves what */

static void
put_partition(struct json_writer *w, const char *served_type)
{
	json_put_open(w, NULL, '{');
	json_put_str(w, "served_type", served_type);
	json_put_open(w, "shard_references", '[');
	json_put_open(w, NULL, '{');
	json_put_str(w, "name", "0");
	json_put_raw(w, "key_range", slice_str("null"));
	json_put_close(w, '}');
	json_put_close(w, ']');
	json_put_close(w, '}');
}

static void
put_routing(
    struct ctx *cx, struct json_writer *w, const struct rules_record *rules, const char *keyspace)
{
	json_put_open(w, "routing", '{');
	json_put_i64(w, "version", rules->version);
	json_put_open(w, "tables", '[');
	for (size_t i = 0; i < rules->count; i++) {
		const struct routing_rule *r = &rules->rules[i];

		if (strcmp(r->from_keyspace, keyspace) != 0)
			continue;
		json_put_open(w, NULL, '{');
		json_put_str(w, "table", r->from_table);
		json_put_str(w, "served_by", name_of_table(cx->arena, r->to_keyspace, r->to_table));
		json_put_str(w, "phase", rule_phase_name(r->phase));
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
	json_put_close(w, '}');
}

static int
get_srv_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct json_writer w = json_to(out);
	struct keyspace_record keyspace;
	struct rules_record rules;

	TRY(cluster_keyspace(cx, c, q->keyspace, &keyspace));
	TRY(rules_load(cx, c, &rules));
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "partitions", '[');
	put_partition(&w, "PRIMARY");
	put_partition(&w, "REPLICA");
	put_partition(&w, "RDONLY");
	json_put_close(&w, ']');
	put_routing(cx, &w, &rules, q->keyspace);
	json_put_close(&w, '}');
	return 0;
}

/* ---- What clients do */

static int
get_statements(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct keyspace_record keyspace;
	struct statements_record seen;

	if (q->keyspace[0] != '\0')
		TRY(cluster_keyspace(cx, c, q->keyspace, &keyspace));
	TRY(seen_statements(cx, c, q->keyspace, &seen));
	message_write(out, &statements_record_message, &seen);
	return 0;
}

const struct api_method api_cluster_methods[] = {
	{ "create_keyspace", create_keyspace },
	{ "get_keyspaces", get_keyspaces },
	{ "get_keyspace", get_keyspace },
	{ "follow_keyspace", follow_keyspace },
	{ "get_tablets", get_tablets },
	{ "validate_tablet", validate_tablet },
	{ "get_srv_keyspace", get_srv_keyspace },
	{ "get_statements", get_statements },
	{ NULL, NULL },
};
