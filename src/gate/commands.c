#include "gate/commands.h"

#include "gate/dispatch.h"
#include "gate/client_login.h"
#include "gate/forward.h"
#include "gate/kill.h"
#include "gate/refuse.h"
#include "gate/whoami.h"
#include "mysql/command.h"
#include "mysql/server.h"
#include "sql/identity.h"
#include "sql/split.h"

/* ---- statements ---- */

static int
syntax_error(struct ctx *cx, struct session *s)
{
	cx->err->mysql_errno = ER_PARSE_ERROR;
	memcpy(cx->err->sqlstate, "42000", 6);
	return session_send_err(cx, s, cx->err);
}

/* The statement and its packet again: it asks who the client is. */
static int
read_again(struct ctx *cx, struct session *s, struct request *q, struct statement *st)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	int asks = whoami_answer(cx, s, st, session_modes(s), &q->sql);

	if (asks != 1)
		return asks;
	command_put_text(&packet, COM_QUERY, q->sql);
	q->packet = arena_dup(&s->arena, buf_slice(&packet));
	return statement_read(&s->arena, q->sql, session_modes(s), st, cx->err);
}

static int
query_one(struct ctx *cx, struct session *s, struct slice packet, struct slice sql)
{
	struct statement st;
	struct statement_text text = { sql, session_modes(s) };
	struct request q = { .com = COM_QUERY, .packet = packet, .sql = sql, .statement = &st };

	s->sql = sql;
	if (statement_cache_read(s->loop->statements, &s->arena, &text, &st, cx->err) != 0)
		return syntax_error(cx, s);
	if (identity_is_asked(&st) && read_again(cx, s, &q, &st) != 0)
		return syntax_error(cx, s);
	return dispatch(cx, s, &q);
}

/* The next statement of a text, as a packet of its own. */
static int
query_next(struct ctx *cx, struct session *s, struct slice *text)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	struct slice own;
	size_t end;

	arena_reset(&s->arena);
	if (split_first(*text, session_modes(s), &end, cx->err) != 0)
		end = text->len; /* reading it ends with the same error */
	err_clear(cx->err);
	command_put_text(&packet, COM_QUERY, slice_trim(slice_cut(*text, 0, end)));
	own = arena_dup(&s->arena, buf_slice(&packet));
	*text = slice_cut(*text, end + 1, text->len);
	s->more = text->len > 0;
	return query_one(cx, s, own, slice_cut(own, 1, own.len));
}

/* Each statement is routed by itself and has an answer of its own; an error ends the rest. The text is kept
 * here: a file that a client sends takes the place of its packet. */
static int
query_all(struct ctx *cx, struct session *s, struct slice sql)
{
	SCOPED(buf)
	struct buf kept = BUF_INIT;
	struct slice text;
	int rc;

	buf_add_slice(&kept, split_trim(sql));
	text = buf_slice(&kept);
	do {
		rc = query_next(cx, s, &text);
	} while (rc == 0 && s->more && !s->failed);
	s->more = false;
	return rc;
}

static int
query(struct ctx *cx, struct session *s, struct slice packet, struct slice sql)
{
	struct slice text = split_trim(sql);

	if ((s->caps & CAP_MULTI_STATEMENTS) != 0 && memchr(text.ptr, ';', text.len) != NULL)
		return query_all(cx, s, sql);
	return query_one(cx, s, packet, sql);
}

/* ---- prepared statements ---- */

static int
prepare(struct ctx *cx, struct session *s, struct slice sql)
{
	struct prepared *st;
	int asks;

	s->prepared_last = 0;
	s->sql = sql;
	if (s->statements.count >= PREPARED_MAX) {
		(void)refuse(cx->err, ER_MAX_PREPARED_STMT_COUNT_REACHED,
		    "Can't create more than %d prepared statements", PREPARED_MAX);
		return session_send_err(cx, s, cx->err);
	}
	if (prepared_new(sql, session_modes(s), &st, cx->err) != 0)
		return syntax_error(cx, s);
	asks = whoami_answer(cx, s, &st->statement, session_modes(s), &sql);
	if (asks != 0)
		prepared_free(st);
	if (asks < 0 || (asks == 1 && prepared_new(sql, session_modes(s), &st, cx->err) != 0))
		return syntax_error(cx, s);
	st->id = s->statements_next++;
	st->statement.number = statement_cache_number(s->loop->statements);
	prepared_set_keyspace(st, session_keyspace(s), session_base(s));
	return forward_prepare(cx, s, st);
}

/* As a server puts it. */
static int
unknown_statement(struct ctx *cx, struct session *s, const struct command_packet *c)
{
	const char *what = c->com == COM_STMT_EXECUTE ? "execute"
	    : c->com == COM_STMT_RESET                ? "reset"
						      : "fetch";

	(void)refuse(cx->err, ER_UNKNOWN_STMT_HANDLER,
	    "Unknown prepared statement handler (%u) given to mysqld_stmt_%s", c->statement_id,
	    what);
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

	s->sql = st->text;
	if (st->long_data_lost) {
		st->long_data_lost = false;
		(void)refuse(cx->err, ER_NET_PACKET_TOO_LARGE, "long data of more than %d bytes",
		    LONG_DATA_MAX);
		return session_send_err(cx, s, cx->err);
	}
	return dispatch(cx, s, &q);
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
	struct prepared *st = prepared_find(
	    &s->statements, c->statement_id == PREPARED_LAST ? s->prepared_last : c->statement_id);

	if (c->com == COM_STMT_SEND_LONG_DATA || c->com == COM_STMT_CLOSE) {
		/* Neither has an answer. */
		if (st != NULL && c->com == COM_STMT_SEND_LONG_DATA)
			prepared_add_long_data(st, packet);
		if (st == NULL || c->com != COM_STMT_CLOSE)
			return 0;
		if (s->cursor == st)
			s->cursor = NULL;
		if (s->prepared_last == st->id)
			s->prepared_last = 0;
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

	buf_addf(&text, "Clients: %zu  Backends: %zu", s->loop->sessions.count, s->loop->pool.count);
	return packets_send(cx, &s->client, buf_slice(&text));
}

/* As servers answer what they do not know, or no more. */
static int
unknown_command(struct ctx *cx, struct session *s)
{
	(void)refuse(cx->err, ER_UNKNOWN_COM_ERROR, "Unknown command");
	return session_send_err(cx, s, cx->err);
}

/* 0: several statements in one are allowed from now on; 1: no more. */
static int
set_option(struct ctx *cx, struct session *s, uint16_t option)
{
	SCOPED(buf)
	struct buf eof = BUF_INIT;

	if (option > 1)
		return unknown_command(cx, s);
	s->caps = option == 0 ? s->caps | CAP_MULTI_STATEMENTS : s->caps & ~CAP_MULTI_STATEMENTS;
	eof_put(&eof, s->caps, session_status(s), 0);
	return packets_send(cx, &s->client, buf_slice(&eof));
}

static int
reset_connection(struct ctx *cx, struct session *s)
{
	session_reset(s);
	return session_send_ok(cx, s);
}

/* Commands for which servers want a privilege that no client of a gate has. */
struct privileged {
	enum command com;
	const char *privilege;
};

static int
refuse_command(struct ctx *cx, struct session *s, enum command com)
{
	static const struct privileged commands[] = { { COM_REFRESH, "RELOAD" },
		{ COM_SHUTDOWN, "SHUTDOWN" }, { COM_DEBUG, "SUPER" },
		{ COM_REGISTER_SLAVE, "REPLICATION SLAVE" },
		{ COM_BINLOG_DUMP, "REPLICATION SLAVE" } };

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (commands[i].com != com)
			continue;
		(void)refuse(cx->err, ER_SPECIFIC_ACCESS_DENIED_ERROR,
		    "Access denied; you need (at least one of) the %s privilege(s) for this operation",
		    commands[i].privilege);
		return session_send_err(cx, s, cx->err);
	}
	return unknown_command(cx, s);
}

/* One command. COM_QUIT and what breaks end with -1; QUIT leaves no error. */
int
commands_run(struct ctx *cx, struct session *s, struct slice packet)
{
	struct command_packet c;

	s->sql = SLICE_NULL;
	if (command_read(packet, &c, cx->err) != 0) {
		cx->err->mysql_errno = ER_UNKNOWN_COM_ERROR;
		return session_send_err(cx, s, cx->err);
	}
	s->command = c.com;
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
		return dispatch_use(cx, s, c.text);
	if (c.com == COM_RESET_CONNECTION)
		return reset_connection(cx, s);
	if (c.com == COM_FIELD_LIST)
		return forward_field_list(cx, s, slice_cut(packet, 1, packet.len));
	if (c.com == COM_STATISTICS)
		return statistics(cx, s);
	if (c.com == COM_SET_OPTION)
		return set_option(cx, s, c.option);
	if (c.com == COM_CHANGE_USER)
		return client_login_change_user(cx, s, packet);
	if (c.com == COM_PROCESS_KILL)
		return kill_id(cx, s, c.thread_id);
	if (c.com == COM_PROCESS_INFO)
		return query_one(
		    cx, s, slice_str("\3SHOW PROCESSLIST"), slice_str("SHOW PROCESSLIST"));
	return c.com == COM_QUIT ? -1 : refuse_command(cx, s, c.com);
}
