#include "unit/gate/world.h"

#include "base/mem.h"
#include "gate/kill.h"
#include "gate/plan_kept.h"
#include "gate/kill_ask.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"
#include "task/sim.h"
#include "test.h"

#include <stdlib.h>

/* ---- servers ---- */

struct server {
	struct world *world;
	const char *name;
};

/* Of one connection at a server. */
struct memory {
	bool open, autocommit_off, generated; /* an insert id: 7, ever */
};

static uint16_t
status(const struct memory *m)
{
	return (uint16_t)((m->open ? STATUS_IN_TRANS : 0) |
	    (m->autocommit_off ? 0 : STATUS_AUTOCOMMIT));
}

static bool
is_write(struct slice sql)
{
	return slice_starts_nocase(sql, "update") || slice_starts_nocase(sql, "insert") ||
	    slice_starts_nocase(sql, "delete") || slice_starts_nocase(sql, "call");
}

static int
send_ok(struct ctx *cx, struct fake_session *s, const struct memory *m)
{
	struct ok_packet ok = { .status = status(m), .insert_id = m->generated ? 7 : 0 };

	return server_send_ok(cx, &s->packets, s->client.caps, &ok);
}

static int
send_row(struct ctx *cx, struct fake_session *s, const struct memory *m, const char *value)
{
	struct slice name = slice_str("v"), v = slice_str(value);
	struct server_rows rows = {
		.columns = 1, .rows = 1, .names = &name, .values = &v, .status = status(m)
	};

	return server_send_rows(cx, &s->packets, s->client.caps, &rows);
}

static int
send_error(struct ctx *cx, struct fake_session *s, int number, const char *text)
{
	struct err e = { 0 };

	err_set(&e, ERR_SERVER, "%s", text);
	e.mysql_errno = number;
	memcpy(e.sqlstate, "45000", 6);
	return server_send_err(cx, &s->packets, &e);
}

static int
send_prepared(struct ctx *cx, struct fake_session *s)
{
	static const uint8_t ok[] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	TRY(packets_write(cx, &s->packets, slice_of(ok, sizeof ok)));
	return packets_flush(cx, &s->packets);
}

static void
take_transaction(struct memory *m, struct slice sql)
{
	if (slice_starts_nocase(sql, "begin") || slice_starts_nocase(sql, "start transaction"))
		m->open = true;
	else if (slice_starts_nocase(sql, "rollback to"))
		return;
	else if (slice_starts_nocase(sql, "commit") || slice_starts_nocase(sql, "rollback"))
		m->open = false;
	else if (slice_eq_nocase(sql, slice_str("set autocommit=0")) ||
	    slice_eq_nocase(sql, slice_str("set autocommit = 0")))
		m->autocommit_off = true;
	else if (slice_eq_nocase(sql, slice_str("set autocommit=1")))
		m->autocommit_off = m->open = false;
	else if (m->autocommit_off && !slice_starts_nocase(sql, "set"))
		m->open = true;
}

static int
answer(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	struct server *server = arg;
	struct world *w = server->world;
	struct memory *m = s->user;

	if (m == NULL)
		m = s->user = arena_new(cx->arena, struct memory);
	if (slice_starts(sql, "@Ping") || (slice_starts(sql, "@Init DB") && !w->databases))
		return send_ok(cx, s, m);
	if (slice_starts(sql, "@Close stmt"))
		return 0; /* it has no answer */
	if (slice_starts(sql, "SELECT @@GLOBAL.init_connect"))
		return send_row(cx, s, m, "0");
	buf_addf(&w->said, "%s: %.*s\n", server->name, SLICE_ARG(sql));
	if (slice_starts(sql, "@Prepare")) /* OK, number 1, no columns, no parameters */
		return send_prepared(cx, s);
	if (slice_starts(sql, "@Reset"))
		*m = (struct memory){ 0 };
	if (memmem(sql.ptr, sql.len, "slow", 4) != NULL)
		TRY(task_sleep(cx, w->slow));
	if (slice_starts(sql, "KILL"))
		TRY(task_sleep(cx, w->slow_kill));
	if (w->fence && is_write(sql) && memmem(sql.ptr, sql.len, "users", 5) != NULL &&
	    strcmp(server->name, "db1") == 0)
		return send_error(cx, s, FENCE_ERRNO, FENCE_TEXT "table 'customer.users' has moved");
	if (!w->chain || !slice_starts_nocase(sql, "commit"))
		take_transaction(m, sql);
	if (memmem(sql.ptr, sql.len, "deadlock", 8) != NULL) {
		m->open = false;
		return send_error(cx, s, 1213, "Deadlock found");
	}
	if (memmem(sql.ptr, sql.len, "victim", 6) != NULL && w->victims > 0) {
		w->victims--;
		m->open = false;
		return send_error(cx, s, 1213, "Deadlock found");
	}
	if (slice_starts_nocase(sql, "select last_insert_id()"))
		return send_row(cx, s, m, "7");
	m->generated = memmem(sql.ptr, sql.len, "generate", 8) != NULL;
	return slice_starts_nocase(sql, "select") || memmem(sql.ptr, sql.len, "returning", 9) != NULL
	    ? send_row(cx, s, m, server->name)
	    : send_ok(cx, s, m);
}

static struct fake *
start_server(struct world *w, struct server *s, const char *name, const char *address)
{
	struct fake *f = fake_start(address);

	*s = (struct server){ w, name };
	fake_call(fake_on(f, "*"), answer, s);
	return f;
}

/* ---- the gate ---- */

struct arrival {
	struct world *world;
	struct conn *conn;
};

static void
client_task(void *arg)
{
	struct arrival *a = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct client_connection_params params = { .loop = &a->world->gate_loop,
		.id = ++a->world->clients };

	client_connection_serve(&cx, &params, a->conn);
	free(a);
}

static void
accept_task(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct conn *conn;

	while (net_accept(&cx, w->listener, &conn) == 0) {
		struct arrival *a = mem_new(struct arrival);

		*a = (struct arrival){ w, conn };
		expect_ok(group_spawn(&w->group, "client", client_task, a, &err), &err);
	}
}

static void
refresh(void *arg)
{
	struct world *w = arg;

	w->refreshes++;
	if (w->refreshed_to > w->gate_loop.in_flight.route->rules.version)
		world_rules(w, w->refreshed_to, "new_customer", RULE_OPEN);
}

void
world_rules(struct world *w, int64_t version, const char *to, enum rule_phase phase)
{
	in_flight_set_route(&w->gate_loop.in_flight, route_of(version, to, phase));
}

void
world_lease(struct world *w, uint64_t epoch, usec until)
{
	lease_view_publish(&w->lease, epoch, until);
}

/* One worker, whose clients are all there are. */
static void
pass_kill(void *arg, const struct kill_order *order)
{
	struct world *w = arg;
	struct kill_order answer = *order;

	answer.answers = 1;
	kill_here(&w->gate_loop, &answer);
	kill_answered(&w->gate_loop, &answer);
}

static void
start_gate(struct world *w)
{
	struct gate_loop *l = &w->gate_loop;
	struct err err = { 0 };

	w->credentials = mem_new(struct credentials);
	memcpy(w->credentials->app.user, "vt_app", 7);
	w->credentials->clients_count = 1;
	memcpy(w->credentials->clients[0].account.user, "app", 4);
	l->lease = &w->lease;
	l->packet_max = 1 << 24;
	l->refresh = refresh;
	l->kill = pass_kill;
	l->tasks = &w->group;
	l->arg = w;
	list_init(&l->sessions);
	in_flight_init(&l->in_flight, 1 << 20);
	l->credentials = w->credentials;
	l->statements = statement_cache_new();
	l->plans = mem_new(struct plans_kept);
	l->digests = digests_new(task_now());
	pool_init(&l->pool, "vt_app", &w->credentials->app.password, 10);
	w->listener = net_listen("gate:3306", false, &err);
	expect(w->listener != NULL);
	expect_ok(group_spawn(&w->group, "accept", accept_task, w, &err), &err);
}

struct play {
	story_fn *story;
};

static void
main_task(void *arg)
{
	struct play *play = arg;
	struct world *w = mem_new(struct world);
	struct server servers[2];
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	buf_init(&w->said);
	group_init(&w->group);
	w->db1 = start_server(w, &servers[0], "db1", "db1:3306");
	w->db2 = start_server(w, &servers[1], "db2", "db2:3306");
	start_gate(w);
	world_rules(w, 0, "customer", RULE_OPEN);
	world_lease(w, 1, NEVER);
	play->story(&cx, w);
	group_done(&w->group);
	expect_eq(w->gate_loop.sessions.count, 0);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	listener_close(w->listener);
	pool_done(&w->gate_loop.pool);
	in_flight_done(&w->gate_loop.in_flight);
	statement_cache_free(w->gate_loop.statements);
	free(w->gate_loop.plans);
	digests_free(w->gate_loop.digests);
	fake_stop(w->db1);
	fake_stop(w->db2);
	buf_done(&w->said);
	free(w->credentials);
	free(w);
	arena_done(&arena);
}

void
world_run(story_fn *story)
{
	struct play play = { story };
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("story", main_task, &play);
	expect(t != NULL);
	task_detach(t);
	sim_run();
}

void
world_pause(struct ctx *cx, usec time)
{
	expect_ok(task_sleep(cx, time), cx->err);
}

/* ---- clients ---- */

struct mysql_client *
world_client(struct ctx *cx, const char *database)
{
	struct mysql_params params = { .address = "gate:3306", .user = "app", .database = database };
	struct mysql_client *c;

	expect_ok(mysql_connect(cx, &params, &c), cx->err);
	return c;
}

int
world_do(struct ctx *cx, struct mysql_client *c, const char *sql)
{
	int rc = mysql_exec(cx, c, slice_str(sql), NULL);

	if (rc == 0)
		return 0;
	return cx->err->kind == ERR_SERVER ? cx->err->mysql_errno : -1;
}

static int
exchange(struct ctx *cx, struct mysql_client *c, struct slice packet, struct reply_scan *scan)
{
	struct packets *p = mysql_packets(c);

	packets_begin_command(p);
	expect_ok(packets_write(cx, p, packet), cx->err);
	expect_ok(packets_flush(cx, p), cx->err);
	expect_ok(packets_drop_reply(cx, p, scan), cx->err);
	if (!scan->failed)
		return 0;
	(void)err_from_packet(reply_scan_tail(scan), cx->err);
	return cx->err->mysql_errno;
}

int
world_command(struct ctx *cx, struct mysql_client *c, const void *packet, size_t len)
{
	struct reply_scan scan;

	reply_scan_init(&scan, REPLY_RESULT, mysql_caps(c));
	return exchange(cx, c, slice_of(packet, len), &scan);
}

uint32_t
world_prepare(struct ctx *cx, struct mysql_client *c, const char *sql)
{
	struct reply_scan scan;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	command_put_text(&packet, COM_STMT_PREPARE, slice_str(sql));
	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(c));
	expect_eq(exchange(cx, c, buf_slice(&packet), &scan), 0);
	return scan.statement_id;
}

int
world_execute(struct ctx *cx, struct mysql_client *c, uint32_t id)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	wire_put_int(&packet, COM_STMT_EXECUTE, 1);
	wire_put_int(&packet, id, 4);
	wire_put_int(&packet, 0, 1); /* no cursor */
	wire_put_int(&packet, 1, 4);
	return world_command(cx, c, packet.data, packet.len);
}

const char *
world_ask(struct ctx *cx, struct mysql_client *c, const char *sql)
{
	struct mysql_rows rows;

	if (mysql_select(cx, c, slice_str(sql), &rows) != 0)
		return arena_printf(cx->arena, "error %d", cx->err->mysql_errno);
	expect(rows.rows == 1 && rows.columns == 1);
	return arena_slice_str(cx->arena, rows.values[0]);
}

void
world_expect(struct world *w, const char *said)
{
	expect_str(w->said.data, said);
	buf_reset(&w->said);
}

static void
background_task(void *arg)
{
	struct background *b = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	b->rc = world_do(&cx, b->client, b->sql);
	b->at = task_now();
	b->done = true;
}

void
world_start(struct world *w, struct background *b, struct mysql_client *client, const char *sql)
{
	struct err err = { 0 };

	*b = (struct background){ .client = client, .sql = sql };
	expect_ok(group_spawn(&w->group, "statement", background_task, b, &err), &err);
}
