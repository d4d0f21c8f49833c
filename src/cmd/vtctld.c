/*
 * vtctld - the cluster's orchestrator: makes keyspaces, moves tables. It holds nothing that is not
 * in the topology and never touches a database server itself.
 */
#include "base/check.h"
#include "base/log.h"
#include "base/option.h"
#include "ctl/ctl_api.h"
#include "ctl/job.h"
#include "task/loop.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct settings {
	const char *topo, *http, *cell, *credentials;
	bool help;
};

static const struct option options[] = {
	{ "topo", OPT_STRING, offsetof(struct settings, topo), NULL, 0, 0, NULL, "URL",
	    "topology store: sqlite:PATH" },
	{ "http", OPT_STRING, offsetof(struct settings, http), "127.0.0.1:15000", 0, 0, NULL,
	    "ADDR", "where to serve HTTP" },
	{ "cell", OPT_STRING, offsetof(struct settings, cell), "zone1", 0, 0, NULL, "NAME",
	    "failure zone" },
	{ "credentials", OPT_STRING, offsetof(struct settings, credentials), NULL, 0, 0, NULL,
	    "FILE", "accepted as by the other programs; vtctld itself opens no database server" },
	{ "help", OPT_BOOL, offsetof(struct settings, help), NULL, 0, 0, NULL, NULL, "show this" },
	{ 0 },
};

struct program {
	struct settings settings;
	struct ctl ctl;
	struct http_server *http;
	struct loop *loop;
	char address[300], name[400];
	int status;
};

static int
serve(struct ctx *cx, struct program *p)
{
	char host[256];
	int port;

	TRY(parse_hostport(slice_str(p->settings.http), host, &port, cx->err));
	TRY(topo_open(cx, p->settings.topo, &p->ctl.topo));
	TRY(http_serve(p->settings.http, ctl_api_handle, &p->ctl, &p->http, cx->err));
	snprintf(p->address, sizeof(p->address), "%s:%d", host, http_port(p->http));
	snprintf(p->name, sizeof(p->name), "vtctld %s, process %d", p->address, (int)getpid());
	p->ctl.name = p->name;
	printf("vtctld ready http=%s\n", p->address);
	fflush(stdout);
	return jobs_run(cx, &p->ctl);
}

static void
main_task(void *arg)
{
	struct program *p = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (serve(&cx, p) != 0 && err.kind != ERR_CANCELLED) {
		log_error("vtctld stops: %s", err.text);
		p->status = 1;
	}
	if (p->http != NULL)
		http_stop(p->http);
	jobs_done(&p->ctl);
	topo_close(p->ctl.topo);
	arena_done(&arena);
	loop_stop(p->loop);
}

static void
on_signal(int sig, void *arg)
{
	struct program *p = arg;

	log_info("stopping on signal %d", sig);
	loop_stop(p->loop);
}

static int
fail(const struct err *err)
{
	fprintf(stderr, "vtctld: %s\n", err->text);
	if (err->hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", err->hint);
	return 1;
}

static void
help(void)
{
	printf(
	    "vtctld - makes keyspaces and moves tables\n\nusage: vtctld --topo URL [options]\n\n");
	option_help(options, stdout);
}

static int
read_settings(struct program *p, char **argv, struct err *err)
{
	const char *rest[1];
	int rest_count = 1;

	TRY(option_defaults(options, &p->settings, err));
	TRY(option_parse(options, &p->settings, argv, rest, &rest_count, err));
	if (p->settings.help)
		return 0;
	if (rest_count > 0)
		return err_set(err, ERR_REFUSED, "unexpected argument '%s'", rest[0]);
	if (p->settings.topo == NULL)
		return err_set(err, ERR_REFUSED, "--topo is needed");
	return name_check("cell", p->settings.cell, err);
}

int
main(int argc, char **argv)
{
	struct program p = { 0 };
	struct err err = { 0 };
	const int signals[] = { SIGTERM, SIGINT };

	if (read_settings(&p, argv, &err) != 0)
		return fail(&err);
	if (p.settings.help) {
		help();
		return 0;
	}
	umask(077);
	p.ctl.cell = p.settings.cell;
	jobs_init(&p.ctl);
	p.loop = loop_new(&err);
	if (p.loop == NULL || loop_on_signals(signals, 2, on_signal, &p, &err) != 0)
		return fail(&err);
	struct task *t = task_spawn("vtctld", main_task, &p);
	check(t != NULL);
	task_detach(t);
	loop_run(p.loop);
	loop_free(p.loop);
	return p.status;
}
