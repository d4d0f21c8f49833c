/*
 * vttablet - registers one database server, reports its health, runs the streams that end there,
 * and holds the lock and the fence when it is the side that a table leaves.
 *
 * What is done before it says that it is ready, and why in this order:
 *
 *   topo_open(), read_databases() which databases of the server are the keyspace's and ours is its to say
 *   health_may_register()         a tablet that must not be entered (a second primary) is told before it
 *                                 touches the server
 *   wait_server()                 the server may not be up yet: its lock, our tables, the keyspace's
 *                                 database and the fences that were armed are tried until they are there;
 *                                 then the recorded streams begin
 *   http_serve()                  only now: a request that comes earlier would meet streams that are not
 *                                 there
 *   health_register()             the record with the HTTP port that was bound, and the lease
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "cmd/daemon.h"
#include "cmd/link_options.h"
#include "mysql/flavour.h"
#include "rpc/grants.h"
#include "sql/quote.h"
#include "tablet/copy/chunk.h"
#include "tablet/compare/orders.h"
#include "tablet/read/place_watch.h"
#include "tablet/server/server_lock.h"
#include "tablet/server/sidecar.h"
#include "tablet/server/spare.h"
#include "tablet/tablet_api.h"
#include "tablet/validate.h"
#include "task/group.h"

#include <stdlib.h>

struct settings {
	const char *topo, *http, *server, *keyspace, *shard, *cell, *credentials, *data_dir;
	int64_t uid, appliers, copy_parallel, chunk_rows;
	int type;
	struct db_link_settings db_link;
	const char *accounts_host, *server_version;
	bool init, check, help;
};

/*
 * The defaults of what goes on at once: four appliers, because the target's CPU is the limit from
 * there on, and two chunks, of which one is read while one is loaded. CHUNK_ROWS_MAX rows of a
 * chunk: mostly its bytes and the time of its reading bound it before.
 */
_Static_assert(CHUNK_ROWS_MAX == 100000, "the default of --chunk-rows");

static const struct option options[] = {
	{ "topo", OPT_STRING, offsetof(struct settings, topo), NULL, 0, 0, NULL, "URL",
	    "topology store: sqlite:PATH" },
	{ "http", OPT_ADDRESS, offsetof(struct settings, http), "127.0.0.1:0", 0, 0, NULL, "ADDR",
	    "where to serve HTTP: a loopback address" },
	{ "server", OPT_STRING, offsetof(struct settings, server), NULL, 0, 0, NULL, "ADDR",
	    "the database server: HOST:PORT, [V6]:PORT or unix:PATH" },
	{ "keyspace", OPT_STRING, offsetof(struct settings, keyspace), NULL, 0, 0, NULL, "NAME",
	    "the keyspace it serves" },
	{ "shard", OPT_STRING, offsetof(struct settings, shard), "0", 0, 0, NULL, "NAME",
	    "the shard of it" },
	{ "uid", OPT_INT, offsetof(struct settings, uid), NULL, 1, 2147483647, NULL, "N",
	    "number of the tablet in its cell" },
	{ "cell", OPT_STRING, offsetof(struct settings, cell), "zone1", 0, 0, NULL, "NAME",
	    "failure zone" },
	{ "type", OPT_ENUM, offsetof(struct settings, type), "primary", 0, 0,
	    "primary|replica|rdonly", "TYPE", "what the server is" },
	{ "credentials", OPT_STRING, offsetof(struct settings, credentials), NULL, 0, 0, NULL,
	    "FILE", "accounts on the servers; mode 0600" },
	DB_LINK_OPTIONS,
	{ "data-dir", OPT_STRING, offsetof(struct settings, data_dir), "/tmp", 0, 0, NULL, "DIR",
	    "where large transactions wait" },
	{ "appliers", OPT_INT, offsetof(struct settings, appliers), "4", 1, WRITERS_MAX, NULL, "N",
	    "connections that write a stream's changes at once while it catches up" },
	{ "copy-parallel", OPT_INT, offsetof(struct settings, copy_parallel), "2", 1,
	    COPY_PARALLEL_MAX, NULL, "N", "chunks of a stream that are copied at once" },
	{ "chunk-rows", OPT_INT, offsetof(struct settings, chunk_rows), "100000", 1, CHUNK_ROWS_MAX,
	    NULL, "N", "rows of a chunk, at most" },
	{ "init", OPT_BOOL, offsetof(struct settings, init), NULL, 0, 0, NULL, NULL,
	    "print the SQL that makes the accounts at this server, passwords in it, and end" },
	{ "accounts-host", OPT_STRING, offsetof(struct settings, accounts_host), NULL, 0, 0, NULL,
	    "HOST", "with --init: from where they log in; default: as this machine does" },
	{ "server-version", OPT_STRING, offsetof(struct settings, server_version), NULL, 0, 0, NULL,
	    "VERSION",
	    "with --init: what SELECT VERSION() answers, of a server that says nothing to this host yet" },
	{ "check", OPT_BOOL, offsetof(struct settings, check), NULL, 0, 0, NULL, NULL,
	    "tell what the server must have, each of it met or not, and end; as ValidateTablet" },
	{ "help", OPT_BOOL, offsetof(struct settings, help), NULL, 0, 0, NULL, NULL, "show this" },
	{ 0 },
};

struct program {
	struct settings settings;
	struct credentials *accounts;
	struct mysql_link link;
	struct tablet_env env;
	struct server_lock lock;
	struct spares spares;
	struct place_watches places;
	struct vdiff_orders vdiffs;
	struct tablet_api api;
	struct health health;
	struct topo *topo;
	struct http_server *http;
	char alias[100];
	char *sidecar, *database; /* of the keyspace, at the server */
	int status;               /* of --check */
};

enum {
	SERVER_RETRY_MS = 500, /* a database server needs a second or two to start */
	SIDECAR_WITHIN_S = 60, /* ordinary transactions end sooner; past it people are told, and it is
	    tried again */
};

/* Only when it is missing: even IF NOT EXISTS goes to the binlog, where a stream that leaves this
 * server would have to take it for DDL on its tables. */
static int
make_database(struct ctx *cx, struct ddl *d, const char *name)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx own = *cx;
	struct mysql_rows found;

	own.arena = &a;
	buf_add_str(&sql, "SELECT 1 FROM information_schema.schemata WHERE schema_name = ");
	quote_string(&sql, slice_str(name));
	TRY(mysql_select(&own, d->session, buf_slice(&sql), &found));
	if (found.rows > 0)
		return 0;
	buf_reset(&sql);
	buf_add_str(&sql, "CREATE DATABASE IF NOT EXISTS ");
	quote_ident(&sql, slice_str(name));
	return ddl_run(cx, d, buf_slice(&sql));
}

/* What must be in the server before streams run: our tables, and the keyspace's database. */
static int
prepare_server(struct ctx *cx, struct program *p)
{
	SCOPED(ddl) struct ddl d = { 0 };
	struct ctx within = ctx_within(cx, SIDECAR_WITHIN_S * SECOND);

	TRY(server_lock_take(cx, &p->lock));
	TRY(ddl_open(cx, &p->env, &d));
	if (sidecar_open(&within, &d, p->env.sidecar) != 0)
		return err_wrap(cx->err, "server '%s'", p->settings.server);
	return make_database(&within, &d, p->database);
}

static int
wait_server(struct ctx *cx, struct program *p)
{
	for (bool told = false;; told = true) {
		if (prepare_server(cx, p) == 0 && fence_open(cx, &p->env, &p->api.moves) == 0 &&
		    engine_open(cx, &p->api.engine) == 0)
			return 0;
		/* What the server refuses (an account, a foreign sidecar) does not mend itself. */
		if (cx->err->kind != ERR_RETRY && cx->err->kind != ERR_TIMEOUT)
			return -1;
		if (!told)
			log_warn("waiting for the server: %s", cx->err->text);
		TRY(task_sleep(cx, SERVER_RETRY_MS * MSEC));
	}
}

static struct tablet_record
record_of(const struct program *p)
{
	return (struct tablet_record){
		.alias = p->alias,
		.cell = p->settings.cell,
		.uid = (int)p->settings.uid,
		.keyspace = p->settings.keyspace,
		.shard = p->settings.shard,
		.type = (enum tablet_type)p->settings.type,
		.server = p->settings.server,
		.http = p->http == NULL ? "" : http_address(p->http),
		.sidecar = p->env.sidecar,
	};
}

/* As the keyspace has them; a keyspace that is created later is one with the defaults. */
static int
read_databases(struct ctx *cx, struct program *p)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx own = *cx;
	struct keyspace_record keyspace;
	struct topo_kv kv;

	own.arena = &a;
	if (p->topo == NULL) {
		p->sidecar = mem_strdup(SIDECAR_DEFAULT);
		p->database = mem_strdup(p->settings.keyspace);
	} else if (topo_get(&own, p->topo, keyspace_key(&a, p->settings.keyspace), &kv) == 0) {
		TRY(keyspace_read(&a, kv.value, &keyspace, cx->err));
		p->sidecar = mem_strdup(keyspace.sidecar);
		p->database = mem_strdup(keyspace.database);
	} else {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		err_clear(cx->err);
		p->sidecar = mem_strdup(SIDECAR_DEFAULT);
		p->database = mem_strdup(p->settings.keyspace);
	}
	p->env.sidecar = p->sidecar;
	return 0;
}

/* The host of "10.0.0.7:51234", our own end of a connection; of a unix socket localhost. */
static const char *
own_host(struct arena *a, const char *own)
{
	if (mutant("vttablet_any_host"))
		return "%";
	return arena_slice_str(a, login_host(own));
}

enum { ER_HOST_NOT_PRIVILEGED = 1130 };

/* Who the server is; a server that has no account for this host yet does not say it. */
static int
meet_server(struct ctx *cx, struct program *p, struct login *server, char own[ADDRESS_TEXT_MAX])
{
	const char *version = p->settings.server_version;

	*server = (struct login){ 0 };
	if (version != NULL)
		TRY(flavour_find(version, &server->dialect, cx->err));
	const struct dialect *told = server->dialect;
	if (login_meet(cx, p->settings.server, server, own) == 0)
		return 0;
	if (cx->err->mysql_errno != ER_HOST_NOT_PRIVILEGED)
		return -1;
	if (version == NULL)
		return err_hint(cx->err,
		    "say who it is: --server-version, with what SELECT VERSION() "
		    "answers there");
	err_clear(cx->err);
	server->dialect = told;
	snprintf(server->version, sizeof(server->version), "%s", version);
	return 0;
}

static int
print_init(struct ctx *cx, struct program *p)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	char own[ADDRESS_TEXT_MAX];
	struct login server;

	TRY(meet_server(cx, p, &server, own));
	struct grants g = { server.dialect, p->accounts, { p->database, p->sidecar },
		p->settings.accounts_host != NULL ? p->settings.accounts_host
						  : own_host(cx->arena, own) };
	grants_print(&sql, &g);
	printf("-- accounts of keyspace '%s' at '%s', %s %s\n%s", p->settings.keyspace,
	    p->settings.server, server.dialect->name, server.version, sql.data);
	return 0;
}

static int
print_check(struct ctx *cx, struct program *p)
{
	const struct validate_request request = { .database = p->database };
	struct validate_reply r = { .flavour = "", .version = "" };
	SCOPED(buf) struct buf out = BUF_INIT;

	TRY(validate_server(cx, &p->env, &request, &r));
	requirements_print(&out, &r.list);
	printf("%s: %s %s\n%s", p->settings.server, r.flavour, r.version, out.data);
	p->status = requirements_unmet(&r.list) == NULL || mutant("vttablet_check_status") ? 0 : 1;
	return 0;
}

static int
serve(struct ctx *cx, void *arg)
{
	struct program *p = arg;
	struct tablet_record record;

	if (p->settings.topo != NULL)
		TRY(topo_open(cx, p->settings.topo, &p->topo));
	p->health.topo = p->topo;
	TRY(read_databases(cx, p));
	if (p->settings.init || p->settings.check)
		return p->settings.init ? print_init(cx, p) : print_check(cx, p);
	record = record_of(p);
	TRY(health_may_register(cx, &p->health, &record));
	TRY(wait_server(cx, p));
	TRY(http_serve(p->settings.http, tablet_api_handle, &p->api, &p->http, cx->err));
	p->health.healthy = true;
	record = record_of(p); /* again: now the port is known */
	TRY(health_register(cx, &p->health, &record));
	printf("vttablet ready http=%s server=%s alias=%s\n", http_address(p->http),
	    p->settings.server, p->alias);
	fflush(stdout);
	return health_run(cx, &p->health);
}

static void
end(void *arg)
{
	struct program *p = arg;

	/* As it was built, backwards; each of these takes what was never opened. */
	if (p->http != NULL)
		http_stop(p->http);
	engine_done(&p->api.engine);
	server_lock_done(&p->lock);
	locks_done(&p->api.locks);
	spares_done(&p->spares);
	moves_done(&p->api.moves);
	health_done(&p->health);
	topo_close(p->topo);
}

static int64_t
worst_lag(const void *arg)
{
	return engine_lag_ms(arg);
}

static void
wire(struct program *p)
{
	snprintf(p->alias, sizeof(p->alias), "%s-%d", p->settings.cell, (int)p->settings.uid);
	p->env = (struct tablet_env){
		.alias = p->alias,
		.server = p->settings.server,
		.accounts = p->accounts,
		.link = &p->link,
		.data_dir = p->settings.data_dir,
		.lock = &p->lock,
		.spares = &p->spares,
		.places = &p->places,
		.vdiffs = &p->vdiffs,
		.appliers = (int)p->settings.appliers,
		.copy_parallel = (int)p->settings.copy_parallel,
		.chunk_rows = (size_t)p->settings.chunk_rows,
	};
	p->health =
	    (struct health){ .env = &p->env, .lag_ms = worst_lag, .lag_arg = &p->api.engine };
	p->api = (struct tablet_api){ .env = &p->env, .health = &p->health };
	place_watches_init(&p->places);
	server_lock_init(&p->lock, &p->env);
	engine_init(&p->api.engine, &p->env, &p->api.moves);
	locks_init(&p->api.locks, &p->env);
	moves_init(&p->api.moves);
}

static int
prepare(void *arg, struct err *err)
{
	struct program *p = arg;

	bool stays = !p->settings.init && !p->settings.check;

	if (p->settings.server == NULL || p->settings.keyspace == NULL ||
	    p->settings.credentials == NULL ||
	    (stays && (p->settings.topo == NULL || p->settings.uid == 0)))
		return err_set(err, ERR_REFUSED,
		    "%s--server, --keyspace%s and --credentials are needed",
		    stays ? "--topo, " : "", stays ? ", --uid" : "");
	if (p->settings.init && p->settings.check)
		return err_set(err, ERR_REFUSED, "--init and --check do not go together");
	if ((p->settings.accounts_host != NULL || p->settings.server_version != NULL) &&
	    !p->settings.init)
		return err_set(
		    err, ERR_REFUSED, "--accounts-host and --server-version are for --init");
	TRY(http_check_address(p->settings.http, err));
	TRY(name_check("keyspace", p->settings.keyspace, err));
	TRY(name_word_check("cell", p->settings.cell, err));
	/* Taken and checked, for scripts that name it: a shard of any other name would be served by
	 * nobody. */
	if (strcmp(p->settings.shard, "0") != 0)
		return err_set(err, ERR_REFUSED,
		    "--shard '%s': a keyspace has one shard, and its name is 0", p->settings.shard);
	p->accounts = credentials_new(p->settings.credentials, err);
	if (p->accounts == NULL)
		return -1;
	TRY(db_link_open(&p->settings.db_link, &p->link, err));
	wire(p);
	return 0;
}

int
main(int argc, char **argv)
{
	struct program p = { 0 };
	struct daemon d = { .name = "vttablet",
		.purpose = "one database server's part in the cluster",
		.usage = "--topo URL --server ADDR --keyspace NAME --uid N --credentials FILE",
		.options = options,
		.settings = &p.settings,
		.help = &p.settings.help,
		.prepare = prepare,
		.serve = serve,
		.end = end,
		.arg = &p };
	mem_return_large();
	int status = daemon_main(&d, argv);

	credentials_free(p.accounts);
	tls_context_free(p.link.context);
	free(p.sidecar);
	free(p.database);
	return status != 0 ? status : p.status;
}
