/*
 * probe.c - logs in to a server of any kind, and says what came of it.
 *
 *	login_probe [--db-ssl-mode=WORD ...] ADDRESS USER <password
 *
 * One line on stdout, "ok VERSION sent N TLSv1.3" with the number of packets sent and the version of TLS or
 * "plain", or "KIND ERRNO TEXT", and one with the hint if there is one.
 */
#include "base/option.h"
#include "cmd/tls_options.h"
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
	struct login who;
	struct conn *conn;
	int rc;

	TRY(net_connect(cx, params->address, &conn));
	packets_init(&p, conn);
	rc = login(cx, &p, params, &who);
	if (rc == 0)
		printf("ok %s sent %d %s\n", who.version, (int)p.writes,
		    conn_tls(conn) == NULL ? "plain" : conn_tls(conn));
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

static const struct option options[] = {
	{ "db-ssl-mode", OPT_ENUM, offsetof(struct db_ssl_settings, mode), "PREFERRED", 0, 0,
	    MYSQL_TLS_MODES, NULL, "as vtgate's" },
	{ "db-ssl-ca", OPT_STRING, offsetof(struct db_ssl_settings, ca), NULL, 0, 0, NULL, "FILE",
	    "as vtgate's" },
	{ "db-ssl-cert", OPT_STRING, offsetof(struct db_ssl_settings, cert), NULL, 0, 0, NULL,
	    "FILE", "as vtgate's" },
	{ "db-ssl-key", OPT_STRING, offsetof(struct db_ssl_settings, key), NULL, 0, 0, NULL, "FILE",
	    "as vtgate's" },
	{ 0 },
};

static int
read_arguments(struct probe *probe, char **argv, struct mysql_tls *tls, struct err *err)
{
	struct db_ssl_settings settings;
	const char *rest[2];
	int count = 2;

	TRY(option_defaults(options, &settings, err));
	TRY(option_parse(options, &settings, argv, rest, &count, err));
	if (count != 2)
		return err_set(
		    err, ERR_REFUSED, "usage: login_probe [options] ADDRESS USER <password");
	probe->params.address = rest[0];
	probe->params.user = rest[1];
	probe->params.tls = tls;
	return db_ssl_open(&settings, tls, err);
}

static void
run(struct probe *probe)
{
	struct err err = { 0 };
	struct loop *l = loop_new(&err);
	struct task *t;

	check(l != NULL);
	t = task_spawn("probe", probe_main, probe);
	check(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
}

int
main(int argc, char **argv)
{
	char bytes[SECRET_MAX];
	ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));
	struct secret password = { .hidden_len = 0 };
	struct probe probe = { .rc = -1 };
	struct mysql_tls tls;
	struct err err = { 0 };

	check(len >= 0);
	secret_set(&password, slice_of(bytes, (size_t)len));
	if (read_arguments(&probe, argv, &tls, &err) != 0) {
		printf("%s\n", err.text);
		return 2;
	}
	probe.params.password = &password;
	run(&probe);
	tls_context_free(tls.context);
	return probe.rc == 0 ? 0 : 1;
}
