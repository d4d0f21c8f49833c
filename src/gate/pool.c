#include "gate/pool.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "gate/refuse.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"
#include "sql/modes.h"
#include "task/conn.h"

#include <stdlib.h>

/* For so long what the server has said about its init_connect is believed. */
#define ONCE_KNOWN SECOND

/* The list that a backend of that state is in (2). */
static const struct list *
list_of(const struct pool *p, enum backend_state state)
{
	switch (state) {
	case BACKEND_IDLE: return &p->idle;
	case BACKEND_PARKED: return &p->parked;
	case BACKEND_IN_USE: return NULL;
	}
	unreachable();
}

void
backend_check(const struct backend *b)
{
	check(b->node.list == list_of(b->pool, b->state));                   /* (2) */
	check(b->state == BACKEND_PARKED ? *b->slot == b : b->slot == NULL); /* (3) */
}

void
pool_check(const struct pool *p)
{
	check(p->count <= p->max);                          /* (1) */
	check(p->idle.count + p->parked.count <= p->count); /* (1) */
}

void
pool_init(struct pool *p, const char *user, const struct secret *password, size_t max)
{
	*p = (struct pool){ .user = user,
		.password = password,
		.max = max,
		.connect_timeout = 10 * SECOND, /* a server that starts is given time */
		.take_timeout = 10 * SECOND,    /* a client that waits longer is told 1040 */
		.keep = MINUTE };               /* longer than the pauses of a busy application */
	list_init(&p->idle);
	list_init(&p->parked);
}

bool
backend_fits(const struct backend *b, const struct pool_key *key)
{
	return b->caps == key->caps && b->collation == key->collation &&
	    strcmp(b->server, key->server) == 0;
}

bool
backend_has_gone(const struct backend *b)
{
	return b->state == BACKEND_PARKED && conn_ended(mysql_packets(b->client)->conn) &&
	    !mutant("gate_parked_ended");
}

void
backend_set_database(struct backend *b, const char *name)
{
	b->fits = NULL;
	free(b->database);
	b->database = name == NULL ? NULL : mem_strdup(name);
}

static void
destroy(struct backend *b)
{
	if (b->node.list != NULL)
		list_remove(&b->node);
	b->pool->count--;
	mysql_close(b->client);
	idmap_done(&b->statements);
	free(b->server);
	free(b->database);
	free(b);
}

/* Servers of several versions run different executable comments: then nothing is sure. */
static void
note_version(struct pool *p, const char *version)
{
	unsigned modes = modes_of_server(version);

	p->mixed = p->mixed || (p->greeted && modes != p->server_modes);
	p->greeted = true;
	p->server_modes = p->mixed ? 0 : modes;
}

static int
connect_client(struct ctx *cx, struct pool *p, const struct pool_key *key, struct mysql_client **out)
{
	struct mysql_params params = { .address = key->server,
		.user = p->user,
		.password = p->password,
		.link = p->link,
		.caps_with = key->caps,
		.caps_without = POOL_CAPS & ~key->caps,
		.collation = key->collation };
	struct ctx within = ctx_within(cx, p->connect_timeout);

	p->connects++;
	TRY(mysql_connect(&within, &params, out));
	note_version(p, mysql_server_version(*out));
	return 0;
}

static int
connect_backend(struct ctx *cx, struct pool *p, const struct pool_key *key, struct backend **out)
{
	struct backend *b = mem_new(struct backend);

	*b = (struct backend){ .pool = p,
		.state = BACKEND_IN_USE,
		.server = mem_strdup(key->server),
		.caps = key->caps,
		.collation = key->collation,
		.serial = ++p->serials };
	p->count++;
	if (connect_client(cx, p, key, &b->client) != 0) {
		destroy(b);
		waitlist_wake_one(&p->freed);
		return -1;
	}
	*out = b;
	return 0;
}

/* The youngest that fits, or NULL. */
static struct backend *
find(struct list *in, const struct pool_key *key)
{
	for (struct list_node *n = in->last; n != NULL; n = n->prev) {
		struct backend *b = list_item(n, struct backend, node);

		if (backend_fits(b, key))
			return b;
	}
	return NULL;
}

static void
detach(struct backend *b)
{
	backend_check(b);
	if (b->state == BACKEND_PARKED)
		*b->slot = NULL;
	b->slot = NULL;
	list_remove(&b->node);
	b->state = BACKEND_IN_USE;
	b->since = task_now();
}

/* A server may have closed what lay idle: better to see it now than after the statement was sent.
 */
static bool
is_alive(struct backend *b)
{
	return !mysql_broken(b->client) && !mysql_hung_up(b->client);
}

static struct backend *
reuse(struct pool *p, struct list *in, const struct pool_key *key)
{
	struct backend *b;

	while ((b = find(in, key)) != NULL) {
		detach(b);
		if (is_alive(b))
			return b;
		destroy(b);
	}
	return NULL;
}

/* Makes room for a connection of another kind: closes the oldest that no session must keep. */
static bool
evict(struct pool *p)
{
	struct list *from = !list_empty(&p->idle) ? &p->idle : &p->parked;

	if (list_empty(from))
		return false;
	struct backend *b = list_item(from->first, struct backend, node);

	p->steals += from == &p->parked;
	detach(b);
	destroy(b);
	return true;
}

int
pool_take(struct ctx *cx, struct pool *p, const struct pool_key *key, struct backend **out)
{
	struct ctx within = ctx_within(cx, p->take_timeout);

	pool_check(p);
	p->takes++;
	for (;;) {
		*out = reuse(p, &p->idle, key);
		if (*out != NULL)
			return 0;
		if (p->count >= p->max) {
			*out = reuse(p, &p->parked, key);
			p->steals += *out != NULL;
			if (*out != NULL)
				return 0;
		}
		if (p->count < p->max || evict(p))
			return connect_backend(cx, p, key, out);
		p->waits++;
		if (waitlist_wait(&within, &p->freed) != 0) {
			if (cx->err->kind != ERR_TIMEOUT)
				return -1;
			return refuse(cx->err, ER_CON_COUNT_ERROR,
			    "Too many connections: vtgate's %zu to "
			    "database servers are all in use",
			    p->max);
		}
	}
}

void
pool_give(struct pool *p, struct backend *b, bool reusable)
{
	pool_check(p);
	backend_check(b);
	check(b->state == BACKEND_IN_USE);
	if (!reusable || mysql_broken(b->client)) {
		destroy(b);
	} else {
		b->state = BACKEND_IDLE;
		b->since = task_now();
		list_push(&p->idle, &b->node);
	}
	waitlist_wake_one(&p->freed);
}

void
pool_park(struct pool *p, struct backend *b, struct backend **slot)
{
	backend_check(b);
	check(b->state == BACKEND_IN_USE && *slot == b);
	b->state = BACKEND_PARKED;
	b->slot = slot;
	b->since = task_now();
	list_push(&p->parked, &b->node);
	backend_check(b);
	if (!waitlist_empty(&p->freed))
		waitlist_wake_one(&p->freed);
}

void
pool_unpark(struct pool *p, struct backend *b)
{
	backend_check(b);
	check(b->state == BACKEND_PARKED);
	list_remove(&b->node);
	b->slot = NULL;
	b->state = BACKEND_IN_USE;
}

void
pool_age(struct pool *p)
{
	usec before = task_now() - p->keep;

	pool_check(p);
	list_each(&p->idle, n) {
		struct backend *b = list_item(n, struct backend, node);

		backend_check(b);
		if (b->since <= before)
			destroy(b);
	}
	list_each(&p->parked, m) {
		struct backend *b = list_item(m, struct backend, node);

		backend_check(b);
		if (b->since > before)
			continue;
		detach(b);
		pool_give(p, b, true);
	}
	pool_check(p);
}

void
pool_close_idle(struct pool *p)
{
	pool_check(p);
	list_each(&p->idle, n)
		destroy(list_item(n, struct backend, node));
}

void
pool_done(struct pool *p)
{
	pool_close_idle(p);
	check(p->count == 0);
}

/* Does the server have an init_connect, which it runs for each new connection? */
static int
ask_once(struct ctx *cx, struct backend *b)
{
	struct mysql_rows rows;
	struct ctx inner = *cx;
	int rc;
	SCOPED(arena)
	struct arena arena = ARENA_INIT;

	inner.arena = &arena;
	rc = mysql_select(
	    &inner, b->client, slice_str("SELECT @@GLOBAL.init_connect <> '' LIMIT 1"), &rows);
	if (rc != 0)
		return -1;
	b->once = rows.rows != 1 || rows.columns != 1 || !slice_eq_str(rows.values[0], "0");
	b->once_known = task_now();
	return 0;
}

/* The same backend with a new connection, on which no session has left anything. */
static int
connect_anew(struct ctx *cx, struct backend *b)
{
	const struct pool_key key = { b->server, b->caps, b->collation };
	struct mysql_client *fresh;

	TRY(connect_client(cx, b->pool, &key, &fresh));
	mysql_close(b->client);
	b->client = fresh;
	backend_set_database(b, NULL);
	return 0;
}

int
backend_reset(struct ctx *cx, struct backend *b)
{
	static const uint8_t command[] = { COM_RESET_CONNECTION };
	struct packets *packets = mysql_packets(b->client);
	struct reply_scan scan;

	packets_begin_command(packets);
	TRY(packets_send(cx, packets, slice_of(command, sizeof command)));
	reply_scan_init(&scan, REPLY_RESULT, mysql_caps(b->client));
	TRY(packets_drop_reply(cx, packets, &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	if (b->once_known == 0 || task_now() - b->once_known >= ONCE_KNOWN)
		TRY(ask_once(cx, b));
	if (b->once)
		TRY(connect_anew(cx, b));
	idmap_clear(&b->statements);
	b->was_reset = true;
	b->fits = NULL;
	b->session = b->settings = b->insert_version = 0;
	b->serial = ++b->pool->serials;
	return 0;
}
