#include "gate/conversation.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/execute.h"
#include "gate/forward.h"
#include "gate/refuse.h"
#include "gate/savepoint.h"
#include "gate/variables.h"
#include "mysql/command.h"
#include "mysql/server.h"

#include <stdlib.h>

/* What we do not offer: statements in a row are told apart by nobody, and changes of a session are
 * not relayed because the connection behind it changes. */
#define OFFERED_CAPS (SERVER_CAPS & ~(CAP_MULTI_STATEMENTS | CAP_SESSION_TRACK | CAP_INTERACTIVE))

#define SAVE_AFTER        SECOND        /* longer than between the statements of a busy client */
#define HANDSHAKE_TIMEOUT (10 * SECOND) /* the servers' own connect_timeout */

/* ---- transactions and databases ---- */

static int
begin(struct ctx *cx, struct session *s, const struct request *q)
{
	if (execute_commit(cx, s) != 0)
		return -1;
	s->txn = TXN_PENDING;
	buf_reset(&s->begin);
	buf_swap(&s->begin, &s->next);
	if (!session_begin_with(s, q->sql)) {
		session_end_txn(s);
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET, "so long a BEGIN");
		return session_send_err(cx, s, cx->err);
	}
	return session_send_ok(cx, s);
}

/* COMMIT and ROLLBACK where no server knows of a transaction are answered here. */
static int
end(struct ctx *cx, struct session *s, const struct request *q)
{
	bool chain = q->statement->chain;

	if (s->txn == TXN_OPEN && !chain)
		return execute(cx, s, q);
	if (chain && session_isolation(s) != s->isolation) {
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET, "AND CHAIN after SET TRANSACTION");
		return session_send_err(cx, s, cx->err);
	}
	if (s->txn == TXN_OPEN &&
	    session_side_query(cx, s, s->txn_slot,
		slice_str(q->statement->kind == STATEMENT_COMMIT ? "COMMIT" : "ROLLBACK")) != 0)
		return -1;
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	if (chain) {
		s->txn = TXN_PENDING;
		check(session_begin_with(s, slice_str("START TRANSACTION")));
	}
	session_rest(s);
	return session_send_ok(cx, s);
}

static int
use(struct ctx *cx, struct session *s, struct slice name)
{
	const struct route_keyspace *k = route_keyspace(s->hall->crowd.route, name);

	if (k == NULL && !slice_eq_nocase(name, slice_str("information_schema"))) {
		(void)refuse(cx->err, ER_BAD_DB_ERROR, "Unknown database '%.*s'",
		    SLICE_ARG(slice_cut(name, 0, 200)));
		return session_send_err(cx, s, cx->err);
	}
	session_set_keyspace(s, name);
	return session_send_ok(cx, s);
}

/* ---- statements ---- */

/* The statement as a packet of its own: for a prepared one that the session itself must see. */
static struct request
as_query(struct session *s, const struct request *q)
{
	SCOPED(buf)
	struct buf     packet = BUF_INIT;
	struct request out = *q;

	if (q->prepared == NULL)
		return out;
	command_put_text(&packet, COM_QUERY, q->sql);
	out.packet = arena_dup(&s->arena, buf_slice(&packet));
	out.prepared = NULL;
	return out;
}

/* DEALLOCATE PREPARE and DROP PREPARE run nothing. */
static bool
is_deallocate(const struct request *q)
{
	struct slice sql = slice_trim(q->sql);

	return slice_starts_nocase(sql, "deallocate") || slice_starts_nocase(sql, "drop");
}

/* Texts inside of strings cannot be routed: with rules in force they are refused. */
static int
prepare_in_sql(struct ctx *cx, struct session *s, const struct request *q)
{
	if (s->hall->crowd.route->rules.count == 0 || is_deallocate(q))
		return execute(cx, s, q);
	(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "PREPARE and EXECUTE in SQL once any table is moved, or has been: what they run may name it; "
	    "use the protocol's prepared statements");
	return session_send_err(cx, s, cx->err);
}

/* ---- answers that only a gate knows ---- */

/* Exactly this statement, but for case, blanks around it and a ';'. */
static bool
is_text(struct slice sql, const char *text)
{
	struct slice s = slice_trim(sql);

	if (s.len > 0 && s.ptr[s.len - 1] == ';')
		s = slice_trim(slice_cut(s, 0, s.len - 1));
	return slice_eq_nocase(s, slice_str(text));
}

static int
send_column(
    struct ctx *cx, struct session *s, const char *name, const struct slice *values, size_t n)
{
	struct slice       column = slice_str(name);
	struct server_rows rows = { .columns = 1,
		.rows = n,
		.names = &column,
		.values = values,
		.status = session_status(s) };

	return server_send_rows(cx, &s->client, s->caps, &rows);
}

static int
show_number(struct ctx *cx, struct session *s, const char *name, uint32_t number)
{
	struct slice value = slice_str(arena_printf(&s->arena, "%u", number));

	return send_column(cx, s, name, &value, 1);
}

static int
by_name(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Every keyspace, wherever its server is. */
static int
show_databases(struct ctx *cx, struct session *s)
{
	const struct route *route = s->hall->crowd.route;
	size_t              n = route->keyspaces_count + 1;
	struct slice       *names = arena_array(&s->arena, struct slice, n);

	for (size_t i = 0; i + 1 < n; i++)
		names[i] = slice_str(arena_strdup(&s->arena, route->keyspaces[i].name));
	names[n - 1] = slice_str("information_schema");
	qsort(names, n, sizeof *names, by_name);
	return send_column(cx, s, "Database", names, n);
}

/* ---- any statement ---- */

/* A client knows the number that we gave it; a server's thread of that number is somebody else's.
 */
static bool
is_kill(const struct request *q)
{
	return q->statement->kind == STATEMENT_ADMIN &&
	       slice_starts_nocase(slice_trim(q->sql), "kill");
}

/* What no server may be asked, or 0 to go on. */
static int
refuse_by_name(struct ctx *cx, const struct request *q)
{
	if (q->statement->multiple)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET, "several statements in one");
	if (is_kill(q))
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "KILL: a server's threads serve many clients of vtgate");
	return 0;
}

static int
statement(struct ctx *cx, struct session *s, const struct request *q)
{
	struct request simple = as_query(s, q);

	if (refuse_by_name(cx, q) != 0)
		return session_send_err(cx, s, cx->err);
	switch (q->statement->kind) {
	case STATEMENT_BEGIN:
		if (!q->statement->snapshot)
			return begin(cx, s, &simple);
		/* Its moment is now: at the session's own server. */
		if (execute_commit(cx, s) != 0)
			return -1;
		break;
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
		return end(cx, s, &simple);
	case STATEMENT_SAVEPOINT:
		return savepoint_run(cx, s, q);
	case STATEMENT_USE:
		return use(cx, s, q->statement->use_database);
	case STATEMENT_SET:
		return variables_set(cx, s, q);
	case STATEMENT_PREPARE:
		return prepare_in_sql(cx, s, q);
	case STATEMENT_EMPTY:
		(void)refuse(cx->err, ER_EMPTY_QUERY, "Query was empty");
		return session_send_err(cx, s, cx->err);
	case STATEMENT_SHOW:
		if (is_text(q->sql, "show databases") || is_text(q->sql, "show schemas"))
			return show_databases(cx, s);
		break;
	case STATEMENT_SELECT:
		if (is_text(q->sql, "select connection_id()"))
			return show_number(cx, s, "connection_id()", s->id);
		break;
	case STATEMENT_SELECT_LOCKING:
	case STATEMENT_WRITE:
	case STATEMENT_DDL:
	case STATEMENT_XA:
	case STATEMENT_LOCK_TABLES:
	case STATEMENT_CALL:
	case STATEMENT_ADMIN:
	case STATEMENT_OTHER:
		break;
	}
	return execute(cx, s, q);
}

static int
query(struct ctx *cx, struct session *s, struct slice packet, struct slice sql)
{
	struct statement st;
	struct request   q = { .com = COM_QUERY, .packet = packet, .sql = sql, .statement = &st };

	if (statement_read(&s->arena, sql, s->modes, &st, cx->err) != 0) {
		cx->err->mysql_errno = ER_PARSE_ERROR;
		memcpy(cx->err->sqlstate, "42000", 6);
		return session_send_err(cx, s, cx->err);
	}
	return statement(cx, s, &q);
}

/* ---- prepared statements ---- */

static int
prepare(struct ctx *cx, struct session *s, struct slice sql)
{
	struct prepared *st;

	if (s->statements.count >= PREPARED_MAX) {
		(void)refuse(cx->err, ER_MAX_PREPARED_STMT_COUNT_REACHED,
		    "Can't create more than %d prepared statements", PREPARED_MAX);
		return session_send_err(cx, s, cx->err);
	}
	if (prepared_new(sql, s->modes, &st, cx->err) != 0) {
		cx->err->mysql_errno = ER_PARSE_ERROR;
		return session_send_err(cx, s, cx->err);
	}
	st->id = s->statements_next++;
	prepared_set_keyspace(st, session_keyspace(s));
	return forward_prepare(cx, s, st);
}

static int
unknown_statement(struct ctx *cx, struct session *s, const struct command_packet *c)
{
	(void)refuse(cx->err, ER_UNKNOWN_STMT_HANDLER,
	    "Unknown prepared statement handler (%u) given to %s", c->statement_id,
	    command_name(c->com));
	return session_send_err(cx, s, cx->err);
}

static int
execute_prepared(struct ctx *cx, struct session *s, struct slice packet, struct prepared *st)
{
	struct request q = { .com = COM_STMT_EXECUTE,
		.packet = packet,
		.sql = st->text,
		.statement = &st->statement,
		.prepared = st };

	if (st->long_data_lost) {
		st->long_data_lost = false;
		(void)refuse(cx->err, ER_NET_PACKET_TOO_LARGE, "long data of more than %d bytes",
		    LONG_DATA_MAX);
		return session_send_err(cx, s, cx->err);
	}
	return statement(cx, s, &q);
}

static int
reset_prepared(struct ctx *cx, struct session *s, struct slice packet, struct prepared *st)
{
	buf_reset(&st->long_data);
	st->long_data_lost = false;
	if (s->cursor == st)
		return forward_cursor(cx, s, st, packet, REPLY_RESULT);
	return session_send_ok(cx, s);
}

static int
statement_command(
    struct ctx *cx, struct session *s, const struct command_packet *c, struct slice packet)
{
	struct prepared *st = prepared_find(&s->statements, c->statement_id);

	if (c->com == COM_STMT_SEND_LONG_DATA || c->com == COM_STMT_CLOSE) {
		/* Neither has an answer. */
		if (st != NULL && c->com == COM_STMT_SEND_LONG_DATA)
			prepared_add_long_data(st, packet);
		if (st == NULL || c->com != COM_STMT_CLOSE)
			return 0;
		if (s->cursor == st)
			s->cursor = NULL;
		forward_close(cx, s, st->id);
		prepared_drop(&s->statements, st->id);
		return 0;
	}
	if (st == NULL)
		return unknown_statement(cx, s, c);
	if (c->com == COM_STMT_EXECUTE)
		return execute_prepared(cx, s, packet, st);
	if (c->com == COM_STMT_RESET)
		return reset_prepared(cx, s, packet, st);
	return forward_cursor(cx, s, st, packet, REPLY_ROWS);
}

/* ---- commands ---- */

static int
statistics(struct ctx *cx, struct session *s)
{
	SCOPED(buf)
	struct buf text = BUF_INIT;

	buf_addf(
	    &text, "Clients: %zu  Backends: %zu", s->hall->sessions.count, s->hall->pool.count);
	TRY(packets_write(cx, &s->client, buf_slice(&text)));
	return packets_flush(cx, &s->client);
}

static int
set_option(struct ctx *cx, struct session *s, uint16_t option)
{
	SCOPED(buf)
	struct buf eof = BUF_INIT;

	if (option == 0) {
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET, "several statements in one");
		return session_send_err(cx, s, cx->err);
	}
	eof_put(&eof, s->caps & ~CAP_DEPRECATE_EOF, session_status(s), 0);
	TRY(packets_write(cx, &s->client, buf_slice(&eof)));
	return packets_flush(cx, &s->client);
}

static int
reset_connection(struct ctx *cx, struct session *s)
{
	session_reset(s);
	return session_send_ok(cx, s);
}

static int
unknown_command(struct ctx *cx, struct session *s, const struct command_packet *c)
{
	(void)refuse(cx->err, ER_UNKNOWN_COM_ERROR, "vtgate does not serve the command %s",
	    command_name(c->com));
	return session_send_err(cx, s, cx->err);
}

/* One command. COM_QUIT and what breaks end with -1; QUIT leaves no error. */
static int
command(struct ctx *cx, struct session *s, struct slice packet)
{
	struct command_packet c;

	if (command_read(packet, &c, cx->err) != 0) {
		cx->err->mysql_errno = ER_UNKNOWN_COM_ERROR;
		return session_send_err(cx, s, cx->err);
	}
	if (c.com == COM_QUERY)
		return query(cx, s, packet, c.text);
	if (c.com == COM_STMT_EXECUTE || c.com == COM_STMT_CLOSE || c.com == COM_STMT_RESET ||
	    c.com == COM_STMT_FETCH || c.com == COM_STMT_SEND_LONG_DATA)
		return statement_command(cx, s, &c, packet);
	if (c.com == COM_STMT_PREPARE)
		return prepare(cx, s, c.text);
	if (c.com == COM_PING)
		return session_send_ok(cx, s);
	if (c.com == COM_INIT_DB)
		return use(cx, s, c.text);
	if (c.com == COM_RESET_CONNECTION)
		return reset_connection(cx, s);
	if (c.com == COM_FIELD_LIST)
		return forward_field_list(cx, s, slice_cut(packet, 1, packet.len));
	if (c.com == COM_STATISTICS)
		return statistics(cx, s);
	if (c.com == COM_SET_OPTION)
		return set_option(cx, s, c.option);
	return c.com == COM_QUIT ? -1 : unknown_command(cx, s, &c);
}

/* ---- the client ---- */

struct lookup {
	const struct credentials *credentials;
	bool                      loopback;
};

static bool
lookup_client(void *arg, struct slice user, struct auth_stored *out)
{
	const struct lookup *l = arg;

	for (size_t i = 0; i < l->credentials->clients_count; i++) {
		const struct client_account *c = &l->credentials->clients[i];

		if (!slice_eq_str(user, c->account.user) || (c->loopback_only && !l->loopback))
			continue;
		auth_store(secret_reveal(&c->account.password), out);
		return true;
	}
	return false;
}

/* Collations of character sets that are refused: gbk, sjis, cp932, big5, gb18030. */
static bool
collation_is_refused(unsigned collation)
{
	static const uint8_t refused[] = { 1, 84, 13, 88, 28, 87, 95, 96, 248, 249, 250 };

	return memchr(refused, (int)collation, sizeof refused) != NULL;
}

static int
welcome(struct ctx *cx, struct session *s, const struct server_client *client)
{
	s->caps = client->caps;
	s->collation = client->collation;
	if (collation_is_refused(client->collation))
		(void)variables_refuse_charset(cx->err, slice_str("of the handshake"));
	else if (client->database != NULL && client->database[0] != '\0' &&
		 route_keyspace(s->hall->crowd.route, slice_str(client->database)) == NULL &&
		 strcasecmp(client->database, "information_schema") != 0)
		(void)refuse(
		    cx->err, ER_BAD_DB_ERROR, "Unknown database '%.200s'", client->database);
	if (cx->err->kind != ERR_NONE) {
		s->replied = session_send_err(cx, s, cx->err) == 0;
		return -1;
	}
	if (client->database != NULL && client->database[0] != '\0')
		session_set_keyspace(s, slice_str(client->database));
	return server_welcome(cx, &s->client, client);
}

static int
greet(struct ctx *cx, struct session *s, const struct conversation_params *params)
{
	struct lookup        lookup = { params->credentials, conn_is_loopback(s->conn) };
	struct server_params offer = { .version = s->hall->crowd.route->version,
		.thread_id = params->id,
		.caps = OFFERED_CAPS,
		.lookup = lookup_client,
		.arg = &lookup };
	struct server_client client;
	struct ctx           within = ctx_within(cx, HANDSHAKE_TIMEOUT);

	within.arena = &s->arena;
	TRY(server_greet(&within, &s->client, &offer, &client));
	return welcome(&within, s, &client);
}

/* A session that stays idle gives away what it can: its insert id need not cost a backend. */
static int
wait_for_client(struct ctx *cx, struct session *s)
{
	struct ctx soon = ctx_within(cx, SAVE_AFTER);

	if (s->insert_slot < 0)
		return packets_wait(cx, &s->client);
	if (packets_wait(&soon, &s->client) == 0)
		return 0;
	if (cx->err->kind != ERR_TIMEOUT)
		return -1;
	err_clear(cx->err);
	TRY(session_save_insert_id(cx, s));
	session_rest(s);
	return packets_wait(cx, &s->client);
}

static int
serve(struct ctx *cx, struct session *s)
{
	while (!(s->hall->draining && session_at_rest(s))) {
		struct slice packet;

		packets_park(&s->client);
		arena_reset(&s->arena);
		s->idle = true;
		TRY(wait_for_client(cx, s));
		s->idle = false;
		s->client.seq = 0;
		TRY(packets_read(cx, &s->client, s->hall->packet_max, &packet));
		count(&s->hall->counts.statements, 1);
		s->replied = s->failed = false;
		TRY(command(cx, s, packet));
		err_clear(cx->err);
	}
	return err_set(cx->err, ERR_CANCELLED, "vtgate is stopping");
}

/* What the client is told before its connection ends, where it can still be told. */
static void
goodbye(struct ctx *cx, struct session *s)
{
	struct err err;
	struct ctx last = ctx_shielded(cx, SECOND, &err);

	if (s->replied || s->client.broken || cx->err->kind == ERR_NONE)
		return;
	if (s->hall->draining && cx->err->kind == ERR_CANCELLED)
		(void)refuse(cx->err, ER_SERVER_SHUTDOWN, "Server shutdown in progress");
	if (s->idle)
		s->client.seq = 1; /* it reads this as the answer to its next command */
	if (session_send_err(&last, s, cx->err) != 0)
		log_debug("the client did not hear why: %s", err.text);
}

void
conversation_run(struct ctx *cx, const struct conversation_params *params, struct conn *conn)
{
	struct session *s = mem_new(struct session);

	session_init(s, params->hall, conn, params->id);
	s->task = task_self();
	count(&params->hall->counts.clients, 1);
	if (greet(cx, s, params) == 0) {
		err_clear(cx->err);
		(void)serve(cx, s);
		if (s->killed)
			(void)refuse(cx->err, ER_CONNECTION_KILLED, "Connection was killed");
		goodbye(cx, s);
	}
	session_done(s);
	count(&params->hall->counts.clients, -1);
	conn_close(conn);
	free(s);
}

void
conversation_refuse(struct ctx *cx, struct conn *conn)
{
	struct packets p;
	struct ctx     within = ctx_within(cx, SECOND);

	packets_init(&p, conn);
	(void)refuse(cx->err, ER_CON_COUNT_ERROR, "Too many connections");
	if (server_send_err(&within, &p, cx->err) != 0)
		log_debug("a refused client had gone: %s", cx->err->text);
	packets_done(&p);
	conn_close(conn);
}
