/*
 * probe.c - logs in to a server of any kind, and says what came of it.
 *
 *	login_probe [--db-ssl-mode=WORD ...] ADDRESS USER <password
 *
 * One line on stdout, "ok VERSION sent N TLSv1.3 zstd" with the number of packets sent until then, the
 * version of TLS or "plain", and what compresses or "uncompressed"; or "KIND ERRNO TEXT", and one with the
 * hint if there is one.
 */
#include "base/option.h"
#include "cmd/link_options.h"
#include "task/loop.h"

#include <stdio.h>
#include <unistd.h>

enum { PATIENCE = 20 };

struct probe {
	struct mysql_params params;
	int rc;
};

/* It goes on as was agreed. */
static int
ping(struct ctx *cx, struct packets *p)
{
	static const uint8_t command[] = { COM_PING };
	struct slice answer;

	packets_begin_command(p);
	TRY(packets_send(cx, p, slice_of(command, sizeof(command))));
	return packets_read(cx, p, 1 << 16, &answer);
}

static int
attempt(struct ctx *cx, const struct mysql_params *params)
{
	static const char *const names[] = { "uncompressed", "zlib", "zstd" };
	struct packets p;
	struct login who;
	struct conn *conn;
	int rc, sent;

	TRY(net_connect(cx, params->address, &conn));
	packets_init(&p, conn);
	rc = login(cx, &p, params, &who);
	sent = (int)p.writes;
	if (rc == 0)
		rc = ping(cx, &p);
	if (rc == 0)
		printf("ok %s sent %d %s %s\n", who.version, sent,
		    conn_tls(conn) == NULL ? "plain" : conn_tls(conn), names[who.compression]);
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

struct settings {
	struct db_link_settings db_link;
};

static const struct option options[] = {
	DB_LINK_OPTIONS,
	{ 0 },
};

static int
read_arguments(struct probe *probe, char **argv, struct mysql_link *link, struct err *err)
{
	struct settings settings;
	const char *rest[2];
	int count = 2;

	TRY(option_defaults(options, &settings, err));
	TRY(option_parse(options, &settings, argv, rest, &count, err));
	if (count != 2)
		return err_set(
		    err, ERR_REFUSED, "usage: login_probe [options] ADDRESS USER <password");
	probe->params.address = rest[0];
	probe->params.user = rest[1];
	probe->params.link = link;
	return db_link_open(&settings.db_link, link, err);
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
	struct mysql_link link;
	struct err err = { 0 };

	check(len >= 0);
	secret_set(&password, slice_of(bytes, (size_t)len));
	if (read_arguments(&probe, argv, &link, &err) != 0) {
		printf("%s\n", err.text);
		return 2;
	}
	probe.params.password = &password;
	run(&probe);
	tls_context_free(link.context);
	return probe.rc == 0 ? 0 : 1;
}
