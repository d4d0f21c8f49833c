/*
 * topo_file.h - inside of the store in one SQLite file: what its two halves share.
 *
 *   topo_file.c   calls: get, list, txn, leases; opening and closing
 *   topo_look.c   what others do: the task that looks, watches, leases that are over
 *
 * All of it belongs to one loop. Only topo_file.c and topo_look.c include this.
 */
#ifndef TOPO_TOPO_FILE_H
#define TOPO_TOPO_FILE_H

#include "base/list.h"
#include "task/group.h"
#include "topo/notice.h"
#include "topo/topo_tables.h"

/* A lease as this process has seen it. */
struct seen {
	struct table_lease lease;
	/* task_boottime() when the counter was first seen as it is */
	usec since;
};

struct file {
	struct topo topo;
	struct db *db;
	bool busy;               /* a call runs on a helper thread, which alone uses db then */
	struct waitlist free;    /* tasks that want to be the next */
	int64_t revision;        /* the highest known; it only grows */
	struct notice notice;    /* others have changed the file */
	usec looked;             /* when leases and revision were read last, on task_now() */
	struct waitlist changed; /* revision or failing changed, or a watcher's found */
	struct list watchers;    /* struct watcher, those that wait */
	bool failing;            /* the last look failed; failure says how */
	struct err failure;
	struct seen *seen;
	size_t seen_count;
	struct group group;
};

/* What a look reads for one watcher. */
struct asked {
	const char *prefix;
	int64_t from; /* changes after this revision */
	struct topo_events events;
};

/* One blocking call: what goes in, what comes out; act() uses the members that it needs. */
struct call {
	struct db *db;
	int (*act)(struct call *c);
	int rc;
	bool locked; /* failed because others had the file */
	struct err err;
	/* of the helper thread; results are copied out of it */
	struct arena arena;
	const char *text; /* key, prefix or path */
	const struct topo_txn *txn;
	struct topo_result result;
	struct topo_kv kv;
	struct topo_list list;
	struct topo_events events;
	struct table_leases leases;
	struct asked *asked;
	size_t asked_count;
	int64_t lease, number;
	const uint64_t *counter;
	usec ttl;
};

/* ---- topo_file.c */

/* offload()'s: acts, and sees whether it failed because of others. */
void file_run_call(void *call);
void file_call_done(struct call *c);
/* Makes the call when no other runs, and again while the file is locked. */
int file_call(struct ctx *cx, struct file *f, struct call *c) MUST_USE;
void file_events_out(struct arena *a, const struct topo_events *from, struct topo_events *out);

/* ---- topo_look.c */

/* f->group's task, from topo_open() to file_close(). */
void file_look(void *file);
/* The store has that revision: who watches may have something to read. */
void file_publish(struct file *f, int64_t revision);
/* These are all leases that there are, now. */
void file_observe(struct file *f, const struct table_leases *leases);
/* counter: as tables_lease_end(). */
int file_end_lease(struct ctx *cx, struct file *f, int64_t lease, const uint64_t *counter) MUST_USE;
int file_watch(struct ctx *cx, struct topo *t, const char *prefix, int64_t revision,
    struct topo_events *out) MUST_USE;

#endif
