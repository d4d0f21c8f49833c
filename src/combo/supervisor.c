/*
 * The tasks of a supervisor; all but the first are children of s->tasks:
 *
 *   supervisor_run()       presence, the keyspaces of the command line, the center; then
 *                          watch_keyspaces() for good
 *   keep()                 one for each program, for as long as that is kept
 *   bring_up_until_done()  one for each uid, until its vttablet is kept
 *   announce()             until everything serves, once
 *
 * What goes wrong with one keyspace or program is logged, and tried again where that can help; it ends
 * none of the others. What ends all of it is the topology that cannot be read, and a signal.
 */
#include "combo/supervisor.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "combo/account_file.h"
#include "combo/dbserver.h"
#include "task/net.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* making a data directory and recovering one, on a slow disk */
#define SERVER_PATIENCE (90 * SECOND)
#define RETRY_PAUSE     (2 * SECOND) /* between attempts to bring a tablet up */
#define READY_POLL      (100 * MSEC)
#define WATCH_AGAIN     (500 * MSEC) /* after the topology could not be read */
/* vtctld waits for tablets as long after a supervisor was killed; the next one shows itself anew */
#define PRESENCE_TTL    (10 * SECOND)
#define STOP_PATIENCE   (30 * SECOND) /* for a server to write out what it holds */

/* ---- Before anything is started */

int
supervisor_open(struct supervisor *s, const char *const *keyspaces, int count, struct err *err)
{
	SCOPED(buf) struct buf kinds = BUF_INIT;
	char path[PLACE_MAX];

	s->wanted = arena_array(&s->arena, struct wanted_keyspace, count);
	for (s->wanted_count = 0; s->wanted_count < count; s->wanted_count++)
		TRY(wanted_read(
		    &s->arena, keyspaces[s->wanted_count], &s->wanted[s->wanted_count], err));
	TRY(places_make(&s->where, err));
	TRY(dbserver_check_folder(&s->where, err));
	TRY(claim_take(&s->claim, &s->where, err));
	TRY(wanted_check(&s->claim, s->wanted, s->wanted_count, err));
	dbkind_installed(&kinds);
	s->installed = arena_strndup(&s->arena, kinds.data, kinds.len);
	places_file(&s->where, path, "credentials.json");
	TRY(account_file_use(
	    path, s->credentials, wanted_attached(&s->claim, s->wanted, s->wanted_count), err));
	s->accounts = credentials_new(path, err);
	return s->accounts == NULL ? -1 : 0;
}

/* ---- Programs */

struct kept {
	struct supervisor *s;
	struct program *p;
};

static void
keep(void *arg)
{
	struct kept *k = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (program_keep(&cx, k->p) != 0 && err.kind != ERR_CANCELLED)
		log_error("%s: %s", k->p->name, err.text);
}

/* Of one that was adopted the port was not ours to hold. */
static void
hold_ports(struct program *p, void *arg)
{
	struct supervisor *s = arg;
	struct err err = { 0 };

	for (int i = 0; i < p->ports_count; i++) {
		if (claim_hold(&s->claim, p->ports[i]))
			continue;
		if (claim_refuse_port(p->name, p->ports[i], &err) != 0)
			log_error("%s (%s)", err.text, err.hint);
	}
}

static int
keep_program(struct supervisor *s, struct program *p, struct err *err)
{
	struct kept *k = arena_new(&s->arena, struct kept);

	*k = (struct kept){ s, p };
	p->before_start = hold_ports;
	p->before_arg = s;
	check(s->programs_count < (int)(sizeof s->programs / sizeof *s->programs));
	s->programs[s->programs_count++] = p;
	return group_spawn(&s->tasks, p->name, keep, k, err);
}

static struct program *
our_program(struct supervisor *s, const char *file, const char *name)
{
	struct program *p = arena_new(&s->arena, struct program);

	program_init(p, &s->where, name);
	program_arg(&s->arena, p, "%s/%s", s->where.programs, file);
	program_arg(&s->arena, p, "--topo=sqlite:%s/topo.db", s->where.dir);
	return p;
}

/* The servers beside it take three quarters of a statement's work and more, so half of the cores is plenty
 * for the gate; and the fewer loops there are, the more statements each of them finds when it wakes up. */
static long
gate_workers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 4 ? 1 : cores / 2;
}

static void
add_options(struct supervisor *s, struct program *p, const char *const *options)
{
	for (; options != NULL && *options != NULL; options++)
		program_arg(&s->arena, p, "%s", *options);
}

static int
start_center(struct supervisor *s, struct err *err)
{
	struct program *ctld = our_program(s, "vtctld", "vtctld"),
		       *gate = our_program(s, "vtgate", "vtgate");
	int base = s->where.port_base;

	program_port(ctld, base + PORT_VTCTLD);
	program_port(gate, base + PORT_GATE_HTTP);
	program_port(gate, base + PORT_GATE_MYSQL);
	program_arg(&s->arena, ctld, "--http=127.0.0.1:%d", base + PORT_VTCTLD);
	program_arg(&s->arena, gate, "--credentials=%s/credentials.json", s->where.dir);
	program_arg(&s->arena, gate, "--http=127.0.0.1:%d", base + PORT_GATE_HTTP);
	program_arg(&s->arena, gate, "--mysql=127.0.0.1:%d", base + PORT_GATE_MYSQL);
	program_arg(&s->arena, gate, "--id=%s-gate", COMBO_CELL);
	program_arg(&s->arena, gate, "--workers=%ld", gate_workers());
	add_options(s, gate, s->gate_options);
	TRY(keep_program(s, ctld, err));
	return keep_program(s, gate, err);
}

static struct program *
tablet_program(struct supervisor *s, int uid)
{
	const struct dbkind *kind = &s->claim.kinds[uid];
	char name[PROGRAM_NAME_MAX];
	struct program *p;

	snprintf(name, sizeof name, "vttablet-%d", uid);
	p = our_program(s, "vttablet", name);
	program_arg(&s->arena, p, "--credentials=%s/credentials.json", s->where.dir);
	program_port(p, s->where.port_base + PORT_TABLET + uid);
	program_arg(&s->arena, p, "--cell=%s", COMBO_CELL);
	program_arg(&s->arena, p, "--http=127.0.0.1:%d", s->where.port_base + PORT_TABLET + uid);
	if (dbkind_is_attached(kind))
		program_arg(&s->arena, p, "--server=%s", kind->address);
	else
		program_arg(
		    &s->arena, p, "--server=127.0.0.1:%d", s->where.port_base + PORT_SERVER + uid);
	program_arg(&s->arena, p, "--keyspace=%s", s->claim.keyspaces[uid]);
	program_arg(&s->arena, p, "--shard=0");
	program_arg(&s->arena, p, "--uid=%d", uid);
	program_arg(&s->arena, p, "--type=primary");
	program_arg(&s->arena, p, "--data-dir=%s/spill", s->where.dir);
	add_options(s, p, s->tablet_options);
	return p;
}

/* ---- Keyspaces */

struct tablet_start {
	struct supervisor *s;
	int uid;
	struct program *server; /* once it is kept */
};

static int
bring_up(struct ctx *cx, struct tablet_start *t)
{
	struct supervisor *s = t->s;

	if (dbkind_is_attached(&s->claim.kinds[t->uid])) {
		TRY(dbserver_meet(cx, &s->claim.kinds[t->uid]));
		return keep_program(s, tablet_program(s, t->uid), cx->err);
	}
	/* Once: a second attempt finds the server kept, and goes on with waiting for it. */
	if (t->server == NULL) {
		struct program *p = arena_new(&s->arena, struct program);
		struct dbserver *server = arena_new(&s->arena, struct dbserver);

		*server =
		    (struct dbserver){ .uid = t->uid, .flavour = s->claim.kinds[t->uid].flavour };
		TRY(dbserver_find(cx, &s->claim.kinds[t->uid], &server->programs));
		dbserver_program(&s->arena, &s->where, server, p);
		TRY(dbserver_prepare(cx, &s->where, s->accounts, server, s->claim.keyspaces[t->uid]));
		TRY(keep_program(s, p, cx->err));
		t->server = p;
	}
	TRY(dbserver_wait(cx, &s->where, s->accounts, t->uid));
	return keep_program(s, tablet_program(s, t->uid), cx->err);
}

static void
bring_up_until_done(void *arg)
{
	struct tablet_start *t = arg;
	struct err err = { 0 };
	struct ctx all = { .deadline = NEVER, .err = &err };

	for (;;) {
		struct ctx cx = ctx_within(&all, SERVER_PATIENCE);

		if (bring_up(&cx, t) == 0 || task_cancelled())
			return;
		log_error("bringing up keyspace '%s': %s", t->s->claim.keyspaces[t->uid], err.text);
		if (task_sleep(&all, RETRY_PAUSE) != 0)
			return;
	}
}

static int
start_tablet(struct supervisor *s, int uid, struct err *err)
{
	struct tablet_start *t = arena_new(&s->arena, struct tablet_start);
	char name[PROGRAM_NAME_MAX];

	*t = (struct tablet_start){ .s = s, .uid = uid };
	snprintf(name, sizeof name, "keyspace %d", uid);
	return group_spawn(&s->tasks, name, bring_up_until_done, t, err);
}

/* As the command line says, which may name a keyspace of before; else as whoever created it did. */
static int
kind_of(const struct supervisor *s, const struct keyspace_record *r, struct dbkind *out,
    struct err *err)
{
	for (int i = 0; i < s->wanted_count; i++)
		if (strcmp(s->wanted[i].keyspace, r->name) == 0) {
			*out = s->wanted[i].kind;
			return 0;
		}
	if (dbkind_read(slice_str(r->server_kind), out, err) != 0)
		return err_wrap(err, "keyspace '%s'", r->name);
	return 0;
}

/* The lowest uid that nobody has and whose ports are free; written down (2). 0 when there is none. */
static int
assign_uid(struct supervisor *s, const struct keyspace_record *r, struct err *err)
{
	struct dbkind kind;

	if (kind_of(s, r, &kind, err) != 0)
		return 0;
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++) {
		if (s->claim.keyspaces[uid][0] == '\0' &&
		    claim_hold(&s->claim, s->where.port_base + PORT_TABLET + uid) &&
		    claim_hold(&s->claim, s->where.port_base + PORT_SERVER + uid))
			return claim_uid(&s->claim, uid, r->name, &kind, err) == 0 ? uid : 0;
	}
	err_set(err, ERR_REFUSED, "keyspace '%s': all uids from %d to %d are taken", r->name,
	    TABLET_UID_MIN, TABLET_UID_MAX);
	return 0;
}

static bool
has_uid(const struct supervisor *s, const char *keyspace)
{
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++)
		if (strcmp(s->claim.keyspaces[uid], keyspace) == 0)
			return true;
	return false;
}

/* Somebody else's tablet serves it: not ours to give a server. */
static int
has_tablet(struct ctx *cx, struct supervisor *s, const char *keyspace, bool *has)
{
	struct topo_list list;

	*has = false;
	TRY(topo_list(cx, s->topo, "/tablets/", &list));
	for (size_t i = 0; i < list.count; i++) {
		struct tablet_record r;

		TRY(tablet_read(cx->arena, list.items[i].value, &r, cx->err));
		if (strcmp(r.keyspace, keyspace) == 0)
			*has = true;
	}
	return 0;
}

static int
serve_keyspace(struct ctx *cx, struct supervisor *s, const struct topo_kv *kv)
{
	struct keyspace_record r;
	bool has;
	int uid;

	if (slice_is_null(kv->value))
		return 0; /* its server stays: data is not dropped by the way */
	TRY(keyspace_read(cx->arena, kv->value, &r, cx->err));
	TRY(name_check("keyspace", r.name, cx->err));
	if (has_uid(s, r.name))
		return 0;
	TRY(has_tablet(cx, s, r.name, &has));
	if (has)
		return 0;
	uid = assign_uid(s, &r, cx->err);
	if (uid == 0)
		return -1;
	log_info("keyspace '%s' gets a server uid=%d", r.name, uid);
	return start_tablet(s, uid, cx->err);
}

static int
create_keyspace(struct ctx *cx, struct supervisor *s, const struct wanted_keyspace *w)
{
	SCOPED(buf) struct buf value = BUF_INIT;
	char key[TOPO_KEY_MAX];
	struct keyspace_record r = { .name = w->keyspace,
		.database = dbkind_is_attached(&w->kind) ? w->kind.database : w->keyspace,
		.server_kind = w->kind.name,
		.sidecar = SIDECAR_DEFAULT,
		.created_us = clock_wall() };

	snprintf(key, sizeof key, "/keyspaces/%s", name_escaped(cx->arena, w->keyspace));
	keyspace_write(&value, &r);
	if (topo_put(cx, s->topo, &(struct topo_compare){ .key = key }, buf_slice(&value), 0,
		NULL) == 0 ||
	    cx->err->kind == ERR_CONFLICT)
		return 0; /* it exists: fine */
	return err_wrap(cx->err, "creating keyspace '%s'", w->keyspace);
}

/* All keyspaces, then each new one. A refused keyspace does not stop the others. */
static int
watch_keyspaces(struct ctx *cx, struct supervisor *s)
{
	struct arena *a = cx->arena;
	struct topo_list list;
	struct topo_events events = { 0 };

	/* Compacted: this returns 0, and is called again with a list of now. */
	TRY(topo_list(cx, s->topo, "/keyspaces/", &list));
	for (size_t i = 0; i < list.count; i++)
		if (serve_keyspace(cx, s, &list.items[i]) != 0)
			log_error("%s", cx->err->text);
	for (int64_t revision = list.revision; !events.compacted; revision = events.revision) {
		arena_reset(a);
		TRY(topo_watch(cx, s->topo, "/keyspaces/", revision, &events));
		if (fault("combo.keyspaces.seen"))
			return err_set(cx->err, ERR_RETRY, "fault");
		for (size_t i = 0; i < events.count; i++)
			if (serve_keyspace(cx, s, &events.items[i].kv) != 0)
				log_error("%s", cx->err->text);
	}
	return 0;
}

/* Until it is cancelled. A topology that cannot be read for a while stops nothing: what runs serves. */
static int
follow_keyspaces(struct ctx *cx, struct supervisor *s)
{
	for (;;) {
		SCOPED(arena) struct arena a = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &a;
		if (watch_keyspaces(&inner, s) == 0)
			continue;
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		log_warn("watching keyspaces: %s", cx->err->text);
		err_clear(cx->err);
		TRY(task_sleep(cx, WATCH_AGAIN));
	}
}

/* ---- Ready */

static bool
answers(struct ctx *cx, int port)
{
	char address[32];
	struct conn *c;

	snprintf(address, sizeof address, "127.0.0.1:%d", port);
	if (net_connect(cx, address, &c) != 0)
		return false;
	conn_close(c);
	return true;
}

static bool
is_healthy(struct ctx *cx, struct supervisor *s, int uid)
{
	char key[TOPO_KEY_MAX];
	struct topo_kv kv;
	struct health_record r;

	snprintf(key, sizeof key, "/health/" COMBO_CELL "-%d", uid);
	return topo_get(cx, s->topo, key, &kv) == 0 &&
	    health_read(cx->arena, kv.value, &r, cx->err) == 0 && r.healthy;
}

/* What is not ready yet, or NULL. */
static const char *
missing(struct ctx *cx, struct supervisor *s)
{
	if (!answers(cx, s->where.port_base + PORT_VTCTLD))
		return "vtctld";
	if (!answers(cx, s->where.port_base + PORT_GATE_MYSQL))
		return "vtgate";
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++)
		if (s->claim.keyspaces[uid][0] != '\0' && !is_healthy(cx, s, uid))
			return arena_printf(cx->arena,
			    "the tablet of keyspace '%s': log/vttablet-%d.log may say why",
			    s->claim.keyspaces[uid], uid);
	return NULL;
}

/* Says so on stdout once everything serves; until then, every ten seconds, what does not. */
static void
announce(void *arg)
{
	struct supervisor *s = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &a };
	const char *what;
	usec said = task_now();

	/* By asking the programs, not by what was started: a port that answers is what a client needs. */
	while ((what = missing(&cx, s)) != NULL) {
		if (task_now() - said > 10 * SECOND) {
			log_warn("still waiting for %s", what);
			said = task_now();
		}
		arena_reset(&a);
		if (task_sleep(&cx, READY_POLL) != 0)
			return;
	}
	printf("vtcombo ready http=127.0.0.1:%d mysql=127.0.0.1:%d\n",
	    s->where.port_base + PORT_VTCTLD, s->where.port_base + PORT_GATE_MYSQL);
	fflush(stdout);
}

/* ---- Life */

/* A key on a lease says that somebody gives new keyspaces a tablet, and servers of which kinds: vtctld then
 * waits for it. */
static void
show_presence(struct ctx *cx, void *arg, int64_t lease)
{
	struct supervisor *s = arg;
	SCOPED(buf) struct buf json = BUF_INIT;
	char key[TOPO_KEY_MAX];

	snprintf(key, sizeof key, "/combo/%d", (int)getpid());
	combo_write(&json, &(struct combo_record){ .server_kinds = s->installed });
	if (topo_set(cx, s->topo, key, buf_slice(&json), lease) != 0)
		log_error("showing that a vtcombo is here: %s", cx->err->text);
}

static int
start_presence(struct ctx *cx, struct supervisor *s)
{
	TRY(topo_lease_start(cx, s->topo, PRESENCE_TTL, &s->lease));
	topo_lease_on_grant(s->lease, show_presence, s);
	show_presence(cx, s, topo_lease_id(s->lease));
	return 0;
}

static int
open_topology(struct ctx *cx, struct supervisor *s)
{
	char url[PLACE_MAX + 16], path[PLACE_MAX];

	places_file(&s->where, path, "topo.db");
	snprintf(url, sizeof url, "sqlite:%s", path);
	return topo_open(cx, url, &s->topo);
}

int
supervisor_run(struct ctx *cx, struct supervisor *s)
{
	group_init(&s->tasks);
	TRY(open_topology(cx, s));
	TRY(start_presence(cx, s));
	for (int i = 0; i < s->wanted_count; i++)
		TRY(create_keyspace(cx, s, &s->wanted[i]));
	TRY(start_center(s, cx->err));
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++)
		if (s->claim.keyspaces[uid][0] != '\0')
			TRY(start_tablet(s, uid, cx->err));
	TRY(group_spawn(&s->tasks, "announce", announce, s, cx->err));
	return follow_keyspaces(cx, s);
}

/* Gates first, so that clients are gone before what they use; servers last. */
void
supervisor_stop(struct ctx *cx, struct supervisor *s)
{
	static const char *const order[] = { "vtgate", "vtctld", "vttablet-", "server-" };
	struct err err = { 0 };

	/* First nobody keeps anything: else what is stopped here would be started again. */
	group_done(&s->tasks); /* (3) */
	if (s->lease != NULL)
		topo_lease_stop(s->lease);
	s->lease = NULL;
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		struct ctx step = ctx_shielded(cx, STOP_PATIENCE, &err);

		for (int i = 0; i < s->programs_count; i++)
			if (strncmp(s->programs[i]->name, order[k], strlen(order[k])) == 0)
				program_stop(&step, s->programs[i]);
	}
	if (s->topo != NULL)
		topo_close(s->topo); /* waits for its thread, as only a task can */
	s->topo = NULL;
}

void
supervisor_close(struct supervisor *s)
{
	credentials_free(s->accounts);
	arena_done(&s->arena);
	claim_drop(&s->claim);
}
