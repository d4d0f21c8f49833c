#include "combo/report.h"

#include "base/mem.h"
#include "base/parse.h"
#include "combo/claim.h"
#include "combo/process.h"
#include "combo/program.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_S = 90 }; /* more than a supervisor gives each of its programs */

static void
add_json_text(struct buf *b, const char *text)
{
	buf_add_char(b, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20)
			buf_addf(b, "\\u%04x", (unsigned)*p);
		else if (*p == '"' || *p == '\\')
			buf_addf(b, "\\%c", *p);
		else
			buf_add_char(b, *p);
	}
	buf_add_char(b, '"');
}

/* One program as known by its pid file. */
struct entry {
	char name[PROGRAM_NAME_MAX], pid_file[PLACE_MAX], log[PLACE_MAX],
	    keyspace[NAME_MAX_BYTES + 1];
	pid_t pid;
	int http, mysql; /* ports; 0: none */
};

static int
uid_of(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	int uid;
	struct err not_a_number;

	if (strncmp(name, prefix, n) != 0)
		return 0;
	if (parse_int(slice_str(name + n), TABLET_UID_MIN, TABLET_UID_MAX, &uid, &not_a_number) != 0)
		return 0;
	return uid;
}

static void
fill_keyspace(const struct places *where, int uid, struct entry *e)
{
	char path[PLACE_MAX];
	struct err newer_kind;

	places_file(where, path, "tablets/%d", uid);
	(void)!claim_keyspace(path, e->keyspace, NULL, &newer_kind);
}

static void
fill(const struct places *where, const char *name, struct entry *e)
{
	int uid;

	*e = (struct entry){ .pid = 0 };
	snprintf(e->name, sizeof e->name, "%.31s", name);
	places_file(where, e->pid_file, "run/%s.pid", e->name);
	places_file(where, e->log, "log/%s.log", e->name);
	e->pid = process_of_file(e->pid_file);
	if (strcmp(name, "vtctld") == 0)
		e->http = where->port_base + PORT_VTCTLD;
	if (strcmp(name, "vtgate") == 0) {
		e->http = where->port_base + PORT_GATE_HTTP;
		e->mysql = where->port_base + PORT_GATE_MYSQL;
	}
	if ((uid = uid_of(name, "vttablet-")) != 0) {
		e->http = where->port_base + PORT_TABLET + uid;
		fill_keyspace(where, uid, e);
	}
	if ((uid = uid_of(name, "server-")) != 0) {
		e->mysql = where->port_base + PORT_SERVER + uid;
		fill_keyspace(where, uid, e);
	}
}

/* Gates, controllers, tablets, servers: the order in which they end. */
static int
rank(const char *name)
{
	static const char *const order[] = { "vtgate", "vtctld", "vttablet-", "server-" };

	for (int i = 0; i < 4; i++)
		if (strncmp(name, order[i], strlen(order[i])) == 0)
			return i;
	return 4; /* one that installs a server */
}

static int
by_rank(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = rank(x->name) - rank(y->name);

	return d != 0 ? d : strverscmp(x->name, y->name);
}

enum { ENTRIES_MAX = 2 + 3 * TABLET_UID_MAX };

/* All pid files; the caller frees. */
static int
entries(const struct places *where, struct entry **out, int *count, struct err *err)
{
	char path[PLACE_MAX];
	DIR *d;
	struct dirent *e;
	struct entry *all;

	*count = 0;
	places_file(where, path, "run");
	d = opendir(path);
	if (d == NULL) {
		err_set(err, ERR_NOT_FOUND, "no vtcombo has run in '%s'", where->dir);
		return err_hint(err, "vtcombo up --data-dir %.120s", where->dir);
	}
	all = mem_zalloc(ENTRIES_MAX * sizeof *all);
	while ((e = readdir(d)) != NULL && *count < ENTRIES_MAX) {
		size_t n = strlen(e->d_name);
		char name[PROGRAM_NAME_MAX];

		if (n < 5 || n - 4 >= sizeof name || strcmp(e->d_name + n - 4, ".pid") != 0)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(n - 4), e->d_name);
		fill(where, name, &all[(*count)++]);
	}
	closedir(d);
	qsort(all, (size_t)*count, sizeof *all, by_rank);
	*out = all;
	return 0;
}

static void
add_address(struct buf *b, const char *member, int port)
{
	if (port != 0)
		buf_addf(b, "\"%s\":\"127.0.0.1:%d\",", member, port);
}

static void
add_entry_json(struct buf *b, const struct entry *e)
{
	buf_addf(b, "{\"name\":\"%s\",\"pid\":%d,\"running\":%s,", e->name, (int)e->pid,
	    e->pid != 0 ? "true" : "false");
	add_address(b, "http", e->http);
	add_address(b, "mysql", e->mysql);
	buf_add_str(b, "\"keyspace\":");
	add_json_text(b, e->keyspace);
	buf_add_str(b, ",\"log\":");
	add_json_text(b, e->log);
	buf_add_str(b, "}");
}

static void
add_entry_text(struct buf *b, const struct entry *e)
{
	int port = e->mysql != 0 ? e->mysql : e->http;

	buf_addf(b, "%-12s %-8s %7d  127.0.0.1:%-6d %s\n", e->name,
	    e->pid != 0 ? "running" : "stopped", (int)e->pid, port, e->keyspace);
}

int
report_status(const struct places *where, bool json, struct buf *out, struct err *err)
{
	struct entry *all;
	int count, port_base;
	pid_t pid = claim_of(where, &port_base);

	TRY(entries(where, &all, &count, err));
	if (json) {
		buf_add_str(out, "{\"data_dir\":");
		add_json_text(out, where->dir);
		buf_addf(out, ",\"port_base\":%d,\"supervisor\":%d,\"programs\":[",
		    where->port_base, (int)pid);
	} else {
		buf_addf(out, "%-12s %-8s %7d  %s\n", "vtcombo", pid != 0 ? "running" : "stopped",
		    (int)pid, where->dir);
	}
	for (int i = 0; i < count; i++) {
		if (rank(all[i].name) == 4)
			continue;
		if (json && out->data[out->len - 1] == '}')
			buf_add_str(out, ",");
		(json ? add_entry_json : add_entry_text)(out, &all[i]);
	}
	if (json)
		buf_add_str(out, "]}\n");
	free(all);
	return 0;
}

static int
stop_process(const char *name, pid_t pid, struct err *err)
{
	if (kill(pid, SIGTERM) != 0 && errno != ESRCH)
		return err_errno(err, errno, "stopping %s (process %d)", name, (int)pid);
	if (process_wait(pid, PATIENCE_S) == 0)
		return 0;
	/* A server that is killed recovers at its next start: it is durable. */
	kill(pid, SIGKILL);
	if (process_wait(pid, PATIENCE_S) == 0)
		return 0;
	return err_set(err, ERR_TIMEOUT, "%s (process %d) does not end", name, (int)pid);
}

int
report_down(const struct places *where, struct err *err)
{
	struct entry *all;
	int count, rc = 0, port_base;
	pid_t pid = claim_of(where, &port_base);

	TRY(entries(where, &all, &count, err));
	if (pid != 0)
		rc = stop_process("vtcombo", pid, err);
	/* Read anew: the supervisor has stopped most of them by now. */
	for (int i = 0; i < count && rc == 0; i++) {
		pid_t left = process_of_file(all[i].pid_file);

		if (left != 0)
			rc = stop_process(all[i].name, left, err);
	}
	free(all);
	return rc;
}

int
report_purge(const struct places *where, struct err *err)
{
	static const char *const ours[] = { "run", "log", "spill", "tablets", "credentials.json",
		"credentials.json.new", "topo.db", "topo.db-wal", "topo.db-shm", "lock" };
	char path[PLACE_MAX];

	/* By name, one by one: what a person has put into the folder is not ours to remove. */
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++) {
		places_file(where, path, "server-%d", uid);
		(void)places_remove(path); /* most uids were never used */
		places_file(where, path, "server-%d.new", uid);
		(void)places_remove(path);
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		places_file(where, path, "%s", ours[i]);
		if (places_remove(path) != 0 && errno != ENOENT)
			return err_errno(err, errno, "removing '%s'", path);
	}
	if (rmdir(where->dir) != 0 && errno != ENOTEMPTY && errno != EEXIST)
		return err_errno(err, errno, "removing '%s'", where->dir);
	return 0;
}
