/*
 * topo.h - the topology store as a table of functions, with etcd's semantics.
 *
 * Keys are paths ("/keyspaces/customer"), values are JSON texts (record.h).
 * Every successful transaction that changes something gets the next revision;
 * a key remembers the revision of its creation and of its last change. A
 * transaction compares any number of keys and then does all of its puts and
 * deletes, or none. A watch delivers every change of a prefix after a
 * revision, in order, each once; where that revision is no longer kept it is
 * answered with compacted: read the prefix anew and watch from there.
 *
 * Leases. A lease is granted with a time to live and kept by renewing it,
 * which raises its counter. Keys attached to a lease vanish with it, in one
 * transaction with a revision of its own. The store keeps no wall clock: who
 * sees a counter unchanged for a whole time to live, counted on its own
 * CLOCK_BOOTTIME, may expire the lease; every open handle does so. The holder
 * counts from before it sent the renewal, so it always believes less than
 * others do.
 *
 * A read and a watch from it, as every program begins:
 *
 *   topo_list("/routing/")               items, revision 40; they are used
 *   topo_watch("/routing/", 40)          waits; somebody commits revision 41, of another prefix: waits on
 *                                        42, of this one: returns its change and revision 42
 *   topo_watch("/routing/", 42)          ERR_RETRY: the store cannot be read. The cursor stays the caller's:
 *                                        the same call is made again, and misses nothing
 *   topo_watch("/routing/", 42)          compacted: this program slept for 10,000 revisions. List again
 *
 * A change, by whoever read the key: topo_put() with the revision that it was read at. ERR_CONFLICT: read
 * again, and decide again. ERR_RETRY: it may have been done or not. The same put made again is harmless:
 * if the first was done it conflicts, and reading shows one's own value.
 *
 * All stores pass the same conformance test (tests/unit/topo).
 * Keys start with '/' and are UTF-8 without blanks and control characters. A prefix is
 * compared as text: end it with '/' to mean a folder.
 * Errors: ERR_RETRY when the store cannot be reached, and for a transaction then nobody knows whether it was
 * done; ERR_TIMEOUT and ERR_CANCELLED as any wait, the same of a transaction; ERR_REFUSED for keys and sizes
 * beyond the bounds below, before anything is sent; ERR_CORRUPT for a store that holds what none wrote. A
 * compare that fails is no error of topo_txn(), and ERR_CONFLICT of the calls that have one compare.
 *
 * All calls may wait, topo_close() without a ctx, as what ends a scope does. Results are in cx->arena,
 * which must be given, and stay valid as long as it does; what goes in (keys, values) must stay until the
 * call returns, and is copied.
 */
#ifndef TOPO_TOPO_H
#define TOPO_TOPO_H

#include "task/task.h"

enum {
	TOPO_KEY_MAX = 512, /* deepest path with three names of 64 characters, escaped */
	TOPO_VALUE_MAX = 8 * 1024 * 1024, /* a workflow record of thousands of tables */
	TOPO_OPS_MAX = 128,               /* etcd's default limit of operations in a transaction */
	TOPO_TXN_MAX = 8 * 1024 * 1024, /* bytes of all values of a transaction: one of the largest */
	TOPO_HISTORY = 10000,           /* revisions kept for watches */
	TOPO_HISTORY_BYTES =
	    64 * 1024 * 1024, /* of values in them: a store's file must not grow with time */
};

/* modified is what a compare takes. A key that is deleted and made again has another created. */
struct topo_kv {
	struct slice key, value;   /* in the caller's arena */
	int64_t created, modified; /* revisions */
	int64_t lease;             /* 0: none */
};

struct topo_list {
	struct topo_kv *items; /* in key order */
	size_t count;
	int64_t revision; /* of the store when it was read */
};

/* The key's last change must have this revision; 0: the key must not exist. */
struct topo_compare {
	const char *key;
	int64_t modified;
};

/* A put replaces value and lease, both: without a lease the key stays when the one it had ends. Deleting
 * what is not there is no change, and no error. */
struct topo_op {
	const char *key;
	struct slice value; /* SLICE_NULL deletes */
	int64_t lease;      /* 0: none */
};

/* What is under prefix in the revision that a transaction makes: nobody comes between the two, and they cost
 * one call. Filled (cx->arena) where all compares held. */
struct topo_read {
	const char *prefix;
	struct topo_list out;
};

/* No key twice in ops. All or nothing, as one revision; none when nothing changes. ERR_NOT_FOUND when a
 * put names a lease that has ended: nothing is done then. */
struct topo_txn {
	const struct topo_compare *compares;
	size_t compares_count;
	const struct topo_op *ops;
	size_t ops_count;
	/* A power cut may undo it, as long as nobody commits another one that is synced: of what whoever
	 * goes on after it does again. All see it at once, and the death of programs undoes nothing. */
	bool unsynced;
	struct topo_read *read; /* NULL: nothing */
};

struct topo_result {
	bool succeeded;   /* all compares held and all ops are done */
	int64_t revision; /* of the store after the transaction, also when it did nothing */
};

struct topo_event {
	struct topo_kv kv; /* value is SLICE_NULL when deleted */
	int64_t revision;
};

/* Whole revisions, oldest first; where there are many, those that come first (500 or a little more), and
 * revision says how far this answer goes. */
struct topo_events {
	struct topo_event *items;
	size_t count;
	int64_t revision; /* watch on from here */
	bool compacted;   /* nothing else is set: list again */
};

struct topo;

/* What a store does; callers use the functions below, which check keys and sizes first. */
struct topo_ops {
	const char *name;
	/* ERR_NOT_FOUND */
	int (*get)(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out);
	int (*list)(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out);
	int (*txn)(
	    struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out);
	/* Waits until something under prefix changed after revision; 0 fills out (cx->arena). The
	 * cursor is the caller's: it passes out->revision the next time. */
	int (*watch)(struct ctx *cx, struct topo *t, const char *prefix, int64_t revision,
	    struct topo_events *out);
	int (*lease_grant)(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease);
	/* ERR_NOT_FOUND: it has expired */
	int (*lease_renew)(struct ctx *cx, struct topo *t, int64_t lease);
	int (*lease_revoke)(struct ctx *cx, struct topo *t, int64_t lease);
	/* The counter and time to live of a lease, for who waits it out. ERR_NOT_FOUND when it has ended. */
	int (*lease_counter)(
	    struct ctx *cx, struct topo *t, int64_t lease, uint64_t *counter, usec *ttl);
	void (*close)(struct topo *t);
};

/* First member of every store. */
struct topo {
	const struct topo_ops *ops;
};

/* Stores. A handle belongs to one loop and may be used by many of its tasks at once. topo_open() makes
 * the file when there is none. ERR_REFUSED: the url is of no kind, the file may not be opened, holds
 * something else or is of another version. */
int topo_open(
    struct ctx *cx, const char *url, struct topo **out) MUST_USE;  /* "sqlite:/path/topo.db" */
int topo_memory_open(struct topo **out, struct err *err) MUST_USE; /* a new, empty world */
/* Another handle on the same in-memory world, for another simulated program; the last one closed frees
 * the world. */
int topo_memory_share(struct topo *other, struct topo **out, struct err *err) MUST_USE;
/* For simulations: while cut every call through this handle fails with ERR_RETRY, watches too. */
void topo_memory_cut(struct topo *t, bool cut);
/* No task uses the handle any more, its leases are stopped (topo_lease_stop()): those that are not end by
 * time. From a task: it waits until the file is closed. NULL is allowed. */
void topo_close(struct topo *t);

/* The calls of struct topo_ops. topo_get(): ERR_NOT_FOUND; topo_list(): a prefix with nothing under it is
 * an empty list. */
int topo_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out) MUST_USE;
int topo_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out) MUST_USE;
int topo_txn(
    struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out) MUST_USE;
int topo_watch(struct ctx *cx, struct topo *t, const char *prefix, int64_t revision,
    struct topo_events *out) MUST_USE;
/* One key, compare-and-swap: modified 0 creates. ERR_CONFLICT when somebody else was faster.
 * *revision may be NULL. */
int topo_put(struct ctx *cx, struct topo *t, const struct topo_compare *old, struct slice value,
    int64_t lease, int64_t *revision) MUST_USE;
int topo_delete(struct ctx *cx, struct topo *t, const struct topo_compare *old) MUST_USE;
/* Without a compare: for keys that only their owner writes. */
int topo_set(
    struct ctx *cx, struct topo *t, const char *key, struct slice value, int64_t lease) MUST_USE;

/*
 * A lease that a task keeps alive.
 *
 * topo_lease_start() grants and spawns a task that renews each ttl/4. held
 * tells whether, by this process's own count from before the last successful
 * renewal was sent, the lease cannot yet have been expired by others.
 * epoch changes whenever the lease was lost and granted anew, or lapsed by the
 * own count and was renewed after all: "held without a gap since then" is:
 * held now and the same epoch as then.
 */
struct topo_lease;

int topo_lease_start(struct ctx *cx, struct topo *t, usec ttl, struct topo_lease **out) MUST_USE;
/* Changes with each new grant: read it anew for each key. */
int64_t topo_lease_id(const struct topo_lease *l);
uint64_t topo_lease_epoch(const struct topo_lease *l);
bool topo_lease_held(const struct topo_lease *l);
/* Until when, on task_boottime(): for who must know it in another thread. 0: not held. */
usec topo_lease_until(const struct topo_lease *l);
/* Until it was renewed or lost: epoch and until may be others now. -1 when cx ends. */
int topo_lease_wait(struct ctx *cx, struct topo_lease *l) MUST_USE;
/* Called (in the renewing task) after each new grant, to attach keys again; the grant of
 * topo_lease_start() is the caller's to use. The lease is not held before fn has returned; fn that
 * leaves cx->err set has failed, and is called again (err_clear() what it dealt with itself). */
void topo_lease_on_grant(
    struct topo_lease *l, void (*fn)(struct ctx *cx, void *arg, int64_t lease), void *arg);
/* Waits for its task, then revokes, for a second at most: where that fails the lease ends by time, and
 * others wait for it. Frees l. NULL is fine. Nobody is in topo_lease_wait(). */
void topo_lease_stop(struct topo_lease *l);

/* A lock is a key attached to a lease, "/locks/<name>": ERR_CONFLICT when somebody holds it, with the
 * holder's text in the err. Does not wait for it. Whoever asks again with the same lease and the same
 * text has it: so that a call whose answer was lost can be made again. Two tasks of one
 * program exclude each other by a flag of their own. */
int topo_lock(
    struct ctx *cx, struct topo *t, const char *name, const char *holder, int64_t lease) MUST_USE;
/* ERR_NOT_FOUND: nobody holds it. ERR_CONFLICT: it is held with another lease, and stays so. */
int topo_unlock(struct ctx *cx, struct topo *t, const char *name, int64_t lease) MUST_USE;

#endif
