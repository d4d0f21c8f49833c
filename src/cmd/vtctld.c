/*
 * vtctld - the cluster's orchestrator: makes keyspaces, moves tables. It holds nothing that is not
 * in the topology and never touches a database server itself.
 *
 * In this order: the topology is opened (and its routing rules brought into the present form), HTTP is
 * served, then jobs_run() looks for workflows to take over. So a request may come before the first job
 * runs: it reads the topology, as any other vtctld would.
 */
#include "base/mem.h"
#include "cmd/daemon.h"
#include "ctl/ctl_api.h"
#include "ctl/job.h"
#include "topo/routing_upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct settings {
	const char *topo, *http;
	bool help;
};

static const struct option options[] = {
	{ "topo", OPT_STRING, offsetof(struct settings, topo), NULL, 0, 0, NULL, "URL",
	    "topology store: sqlite:PATH" },
	{ "http", OPT_ADDRESS, offsetof(struct settings, http), "127.0.0.1:15000", 0, 0, NULL,
	    "ADDR", "where to serve HTTP: a loopback address" },
	{ "help", OPT_BOOL, offsetof(struct settings, help), NULL, 0, 0, NULL, NULL, "show this" },
	{ 0 },
};

struct program {
	struct settings settings;
	struct ctl ctl;
	struct http_server *http;
	char name[400];
};

static int
serve(struct ctx *cx, void *arg)
{
	struct program *p = arg;

	TRY(topo_open(cx, p->settings.topo, &p->ctl.topo));
	TRY(routing_upgrade(cx, p->ctl.topo));
	TRY(http_serve(p->settings.http, ctl_api_handle, &p->ctl, &p->http, cx->err));
	/* What a lock's holder is called, to people who wait for it: so it says where it answers, and
	 * which process it is. */
	snprintf(p->name, sizeof(p->name), "vtctld %s, process %d", http_address(p->http),
	    (int)getpid());
	p->ctl.name = p->name;
	p->ctl.http = http_address(p->http);
	printf("vtctld ready http=%s\n", http_address(p->http));
	fflush(stdout);
	return jobs_run(cx, &p->ctl);
}

static void
end(void *arg)
{
	struct program *p = arg;

	/* Requests first: their handlers use jobs and topology. */
	if (p->http != NULL)
		http_stop(p->http);
	jobs_done(&p->ctl);
	topo_close(p->ctl.topo);
}

static int
prepare(void *arg, struct err *err)
{
	struct program *p = arg;

	if (p->settings.topo == NULL)
		return err_set(err, ERR_REFUSED, "--topo is needed");
	/* Here, and not in http_serve() alone: before the topology is opened, and changed, for a program
	 * that cannot serve. */
	TRY(http_check_address(p->settings.http, err));
	jobs_init(&p->ctl);
	return 0;
}

int
main(int argc, char **argv)
{
	struct program *p = mem_new(struct program); /* its counts are too large for a stack */
	struct daemon d = { .name = "vtctld",
		.purpose = "makes keyspaces and moves tables",
		.usage = "--topo URL",
		.options = options,
		.settings = &p->settings,
		.help = &p->settings.help,
		.prepare = prepare,
		.serve = serve,
		.end = end,
		.arg = p };
	int rc = daemon_main(&d, argv);

	free(p);
	return rc;
}
