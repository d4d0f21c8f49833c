/*
 * topo.h - the topology store as a table of functions, with etcd's semantics.
 *
 * Keys are paths ("/keyspaces/customer"), values are JSON texts (record.h).
 * Every successful transaction that changes something gets the next revision;
 * a key remembers the revision of its creation and of its last change. A
 * transaction compares any number of keys and then does all of its puts and
 * deletes, or none. A watch delivers every change of a prefix after a
 * revision, in order, each once; a revision no longer kept is
 * TOPO_COMPACTED: read the prefix anew and watch from there.
 *
 * Leases. A lease is granted with a time to live and kept by renewing it,
 * which raises its counter. Keys attached to a lease vanish with it, in one
 * transaction with a revision of its own. The store keeps no wall clock: who
 * sees a counter unchanged for a whole time to live, counted on its own
 * CLOCK_BOOTTIME, may expire the lease; every open handle does so. The holder
 * counts from before it sent the renewal, so it always believes less than
 * others do.
 *
 * All stores pass the same conformance test (tests/unit/topo).
 * Keys start with '/' and are UTF-8 without blanks and control characters. A prefix is
 * compared as text: end it with '/' to mean a folder.
 * Errors: ERR_RETRY when the store cannot be reached, ERR_TIMEOUT and
 * ERR_CANCELLED as any wait; a compare that fails is no error.
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

struct topo_op {
	const char *key;
	struct slice value; /* SLICE_NULL deletes */
	int64_t lease;      /* 0: none */
};

struct topo_txn {
	const struct topo_compare *compares;
	size_t compares_count;
	const struct topo_op *ops;
	size_t ops_count;
};

struct topo_result {
	bool succeeded;   /* all compares held and all ops are done */
	int64_t revision; /* of the store after the transaction */
};

struct topo_event {
	struct topo_kv kv; /* value is SLICE_NULL when deleted */
	int64_t revision;
};

struct topo_events {
	struct topo_event *items;
	size_t count;
	int64_t revision; /* watch on from here */
	bool compacted;   /* nothing else is set: list again */
};

struct topo;

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

/* Stores. A handle belongs to one loop and may be used by many of its tasks at once. */
int topo_open(
    struct ctx *cx, const char *url, struct topo **out) MUST_USE;  /* "sqlite:/path/topo.db" */
int topo_memory_open(struct topo **out, struct err *err) MUST_USE; /* a new, empty world */
/* Another handle on the same in-memory world, for another simulated program. */
int topo_memory_share(struct topo *other, struct topo **out, struct err *err) MUST_USE;
/* For simulations: while cut every call through this handle fails with ERR_RETRY, watches too. */
void topo_memory_cut(struct topo *t, bool cut);
/* No task uses the handle any more. NULL is allowed. */
void topo_close(struct topo *t);

/* The same, said shortly. */
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
/* Without a compare. */
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
/* revokes when it can be done at once; waits for its task; nobody is in topo_lease_wait() */
void topo_lease_stop(struct topo_lease *l);

/* A lock is a key attached to a lease: ERR_CONFLICT when somebody holds it, with the holder's
 * text in the err. */
int topo_lock(
    struct ctx *cx, struct topo *t, const char *name, const char *holder, int64_t lease) MUST_USE;
int topo_unlock(struct ctx *cx, struct topo *t, const char *name, int64_t lease) MUST_USE;

#endif
