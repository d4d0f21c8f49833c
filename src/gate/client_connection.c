#include "gate/client_connection.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "gate/commands.h"
#include "gate/client_login.h"
#include "gate/refuse.h"
#include "gate/user_variables.h"
#include "mysql/server.h"

#include <stdlib.h>

#define SAVE_AFTER SECOND /* longer than between the statements of a busy client */

/* When the client stays idle, insert id and user variables are asked for and kept here, so that the session
 * need not keep a backend for them. */
static int
wait_for_client(struct ctx *cx, struct session *s)
{
	struct ctx soon = ctx_within(cx, SAVE_AFTER);

	if (s->insert_slot < 0 && !user_variables_bind(s))
		return packets_wait(cx, &s->client);
	if (packets_wait(&soon, &s->client) == 0)
		return 0;
	if (cx->err->kind != ERR_TIMEOUT)
		return -1;
	err_clear(cx->err);
	TRY(session_save_insert_id(cx, s));
	TRY(user_variables_save(cx, s, NULL));
	session_rest(s);
	return packets_wait(cx, &s->client);
}

static int
serve(struct ctx *cx, struct session *s)
{
	s->idle = true;
	while (!(s->loop->draining && session_at_rest(s))) {
		struct slice packet;

		arena_reset(&s->arena);
		/* Others look at it (processes.h), also while the next packet comes. */
		if (!mutant("gate_last_statement_shown"))
			s->sql = SLICE_NULL;
		s->since = task_now();
		packets_await_command(&s->client);
		TRY(wait_for_client(cx, s));
		s->idle = false;
		s->since = task_now();
		TRY(packets_read(cx, &s->client, s->loop->packet_max, &packet));
		count(&s->loop->counts.statements, 1);
		s->replied = s->failed = false;
		TRY(commands_run(cx, s, packet));
		if (cx->err->kind != ERR_NONE) /* it is large: most statements leave it alone */
			err_clear(cx->err);
		s->idle = true;
	}
	return err_set(cx->err, ERR_CANCELLED, "vtgate is stopping");
}

/* What the client is told before its connection ends, where it waits for an answer. One that is idle would
 * take it for the answer to its next command, and not for a lost connection; servers say nothing either. */
static void
tell_why(struct ctx *cx, struct session *s)
{
	struct err err;
	struct ctx last = ctx_shielded(cx, SECOND, &err);
	bool waits = !s->idle || mutant("gate_idle_is_told");

	if (!waits || s->replied || s->client.broken || cx->err->kind == ERR_NONE)
		return;
	if (s->loop->draining && cx->err->kind == ERR_CANCELLED)
		(void)refuse(cx->err, ER_SERVER_SHUTDOWN, "Server shutdown in progress");
	if (session_send_err(&last, s, cx->err) != 0)
		log_debug("the client did not hear why: %s", err.text);
}

void
client_connection_serve(
    struct ctx *cx, const struct client_connection_params *params, struct conn *conn)
{
	struct session *s = mem_new(struct session);

	session_init(s, params->loop, conn, params->id);
	s->task = task_self();
	count(&params->loop->counts.clients, 1);
	if (client_login_greet(cx, s) == 0) {
		err_clear(cx->err);
		(void)serve(cx, s);
		if (s->killed)
			(void)refuse(cx->err, ER_CONNECTION_KILLED, "Connection was killed");
		tell_why(cx, s);
	}
	session_done(s);
	count(&params->loop->counts.clients, -1);
	conn_close(conn);
	free(s);
}

void
client_connection_refuse(struct ctx *cx, struct conn *conn)
{
	struct packets p;
	struct ctx within = ctx_within(cx, SECOND);

	packets_init(&p, conn);
	(void)refuse(cx->err, ER_CON_COUNT_ERROR, "Too many connections");
	if (server_send_err(&within, &p, cx->err) != 0)
		log_debug("a refused client had gone: %s", cx->err->text);
	packets_done(&p);
	conn_close(conn);
}
