/*
 * GetTablets, a line each, separated by one blank, so that scripts can cut it as they cut Vitess's:
 *
 *   zone1-101 new_customer 0 primary SERVING 0.2s 127.0.0.1:17101
 *   alias, keyspace, shard, type, state, the worst lag of its streams, its server's address
 *
 * GetTablet is Vitess's JSON of a topodata.Tablet. Both ask for all tablets, or one keyspace's, and
 * choose here: there are few.
 */
#include "client/command.h"

#include "client/view.h"
#include "topo/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

struct tablet {
	const char *alias, *keyspace, *shard, *type, *state, *server, *http;
	int64_t lag_ms;
};

struct tablets {
	struct tablet *items;
	size_t count;
};

static int
ask(struct ctx *cx, struct client *c, const char *keyspace, struct tablets *out)
{
	struct ctl_request r = { .keyspace = keyspace };
	struct slice answer;
	struct json_doc doc;

	TRY(client_call(cx, c, "get_tablets", &r, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), tablets = json_get_array(&root, "tablets");
	out->count = json_count(&tablets);
	out->items = arena_array(cx->arena, struct tablet, out->count);
	for (size_t i = 0; i < out->count; i++) {
		struct json t = json_item(&tablets, i);

		out->items[i] = (struct tablet){
			.alias = json_get_str(&t, "alias"),
			.keyspace = json_get_str(&t, "keyspace"),
			.shard = json_get_str(&t, "shard"),
			.type = json_get_str(&t, "type"),
			.state = json_get_str(&t, "state"),
			.server = json_get_str(&t, "server"),
			.http = json_get_str(&t, "http"),
			.lag_ms = json_get_i64(&t, "lag_ms"),
		};
	}
	return json_close(&doc);
}

/* ---- GetTablets */

static void
print_line(const struct tablet *t)
{
	char lag[32] = "unknown";

	if (t->lag_ms >= 0)
		snprintf(lag, sizeof(lag), "%.1fs", (double)t->lag_ms / 1000);
	printf("%s %s %s %s %s %s %s\n", t->alias, t->keyspace, t->shard, t->type, t->state, lag,
	    t->server);
}

static void
put_member(struct json_writer *w, const struct tablet *t)
{
	json_put_open(w, NULL, '{');
	json_put_str(w, "alias", t->alias);
	json_put_str(w, "keyspace", t->keyspace);
	json_put_str(w, "shard", t->shard);
	json_put_str(w, "type", t->type);
	json_put_str(w, "state", t->state);
	json_put_i64(w, "lag_ms", t->lag_ms);
	json_put_str(w, "server", t->server);
	json_put_str(w, "http", t->http);
	json_put_close(w, '}');
}

static bool
is_wanted(const struct tablet *t, const struct command_options *o)
{
	return (o->shard == NULL || strcmp(t->shard, o->shard) == 0) &&
	    (o->tablet_type == NULL || strcasecmp(t->type, o->tablet_type) == 0);
}

static int
check_wanted(struct ctx *cx, const struct command_options *o)
{
	static const char *const types[] = { "primary", "replica", "rdonly" };

	if (o->shard != NULL && o->keyspace == NULL)
		return err_set(cx->err, ERR_REFUSED,
		    "--shard (= %s) cannot be passed without also passing --keyspace", o->shard);
	/* Checked here: an unknown type would match no tablet, and an empty list would look like an
	 * answer. */
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && o->tablet_type != NULL; i++) {
		if (strcasecmp(types[i], o->tablet_type) == 0)
			return 0;
	}
	if (o->tablet_type == NULL)
		return 0;
	err_set(cx->err, ERR_REFUSED, "there is no tablet type '%s'", o->tablet_type);
	return err_hint(cx->err, "primary, replica or rdonly");
}

int
tablets_list(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);
	struct tablets all;

	TRY(check_wanted(cx, o));
	TRY(ask(cx, c, o->keyspace == NULL ? NULL : name_one(cx->arena, o->keyspace), &all));
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "tablets", '[');
	for (size_t i = 0; i < all.count; i++) {
		if (!is_wanted(&all.items[i], o))
			continue;
		put_member(&w, &all.items[i]);
		if (!c->json)
			print_line(&all.items[i]);
	}
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	if (c->json)
		client_print(c, buf_slice(&out));
	return 0;
}

/* ---- GetTablet */

/* "127.0.0.1:17101" as a host's name and a port. */
static int64_t
put_host(struct json_writer *w, const char *key, const char *address)
{
	char host[256];
	int port;
	struct err ignored;

	/* A tablet that has not said its addresses yet: the member is left out, as Vitess leaves out what
	 * is empty. */
	if (parse_hostport(slice_str(address), host, &port, &ignored) != 0)
		return 0;
	json_put_str(w, key, host);
	return port;
}

static void
put_tablet(struct json_writer *w, const struct tablet *t)
{
	char type[16] = "";
	int64_t port;

	for (size_t i = 0; i + 1 < sizeof(type) && t->type[i] != '\0'; i++)
		type[i] =
		    (char)(t->type[i] - ('a' - 'A')); /* as Vitess's enum; all are small letters */
	json_put_open(w, NULL, '{');
	view_put_tablet_as(w, "alias", t->alias);
	port = put_host(w, "hostname", t->http);
	json_put_open(w, "port_map", '{');
	json_put_i64(w, "vt", port);
	json_put_close(w, '}');
	json_put_str(w, "keyspace", t->keyspace);
	json_put_str(w, "shard", t->shard);
	json_put_raw(w, "key_range", slice_str("null"));
	json_put_str(w, "type", type);
	json_put_str(w, "db_name_override", "");
	port = put_host(w, "mysql_hostname", t->server);
	json_put_i64(w, "mysql_port", port);
	json_put_close(w, '}');
}

int
tablets_show(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);
	struct tablets all;

	TRY(ask(cx, c, NULL, &all));
	for (size_t i = 0; i < all.count; i++) {
		if (strcmp(all.items[i].alias, c->args[0]) != 0)
			continue;
		put_tablet(&w, &all.items[i]);
		client_print(c, buf_slice(&out));
		return 0;
	}
	err_set(cx->err, ERR_NOT_FOUND, "tablet '%s' does not exist", c->args[0]);
	return err_hint(cx->err, "list them with: vtctlclient GetTablets");
}
