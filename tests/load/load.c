/*
 * load - clients that write to `users`, with --orders to two more tables, remember every answer, and
 * check the tables against it.
 *
 *   load run     --host H --port P ... --journal DIR   until "stop", SIGTERM or --seconds
 *   load verify  --host H --port P ... --journal DIR   compares that server's table
 *
 * run prints one JSON line when the clients are running ({"event":"ready"}) and
 * then answers each line of its stdin with one:
 *   mark NAME           a new interval begins
 *   window NAME T0 T1   the longest wait of a statement between two moments (microseconds since 1970)
 *   stats               counters up to now
 *   rest, work          no new statement (with --burst: nor transaction), until work
 *   stop                ends the run; the summary follows
 * Exit status: 0 when all is well, 1 when a client saw an error or the table is wrong, 2 when it
 * could not run.
 */
#include "verify.h"
#include "workload.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INTERVALS_MAX = 32, LINE_MAX_LEN = 256, EXIT_WRONG = 1, EXIT_BROKEN = 2 };

struct interval {
	char name[48];
	int64_t from_us, to_us; /* to_us 0: still going on */
};

struct run {
	struct settings set;
	struct baseline base;
	struct workload *clients;
	struct interval *intervals; /* INTERVALS_MAX */
	int interval_count;
	int64_t start_us, end_us;
};

/* Set by the signal handler and the control loop,
    read by all: the only state outside of a struct. */
static struct steering steering;

static void
on_signal(int sig)
{
	(void)sig;
	atomic_store(&steering.stop, true);
}

static void
put_json_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(f, "\\u%04x", *p);
		else
			fputc(*p, f);
	}
	fputc('"', f);
}

static void
put_wait(FILE *f, const struct run *r, const char *name, int64_t from, int64_t to)
{
	struct stall longest = { 0 };
	uint64_t count = 0;

	for (int i = 0; i < r->set.clients; i++) {
		struct stall s = stalls_longest(&r->clients[i].link.stalls, from, to, &count);

		if (s.wait_us > longest.wait_us)
			longest = s;
	}
	fprintf(f, "{\"name\":");
	put_json_text(f, name);
	fprintf(f,
	    ",\"from_us\":%" PRId64 ",\"to_us\":%" PRId64 ",\"statements\":%" PRIu64
	    ",\"longest_ms\":%.3f,\"longest_at_us\":%" PRId64 ",\"longest_kind\":\"%s\"}",
	    from, to, count, (double)longest.wait_us / 1000, longest.start_us,
	    stmt_kind_names[longest.what]);
}

struct totals {
	uint64_t statements, writes, reads, transactions, unknown, errors, disconnects, wrong_reads;
};

static struct totals
add_up(const struct run *r)
{
	struct totals t = { 0 };

	for (int i = 0; i < r->set.clients; i++) {
		struct workload *w = &r->clients[i];

		pthread_mutex_lock(&w->link.stalls.lock);
		t.statements += w->link.stalls.statements;
		pthread_mutex_unlock(&w->link.stalls.lock);
		pthread_mutex_lock(&w->link.lock);
		t.errors += w->link.errors;
		t.disconnects += w->link.disconnects;
		t.wrong_reads += w->link.wrong_reads;
		pthread_mutex_unlock(&w->link.lock);
	}
	return t;
}

static void
put_first_errors(FILE *f, const struct run *r)
{
	int put = 0;

	fprintf(f, "\"first_errors\":[");
	for (int i = 0; i < r->set.clients; i++) {
		struct link *l = &r->clients[i].link;

		for (int k = 0; k < l->first_count && put < FAILURES_KEPT; k++, put++) {
			fprintf(f, "%s{\"client\":%d,\"at_us\":%" PRId64 ",\"code\":%u,\"text\":",
			    put > 0 ? "," : "", i, l->first[k].at_us, l->first[k].code);
			put_json_text(f, l->first[k].text);
			fprintf(f, ",\"sql\":");
			put_json_text(f, l->first[k].sql);
			fprintf(f, "}");
		}
	}
	fprintf(f, "]");
}

static void
put_totals(FILE *f, const struct totals *t)
{
	fprintf(f,
	    "\"statements\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"wrong_reads\":%" PRIu64
	    ",\"disconnects\":%" PRIu64,
	    t->statements, t->errors, t->wrong_reads, t->disconnects);
}

/* After the clients have ended: nothing moves any more. */
static void
put_summary(FILE *f, const struct run *r)
{
	struct totals t = add_up(r);

	for (int i = 0; i < r->set.clients; i++) {
		t.writes += r->clients[i].writes;
		t.reads += r->clients[i].reads;
		t.transactions += r->clients[i].transactions;
		t.unknown += r->clients[i].unknown + r->clients[i].orders.unknown;
		t.writes += r->clients[i].orders.acknowledged;
	}
	fprintf(f, "{\"event\":\"summary\",\"clients\":%d,\"seconds\":%.3f,", r->set.clients,
	    (double)(r->end_us - r->start_us) / 1e6);
	put_totals(f, &t);
	fprintf(f,
	    ",\"writes\":%" PRIu64 ",\"checked_reads\":%" PRIu64 ",\"transactions\":%" PRIu64
	    ",\"unknown\":%" PRIu64 ",",
	    t.writes, t.reads, t.transactions, t.unknown);
	put_first_errors(f, r);
	fprintf(f, ",\"longest\":");
	put_wait(f, r, "all", r->start_us, r->end_us);
	fprintf(f, ",\"intervals\":[");
	for (int i = 0; i < r->interval_count; i++) {
		const struct interval *v = &r->intervals[i];

		fprintf(f, "%s", i > 0 ? "," : "");
		put_wait(f, r, v->name, v->from_us, v->to_us != 0 ? v->to_us : r->end_us);
	}
	fprintf(f, "]}\n");
}

static void
mark(struct run *r, const char *name)
{
	struct interval *v;

	if (r->interval_count > 0)
		r->intervals[r->interval_count - 1].to_us = wall_us();
	if (r->interval_count == INTERVALS_MAX)
		r->interval_count--; /* the last one goes by its newest name */
	v = &r->intervals[r->interval_count++];
	*v = (struct interval){ .from_us = wall_us() };
	snprintf(v->name, sizeof v->name, "%s", name);
}

static void
obey(struct run *r, const char *line)
{
	char name[48];
	int64_t from, to;

	if (strcmp(line, "stop") == 0) {
		atomic_store(&steering.stop, true);
		return;
	}
	if (sscanf(line, "mark %47s", name) == 1) {
		mark(r, name);
		printf("{\"event\":\"mark\",\"at_us\":%" PRId64 "}\n",
		    r->intervals[r->interval_count - 1].from_us);
	} else if (sscanf(line, "window %47s %" SCNd64 " %" SCNd64, name, &from, &to) == 3) {
		put_wait(stdout, r, name, from, to);
		printf("\n");
	} else if (strcmp(line, "rest") == 0 || strcmp(line, "work") == 0) {
		atomic_store(&steering.rest, line[0] == 'r');
		printf("{\"event\":\"%s\",\"at_us\":%" PRId64 "}\n", line, wall_us());
	} else if (strcmp(line, "stats") == 0) {
		struct totals t = add_up(r);

		printf("{\"event\":\"stats\",\"at_us\":%" PRId64 ",", wall_us());
		put_totals(stdout, &t);
		printf("}\n");
	} else {
		printf("{\"event\":\"error\",\"text\":\"not a command\"}\n");
	}
	fflush(stdout);
}

/* Lines from stdin until the run is to stop. The end of stdin is not the end of the run. */
static void
control(struct run *r)
{
	char line[LINE_MAX_LEN];
	size_t used = 0;
	int fd = 0;

	while (!atomic_load(&steering.stop)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char c;

		if (r->set.seconds > 0 && wall_us() - r->start_us > (int64_t)r->set.seconds * 1000000)
			atomic_store(&steering.stop, true);
		if (poll(&p, 1, 100) <= 0) /* ms: how late --seconds may be seen */
			continue;
		if (read(0, &c, 1) != 1) {
			fd = -1;
		} else if (c == '\n') {
			line[used] = '\0';
			used = 0;
			obey(r, line);
		} else if (used < sizeof line - 1) {
			line[used++] = c;
		}
	}
}

static MYSQL *
open_or_say(const struct settings *set)
{
	char text[256];
	unsigned code = 0;
	MYSQL *my = link_open(set, &code, text, sizeof text);

	if (my == NULL)
		fprintf(stderr, "load: connecting to %s:%d: error %u: %s\n", set->host, set->port,
		    code, text);
	return my;
}

static int
prepare_run(struct run *r)
{
	MYSQL *my;
	int rc;

	if (mkdir(r->set.journal, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "load: creating '%s': %m\n", r->set.journal);
		return -1;
	}
	my = open_or_say(&r->set);
	if (my == NULL)
		return -1;
	rc = baseline_read(&r->base, my);
	if (rc == 0)
		rc = baseline_save(&r->base, r->set.journal);
	if (rc == 0)
		rc = workload_put_ceiling(my, &r->set, &r->base);
	mysql_close(my);
	return rc;
}

static int
run_clients(struct run *r)
{
	r->clients = calloc((size_t)r->set.clients, sizeof *r->clients);
	r->intervals = calloc(INTERVALS_MAX, sizeof *r->intervals);
	if (r->clients == NULL || r->intervals == NULL)
		abort();
	r->start_us = r->set.start_us = wall_us();
	for (int i = 0; i < r->set.clients; i++)
		if (workload_start(&r->clients[i], i, &r->set, &r->base, &steering) != 0)
			return -1;
	printf("{\"event\":\"ready\",\"at_us\":%" PRId64 ",\"rows\":%zu}\n", r->start_us,
	    r->base.count + 1);
	fflush(stdout);
	control(r);
	for (int i = 0; i < r->set.clients; i++)
		workload_join(&r->clients[i]);
	r->end_us = wall_us();
	return 0;
}

static int
do_run(struct run *r)
{
	struct totals t;
	FILE *f;

	if (prepare_run(r) != 0 || run_clients(r) != 0)
		return EXIT_BROKEN;
	put_summary(stdout, r);
	if (r->set.summary != NULL) {
		f = fopen(r->set.summary, "w");
		if (f == NULL) {
			fprintf(stderr, "load: creating '%s': %m\n", r->set.summary);
			return EXIT_BROKEN;
		}
		put_summary(f, r);
		fclose(f);
	}
	t = add_up(r);
	for (int i = 0; i < r->set.clients; i++) {
		link_done(&r->clients[i].link);
		free(r->clients[i].rows);
	}
	free(r->clients);
	free(r->intervals);
	baseline_done(&r->base);
	return t.errors + t.wrong_reads == 0 ? 0 : EXIT_WRONG;
}

static int
do_verify(const struct settings *set)
{
	struct verdict v;
	MYSQL *my = open_or_say(set);
	int rc = my == NULL ? -1 : verify_table(set, my, &v);

	if (rc == 0 && set->orders)
		rc = orders_verify(set, my, &v);
	if (my != NULL)
		mysql_close(my);
	if (rc != 0)
		return EXIT_BROKEN;
	printf("{\"event\":\"verify\",\"port\":%d,\"rows\":%" PRIu64 ",\"checked_writes\":%" PRIu64
	       ",\"unknown\":%" PRIu64 ",\"lost_writes\":%" PRIu64 ",\"wrong_rows\":%" PRIu64
	       ",\"duplicates\":%" PRIu64 ",\"ok\":%s,\"first\":[",
	    set->port, v.rows, v.checked_writes, v.unknown, v.lost_writes, v.wrong_rows,
	    v.duplicates, verdict_ok(&v) ? "true" : "false");
	for (int i = 0; i < v.first_count; i++) {
		fprintf(stdout, "%s", i > 0 ? "," : "");
		put_json_text(stdout, v.first[i]);
	}
	printf("]}\n");
	return verdict_ok(&v) ? 0 : EXIT_WRONG;
}

/* clang-format off */
static const struct option options[] = {
	{ "host", required_argument, NULL, 'h' }, { "port", required_argument, NULL, 'P' },
	{ "user", required_argument, NULL, 'u' }, { "password-file", required_argument, NULL, 'p' },
	{ "database", required_argument, NULL, 'D' }, { "clients", required_argument, NULL, 'c' },
	{ "rate", required_argument, NULL, 'r' }, { "seconds", required_argument, NULL, 's' },
	{ "journal", required_argument, NULL, 'j' }, { "summary", required_argument, NULL, 'o' },
	{ "seed", required_argument, NULL, 'S' }, { "socket", required_argument, NULL, 'k' },
	{ "tolerate-disconnects", no_argument, NULL, 't' }, { "orders", no_argument, NULL, 'O' },
	{ "burst", no_argument, NULL, 'b' }, { "inserts", no_argument, NULL, 'i' },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

static const char *
read_password(const char *path)
{
	static char line[128]; /* lives as long as the program's settings */
	FILE *f = fopen(path, "r");

	if (f == NULL || fgets(line, sizeof line, f) == NULL) {
		fprintf(stderr, "load: reading '%s': %m\n", path);
		exit(EXIT_BROKEN);
	}
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static int
take_option(struct settings *s, int c)
{
	switch (c) {
	case 'h': s->host = optarg; return 0;
	case 'P': s->port = atoi(optarg); return 0;
	case 'u': s->user = optarg; return 0;
	case 'p': s->password = read_password(optarg); return 0;
	case 'D': s->database = optarg; return 0;
	case 'c': s->clients = atoi(optarg); return 0;
	case 'r': s->rate = atof(optarg); return 0;
	case 's': s->seconds = atoi(optarg); return 0;
	case 'j': s->journal = optarg; return 0;
	case 'o': s->summary = optarg; return 0;
	case 'S': s->seed = strtoull(optarg, NULL, 10); return 0;
	case 'k': s->socket = optarg; return 0;
	case 't': s->tolerate_disconnects = true; return 0;
	case 'O': s->orders = true; return 0;
	case 'b': s->burst = true; return 0;
	case 'i': s->inserts = true; return 0;
	default: return -1;
	}
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: load run|verify --journal DIR [--host H] [--port P] [--socket S] [--user U]\n"
	    "    [--password-file F] [--database D] [--clients N] [--rate R] [--seconds N] [--seed N]\n"
	    "    [--summary FILE] [--tolerate-disconnects] [--orders] [--burst]\n"
	    "    [--inserts]\n");
	return EXIT_BROKEN;
}

int
main(int argc, char **argv)
{
	struct run r = { .set = { .host = "127.0.0.1",
			     .port = 3306,
			     .user = "app",
			     .password = "",
			     .database = "customer",
			     .clients = 8,
			     .rate = 500,
			     .seed = 1 } };
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(&r.set, c) != 0)
			return usage();
	if (optind != argc - 1 || r.set.journal == NULL || r.set.clients < 1 || r.set.clients > 1000)
		return usage();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	mysql_library_init(0, NULL, NULL);
	if (strcmp(argv[optind], "run") == 0)
		rc = do_run(&r);
	else if (strcmp(argv[optind], "verify") == 0)
		rc = do_verify(&r.set);
	else
		rc = usage();
	mysql_library_end();
	return rc;
}
