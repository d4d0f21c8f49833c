/*
 * vtgate - speaks the database protocol to applications and sends each statement to the server that
 * has its tables.
 *
 * This thread runs the gate's first loop: registration, rules, HTTP. Clients are served by --workers
 * loops, each with a thread and a listening socket of its own on one port (gate/worker.c). A signal does
 * not cancel: gate_stop() lets open transactions go on for --drain-timeout, and sends others away.
 *
 * Why the defaults: 10,000 clients are well below the 24,573 tasks that the kernel's default number of
 * maps allows (task/README.md); 600 backends stay below the 1,000 connections that vtcombo's servers
 * take; 64 MB is the max_allowed_packet that MySQL has by default.
 */
#include "cmd/daemon.h"
#include "cmd/link_options.h"
#include "gate/gate_api.h"

#include <unistd.h>

struct settings {
	const char *topo, *http, *mysql, *credentials, *id;
	int64_t workers, max_connections, max_backends;
	uint64_t max_packet, hold_buffer;
	usec drain_timeout;
	struct client_link_settings client_link;
	struct db_link_settings db_link;
	bool help;
};

static const struct option options[] = {
	{ "topo", OPT_STRING, offsetof(struct settings, topo), NULL, 0, 0, NULL, "URL",
	    "topology store: sqlite:PATH" },
	{ "http", OPT_ADDRESS, offsetof(struct settings, http), "127.0.0.1:0", 0, 0, NULL, "ADDR",
	    "where to serve HTTP: a loopback address" },
	{ "mysql", OPT_ADDRESS, offsetof(struct settings, mysql), "127.0.0.1:0", 0, 0, NULL, "ADDR",
	    "where clients connect; off loopback --ssl-cert encrypts what they say" },
	CLIENT_LINK_OPTIONS,
	{ "mysql-server-ssl-cert", OPT_STRING, offsetof(struct settings, client_link.cert), NULL, 0,
	    0, NULL, "FILE", NULL },
	{ "mysql-server-ssl-key", OPT_STRING, offsetof(struct settings, client_link.key), NULL, 0,
	    0, NULL, "FILE", NULL },
	{ "mysql-server-ssl-ca", OPT_STRING, offsetof(struct settings, client_link.ca), NULL, 0, 0,
	    NULL, "FILE", NULL },
	{ "mysql-server-require-secure-transport", OPT_BOOL,
	    offsetof(struct settings, client_link.required), NULL, 0, 0, NULL, NULL, NULL },
	DB_LINK_OPTIONS,
	{ "credentials", OPT_STRING, offsetof(struct settings, credentials), NULL, 0, 0, NULL,
	    "FILE", "accounts of servers and clients; mode 0600" },
	{ "id", OPT_STRING, offsetof(struct settings, id), NULL, 0, 0, NULL, "NAME",
	    "name of this gate, which no other has; otherwise made of host and HTTP port" },
	{ "workers", OPT_INT, offsetof(struct settings, workers), "0", 0, WORKERS_MAX, NULL, "N",
	    "threads that serve clients; 0: one for each core" },
	{ "max-connections", OPT_INT, offsetof(struct settings, max_connections), "10000", 1,
	    1000000, NULL, "N", "clients; more are told 1040" },
	{ "max-backends", OPT_INT, offsetof(struct settings, max_backends), "600", 1, 100000, NULL,
	    "N", "connections to database servers, each worker its part; clients wait" },
	{ "max-packet", OPT_SIZE, offsetof(struct settings, max_packet), "64M", 1024, 1 << 30, NULL,
	    "BYTES", "longest statement of a client" },
	{ "hold-buffer", OPT_SIZE, offsetof(struct settings, hold_buffer), "64M", 1024, INT64_MAX,
	    NULL, "BYTES",
	    "what waits for a cutover, each worker its part; when full it is rolled back" },
	{ "drain-timeout", OPT_DURATION, offsetof(struct settings, drain_timeout), "10s", 0,
	    3600 * SECOND, NULL, "TIME", "how long open transactions may go on after SIGTERM" },
	{ "help", OPT_BOOL, offsetof(struct settings, help), NULL, 0, 0, NULL, NULL, "show this" },
	{ 0 },
};

struct program {
	struct settings settings;
	struct credentials *accounts;
	struct gate_links links;
	struct gate *gate;
};

static int
worker_count(const struct settings *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	/* 0, the default: as many loops as can run at once. More would only take turns. */
	if (s->workers > 0)
		return (int)s->workers;
	return cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;
}

static void
wire(struct program *p)
{
	const struct settings *s = &p->settings;
	struct gate_params params = { .topo = s->topo,
		.http = s->http,
		.mysql = s->mysql,
		.id = s->id,
		.workers = worker_count(s),
		.clients_max = (size_t)s->max_connections,
		.backends_max = (size_t)s->max_backends,
		.packet_max = s->max_packet,
		.hold_bytes_max = s->hold_buffer,
		.drain_timeout = s->drain_timeout,
		.links = &p->links,
		.credentials = p->accounts };

	p->gate = gate_new(&params);
}

static int
prepare(void *arg, struct err *err)
{
	struct program *p = arg;

	if (p->settings.topo == NULL || p->settings.credentials == NULL)
		return err_set(err, ERR_REFUSED, "--topo and --credentials are needed");
	TRY(http_check_address(p->settings.http, err));
	if (p->settings.id != NULL)
		TRY(name_word_check("id", p->settings.id, err));
	p->accounts = credentials_new(p->settings.credentials, err);
	if (p->accounts == NULL)
		return -1;
	TRY(db_link_open(&p->settings.db_link, &p->links.servers, err));
	TRY(client_link_open(&p->settings.client_link, &p->links.clients, err));
	wire(p);
	return 0;
}

static int
serve(struct ctx *cx, void *arg)
{
	struct program *p = arg;

	return gate_run(cx, p->gate);
}

static void
stop(void *arg)
{
	struct program *p = arg;

	gate_stop(p->gate);
}

int
main(int argc, char **argv)
{
	struct program p = { 0 };
	struct daemon d = { .name = "vtgate",
		.purpose =
		    "routes the statements of applications to the servers that have their tables",
		.usage = "--topo URL --credentials FILE",
		.options = options,
		.settings = &p.settings,
		.help = &p.settings.help,
		.prepare = prepare,
		.serve = serve,
		.stop = stop,
		.arg = &p };
	int status = daemon_main(&d, argv);

	if (p.gate != NULL)
		gate_free(p.gate);
	credentials_free(p.accounts);
	tls_context_free(p.links.clients.tls);
	tls_context_free(p.links.servers.context);
	return status;
}
