#include "tablet/health.h"

#include "base/log.h"

#include <stdio.h>

enum {
	HEALTH_TTL_S = 3,    /* as a gate's lease: what is not renewed for so long is not there */
	HEALTH_PERIOD_S = 1, /* a third of that */
};

static int
write_health(struct ctx *cx, struct health *h, int64_t lease)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char                   key[TOPO_KEY_MAX];
	struct health_record   record = {
		  .healthy = h->healthy,
		  .state = h->healthy ? "SERVING" : "NOT_SERVING",
		  .reason = h->reason,
		  .lag_ms = 0,
		  .version = h->version,
	};

	snprintf(key, sizeof(key), "/health/%s", h->env->alias);
	health_write(&json, &record);
	return topo_set(cx, h->topo, key, buf_slice(&json), lease);
}

static void
on_grant(struct ctx *cx, void *arg, int64_t lease)
{
	if (write_health(cx, arg, lease) != 0)
		log_warn("health could not be written: %s", cx->err->text);
}

int
health_register(struct ctx *cx, struct health *h, const struct tablet_record *record)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char                   key[TOPO_KEY_MAX];

	snprintf(key, sizeof(key), "/tablets/%s", h->env->alias);
	tablet_write(&json, record);
	TRY(topo_set(cx, h->topo, key, buf_slice(&json), 0));
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
		if (was != h->healthy) {
			log_info("server %s is %s %s", h->env->server,
			    h->healthy ? "healthy" : "not healthy:", h->reason);
			on_grant(cx, h, topo_lease_id(h->lease));
		}
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
