/*
 * probe.c - logs in to a server of any kind, and says what came of it.
 *
 *	login_probe ADDRESS USER <password
 *
 * One line on stdout, "ok VERSION sent N" with the number of packets sent, or "KIND ERRNO TEXT", and one with
 * the hint if there is one.
 */
#include "mysql/login.h"
#include "task/loop.h"

#include <stdio.h>
#include <unistd.h>

enum { PATIENCE = 20 };

struct probe {
	struct mysql_params params;
	int rc;
};

static int
attempt(struct ctx *cx, const struct mysql_params *params)
{
	struct packets p;
	struct login login;
	struct conn *conn;
	int rc;

	TRY(net_connect(cx, params->address, &conn));
	packets_init(&p, conn);
	rc = login_any(cx, &p, params, &login);
	if (rc == 0)
		printf("ok %s sent %d\n", login.version, (int)p.writes);
	packets_done(&p);
	conn_close(conn);
	return rc;
}

static void
probe_main(void *arg)
{
	struct probe *probe = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + PATIENCE * SECOND, .err = &err };

	probe->rc = attempt(&cx, &probe->params);
	if (probe->rc != 0)
		printf("%s %d %s\n%s", err_kind_name(err.kind), err.mysql_errno, err.text, err.hint);
}

int
main(int argc, char **argv)
{
	char bytes[SECRET_MAX];
	ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));
	struct secret password = { .hidden_len = 0 };
	struct probe probe = { .rc = -1 };
	struct err err = { 0 };
	struct loop *l;

	if (argc != 3 || len < 0) {
		fprintf(stderr, "usage: login_probe ADDRESS USER <password\n");
		return 2;
	}
	secret_set(&password, slice_of(bytes, (size_t)len));
	probe.params =
	    (struct mysql_params){ .address = argv[1], .user = argv[2], .password = &password };
	l = loop_new(&err);
	check(l != NULL);
	struct task *t = task_spawn("probe", probe_main, &probe);
	check(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
	return probe.rc == 0 ? 0 : 1;
}
