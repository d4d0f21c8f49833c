#include "tablet/health.h"

#include "base/log.h"
#include "base/mutant.h"
#include "topo/record.h"

#include <stdio.h>

enum {
	HEALTH_TTL_S = 3,    /* as a gate's lease: what is not renewed for so long is not there */
	HEALTH_PERIOD_S = 1, /* a third of that */
	LAG_STEP_MS = 100,   /* as it is shown */
};

static int64_t
lag_now(const struct health *h)
{
	return h->lag_ms == NULL ? 0 : h->lag_ms(h->lag_arg);
}

static bool
lag_differs(const struct health *h)
{
	int64_t now = lag_now(h);

	return (now < 0) != (h->told_ms < 0) || now / LAG_STEP_MS != h->told_ms / LAG_STEP_MS;
}

static int
write_health(struct ctx *cx, struct health *h, int64_t lease)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char key[TOPO_KEY_MAX];
	struct health_record record = {
		.healthy = h->healthy,
		.state = h->healthy ? "SERVING" : "NOT_SERVING",
		.reason = h->reason,
		.lag_ms = lag_now(h),
		.version = h->version,
	};

	snprintf(key, sizeof(key), "/health/%s", h->env->alias);
	health_write(&json, &record);
	h->told_ms = record.lag_ms;
	h->version_told = true;
	return topo_set(cx, h->topo, key, buf_slice(&json), lease);
}

static void
on_grant(struct ctx *cx, void *arg, int64_t lease)
{
	if (write_health(cx, arg, lease) != 0)
		log_warn("health could not be written: %s", cx->err->text);
}

/* ---- One primary for each keyspace */

static bool
is_rival(const struct tablet_record *ours, const struct tablet_record *r)
{
	return r->type == TABLET_PRIMARY && strcmp(r->keyspace, ours->keyspace) == 0 &&
	    strcmp(r->shard, ours->shard) == 0 && strcmp(r->alias, ours->alias) != 0;
}

/* cx has an arena. */
static int
refuse_second(struct ctx *cx, struct health *h, const struct tablet_record *record)
{
	struct topo_list all;

	TRY(topo_list(cx, h->topo, "/tablets/", &all));
	for (size_t i = 0; i < all.count; i++) {
		struct tablet_record r;

		TRY(tablet_read(cx->arena, all.items[i].value, &r, cx->err));
		if (is_rival(record, &r))
			return err_set(cx->err, ERR_REFUSED,
			    "keyspace '%s' has a primary already: tablet '%s' at '%s'; to take its place "
			    "stop it and start this one with --cell %s --uid %d",
			    r.keyspace, r.alias, r.server, r.cell, r.uid);
	}
	return 0;
}

int
health_may_register(struct ctx *cx, struct health *h, const struct tablet_record *record)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;

	inner.arena = &a;
	return record->type == TABLET_PRIMARY ? refuse_second(&inner, h, record) : 0;
}

static int
revision_of(struct ctx *cx, struct topo *t, const char *key, int64_t *modified)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;
	struct topo_kv kv;

	inner.arena = &a;
	*modified = 0;
	if (topo_get(&inner, t, key, &kv) == 0)
		*modified = kv.modified;
	else if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

/*
 * Two tablets that start at the same time may each see no other primary. So the transaction that enters a
 * primary writes the keyspace's key as well, and compares it with what it was before the tablets were
 * read: the second one's fails, it reads them again, and finds the first.
 */
static int
enter(struct ctx *cx, struct health *h, const struct tablet_record *record)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf json = BUF_INIT;
	char key[TOPO_KEY_MAX], primary[TOPO_KEY_MAX];
	struct topo_compare compare = { .key = primary };
	struct topo_op ops[] = { { .key = key }, { primary, slice_str(record->alias), 0 } };
	bool is_primary = record->type == TABLET_PRIMARY;
	bool compared = is_primary && !mutant("tablet_one_primary");
	struct topo_txn txn = { .compares = &compare,
		.compares_count = compared,
		.ops = ops,
		.ops_count = 1 + (size_t)is_primary };
	struct topo_result result = { 0 };

	snprintf(key, sizeof(key), "/tablets/%s", record->alias);
	snprintf(primary, sizeof(primary), "/primaries/%s",
	    name_pair(&a, record->keyspace, record->shard));
	tablet_write(&json, record);
	ops[0].value = buf_slice(&json);
	while (!result.succeeded) {
		TRY(revision_of(cx, h->topo, primary, &compare.modified));
		TRY(health_may_register(cx, h, record));
		TRY(topo_txn(cx, h->topo, &txn, &result));
	}
	return 0;
}

int
health_register(struct ctx *cx, struct health *h, const struct tablet_record *record)
{
	TRY(enter(cx, h, record));
	TRY(topo_lease_start(cx, h->topo, HEALTH_TTL_S * SECOND, &h->lease));
	topo_lease_on_grant(h->lease, on_grant, h);
	return write_health(cx, h, topo_lease_id(h->lease));
}

static int
ask_server(struct ctx *cx, struct health *h, struct mysql_client **c)
{
	struct ctx within = ctx_within(cx, HEALTH_PERIOD_S * SECOND);

	if (*c != NULL && mysql_broken(*c))
		client_done(c);
	if (*c == NULL)
		TRY(env_dba(&within, h->env, c));
	h->version_told = h->version_told && strcmp(h->version, mysql_server_version(*c)) == 0;
	snprintf(h->version, sizeof(h->version), "%s", mysql_server_version(*c));
	return mysql_exec(&within, *c, slice_str("DO 1"), NULL);
}

int
health_run(struct ctx *cx, struct health *h)
{
	SCOPED(client) struct mysql_client *c = NULL;

	for (;;) {
		bool was = h->healthy;

		h->healthy = ask_server(cx, h, &c) == 0;
		if (!h->healthy && cx->err->kind == ERR_CANCELLED)
			return -1;
		snprintf(h->reason, sizeof(h->reason), "%.199s", h->healthy ? "" : cx->err->text);
		if (was != h->healthy)
			log_info("server %s is %s %s", h->env->server,
			    h->healthy ? "healthy" : "not healthy:", h->reason);
		if (was != h->healthy || lag_differs(h) || !h->version_told)
			on_grant(cx, h, topo_lease_id(h->lease));
		TRY(task_sleep(cx, HEALTH_PERIOD_S * SECOND));
	}
}

void
health_done(struct health *h)
{
	if (h->lease != NULL)
		topo_lease_stop(h->lease);
	h->lease = NULL;
}
