/*
 * vtcombo - a whole cluster on one machine, supervised: database servers, tablets, vtctld, vtgate.
 *
 *   vtcombo up      starts or adopts everything and stays; SIGTERM or Ctrl-C stops everything in order
 *   vtcombo status  what runs
 *   vtcombo down    stops everything, with or without a supervisor; --purge removes the data as well
 *   vtcombo exec    not for people: what each supervised program begins as (combo/process.h)
 *
 * status and down need no loop: they read pid files and the data directory's lock, and down sends
 * signals. So they work beside a supervisor that hangs, and after one that was killed.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/option.h"
#include "cmd/main.h"
#include "cmd/link_options.h"
#include "combo/dbkind.h"
#include "combo/process.h"
#include "combo/report.h"
#include "combo/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PORT_BASE_DEFAULT = 15000 }; /* vtctlclient looks for vtctld there */
enum format { FORMAT_TEXT, FORMAT_JSON };

struct settings {
	const char *data_dir;
	int64_t port_base;
	struct option_list keyspaces;
	const char *credentials;
	struct db_link_settings db_link;
	struct client_link_settings client_link;
	int format;
	bool purge, help;
};

/* clang-format off */
static const struct option options[] = {
	{ "data-dir", OPT_STRING, offsetof(struct settings, data_dir), NULL, 0, 0, NULL, "DIR",
	    "Where everything is kept; /var/lib/switchyard for root, else ~/.local/share/switchyard." },
	{ "port-base", OPT_INT, offsetof(struct settings, port_base), NULL, 1024, PORT_BASE_MAX,
	    NULL, "PORT",
	    "First port; as the last time in this data directory, else 15000." },
	{ "keyspace", OPT_LIST, offsetof(struct settings, keyspaces), NULL, 0, 0, NULL, "NAME[=KIND]",
	    "Create this keyspace (up) if it does not exist, with a server of KIND, " DBKIND_NAMES
	    " (the first where none is said); or at a server that is there already, " DBKIND_URL
	    ", whose ADDRESS may be [V6]:PORT or unix:PATH too." },
	{ "credentials", OPT_STRING, offsetof(struct settings, credentials), NULL, 0, 0, NULL, "FILE",
	    "The accounts of servers that are there already (up); mode 0600." },
	DB_LINK_OPTIONS,
	CLIENT_LINK_OPTIONS,
	{ "format", OPT_ENUM, offsetof(struct settings, format), "text", 0, 0, "text|json",
	    "FORMAT",
	    "How status is printed." },
	{ "purge", OPT_BOOL, offsetof(struct settings, purge), NULL, 0, 0, NULL, NULL,
	    "Remove the data as well (down)." },
	{ "help", OPT_BOOL, offsetof(struct settings, help), NULL, 0, 0, NULL, NULL, "Show this." },
	{ 0 },
};
/* clang-format on */

/* Of "up". task: while supervisor_run() is inside, for the signal to cancel; NULL before and after. */
struct up {
	struct supervisor *s;
	struct settings *set;
	struct task *task;
	int status;
};

static void
on_signal(int sig, void *arg)
{
	struct up *up = arg;

	log_info("stopping on signal %d", sig);
	if (up->task != NULL)
		task_cancel(up->task);
}

static void
run_up(void *arg)
{
	struct up *up = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &a };

	up->task = task_self();
	up->status = 0;
	if (supervisor_run(&cx, up->s) != 0 && err.kind != ERR_CANCELLED) {
		log_error("%s", err.text);
		up->status = 1;
	}
	/* From here on a second signal is nothing: everything is being stopped already. */
	up->task = NULL;
	/* In this task, which was cancelled: the stop is shielded, and takes as long as servers need. */
	supervisor_stop(&cx, up->s);
	loop_stop(loop_current());
}

static int
say(const struct err *err)
{
	return main_complain("vtcombo", err);
}

static int
up(struct settings *set, const struct places *where)
{
	struct err err = { 0 };
	struct supervisor *s = mem_new(struct supervisor);
	struct up u = { .s = s, .set = set, .status = 1 };

	s->where = *where;
	s->credentials = set->credentials;
	/* A reader of our output that has gone must not end the supervisor. */
	signal(SIGPIPE, SIG_IGN);
	if (db_link_words(&s->arena, &set->db_link, &s->tablet_options, &err) != 0 ||
	    gate_link_words(&s->arena, &set->db_link, &set->client_link, &s->gate_options, &err) !=
		0 ||
	    supervisor_open(s, set->keyspaces.items, set->keyspaces.count, &err) != 0 ||
	    main_loop("vtcombo", run_up, on_signal, &u, &err) != 0)
		say(&err);
	supervisor_close(s);
	free(s);
	return u.status;
}

static int
status(const struct settings *set, const struct places *where)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct err err = { 0 };

	if (report_status(where, set->format == FORMAT_JSON, &out, &err) != 0)
		return say(&err);
	fputs(out.data, stdout);
	return 0;
}

static int
down(const struct settings *set, const struct places *where)
{
	struct err err = { 0 };

	if (report_down(where, &err) != 0 || (set->purge && report_purge(where, &err) != 0))
		return say(&err);
	return 0;
}

static int
usage(FILE *out)
{
	fprintf(out, "usage: vtcombo up|status|down [options]\n\n");
	option_help(options, out);
	return out == stdout ? 0 : 2;
}

/* Given, else as written in the data directory, else the default. */
static int
find_places(const struct settings *set, struct places *where, struct err *err)
{
	char home[DIR_MAX_BYTES];
	const char *dir = set->data_dir;
	int before;

	/* Root's cluster is the machine's, everybody else's their own. */
	if (dir == NULL) {
		snprintf(home, sizeof home, "%.300s/.local/share/switchyard",
		    getenv("HOME") == NULL ? "" : getenv("HOME"));
		dir = geteuid() == 0 ? "/var/lib/switchyard" : home;
	}
	TRY(places_init(where, dir, (int)set->port_base, err));
	/* The lock file outlives its holder: so "status" of a stopped cluster names the same ports. */
	(void)claim_of(where, &before);
	if (where->port_base == 0)
		where->port_base = before != 0 ? before : PORT_BASE_DEFAULT;
	return 0;
}

static int
run_verb(struct settings *set, const char *verb)
{
	struct err err = { 0 };
	struct places *where = mem_new(struct places);
	int rc;

	if (find_places(set, where, &err) != 0)
		rc = say(&err);
	else if (strcmp(verb, "up") == 0)
		rc = up(set, where);
	else if (strcmp(verb, "status") == 0)
		rc = status(set, where);
	else if (strcmp(verb, "down") == 0)
		rc = down(set, where);
	else
		rc = usage(stderr);
	free(where);
	return rc;
}

int
main(int argc, char **argv)
{
	struct settings set;
	struct err err = { 0 };
	const char *rest[2];
	int count = 2;

	/* What every supervised process is for an instant: itself, with its pid file written. */
	if (argc > 3 && strcmp(argv[1], "exec") == 0)
		return process_become(argv[2], argv + 3, &err) != 0 ? say(&err) : 0;
	if (option_defaults(options, &set, &err) != 0 ||
	    option_parse(options, &set, argv, rest, &count, &err) != 0)
		return say(&err);
	if (set.help)
		return usage(stdout);
	return count == 1 ? run_verb(&set, rest[0]) : usage(stderr);
}
