#include "ctl/cluster.h"

enum { HEALTHY_POLL_MS = 100 }; /* beside the seconds that a database server takes to start */

void
ctl_kick(struct ctl *c)
{
	c->kick = true;
	waitlist_wake_all(&c->kicked);
}

int
cluster_keyspace(struct ctx *cx, struct ctl *c, const char *name, struct keyspace_record *out)
{
	struct topo_kv kv;

	TRY(name_check("keyspace", name, cx->err));
	if (topo_get(cx, c->topo, keyspace_key(cx->arena, name), &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		err_set(cx->err, ERR_REFUSED, "keyspace '%s' does not exist", name);
		return err_hint(cx->err, "list them with: vtctlclient GetKeyspaces");
	}
	return keyspace_read(cx->arena, kv.value, out, cx->err);
}

int
cluster_tablet(struct ctx *cx, struct ctl *c, const char *alias, struct tablet_record *out)
{
	struct topo_kv kv;

	if (topo_get(cx, c->topo, arena_printf(cx->arena, "/tablets/%s", alias), &kv) != 0)
		return err_wrap(cx->err, "looking up tablet '%s'", alias);
	return tablet_read(cx->arena, kv.value, out, cx->err);
}

int
cluster_primary(struct ctx *cx, struct ctl *c, const char *keyspace, struct tablet_record *out)
{
	struct topo_list all;

	TRY(topo_list(cx, c->topo, "/tablets/", &all));
	for (size_t i = 0; i < all.count; i++) {
		TRY(tablet_read(cx->arena, all.items[i].value, out, cx->err));
		if (out->type == TABLET_PRIMARY && strcmp(out->keyspace, keyspace) == 0)
			return 0;
	}
	err_set(cx->err, ERR_REFUSED, "keyspace '%s' has no primary tablet", keyspace);
	return err_hint(cx->err, "start a vttablet with --keyspace %.64s --type primary", keyspace);
}

int
cluster_tables_call(
    struct ctx *cx, struct ctl *c, const struct places *p, enum tablet_method method, void *reply)
{
	struct keyspace_record k;
	struct tablet_record primary;

	TRY(cluster_keyspace(cx, c, p->keyspace, &k));
	TRY(cluster_primary(cx, c, p->keyspace, &primary));
	struct tables_request q = {
		.head.timeout = cx->deadline - task_now(),
		.database = k.database,
		.tables = p->tables,
		.tables_count = p->count,
	};
	return rpc_tablet(cx, primary.http, method, &q, reply);
}

int
cluster_table_call(
    struct ctx *cx, struct ctl *c, const struct place *p, enum tablet_method method, void *reply)
{
	const char *table = p->table;
	const struct places one = { p->keyspace, &table, 1 };

	return cluster_tables_call(cx, c, &one, method, reply);
}

int
cluster_table_rename(struct ctx *cx, struct ctl *c, const struct place *p, const char *to)
{
	struct keyspace_record k;
	struct tablet_record primary;

	TRY(cluster_keyspace(cx, c, p->keyspace, &k));
	TRY(cluster_primary(cx, c, p->keyspace, &primary));
	const struct table_rename_request q = {
		.head.timeout = cx->deadline - task_now(),
		.database = k.database,
		.table = p->table,
		.to = to,
	};
	return rpc_tablet(cx, primary.http, TABLET_TABLE_RENAME, &q, NULL);
}

int
cluster_health(struct ctx *cx, struct ctl *c, const char *alias, struct health_record *out)
{
	struct topo_kv kv;

	if (topo_get(cx, c->topo, arena_printf(cx->arena, "/health/%s", alias), &kv) == 0)
		return health_read(cx->arena, kv.value, out, cx->err);
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	*out = (struct health_record){ .state = "NOT_SERVING",
		.reason = "its vttablet does not answer",
		.lag_ms = -1,
		.version = "" };
	return 0;
}

int
cluster_wait_healthy(struct ctx *cx, struct ctl *c, const char *keyspace)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct tablet_record tablet;
		struct health_record health;

		inner.arena = &scratch;
		if (cluster_primary(&inner, c, keyspace, &tablet) == 0) {
			TRY(cluster_health(&inner, c, tablet.alias, &health));
			if (health.healthy)
				return 0;
		} else if (cx->err->kind != ERR_REFUSED) {
			return -1;
		}
		err_clear(cx->err);
		if (task_sleep(cx, HEALTHY_POLL_MS * MSEC) != 0)
			return err_wrap(
			    cx->err, "waiting for a healthy tablet of keyspace '%s'", keyspace);
	}
}
