/*
 * topo_tables.h - the store's tables in its SQLite file, and each call as one
 * transaction on them.
 *
 * Everything blocks (topo_sqlite.h). Results are in the arena given. Errors are those of topo_sqlite.h
 * and of the calls of topo.h that they make true. On an error nothing in the file has changed; what was
 * written to *out is not to be used.
 */
#ifndef TOPO_TOPO_TABLES_H
#define TOPO_TOPO_TABLES_H

#include "topo/topo.h"
#include "topo/topo_sqlite.h"

struct table_lease {
	int64_t id;
	uint64_t counter;
	usec ttl;
};

struct table_leases {
	struct table_lease *items;
	size_t count;
	int64_t revision; /* of the store when it was read */
};

/* Makes the tables in an empty file. ERR_REFUSED for a file of another version, or one that holds
 * something else: it stays as it was. On error too *out is set, for db_busy() and db_close(). */
int tables_open(const char *path, struct db **out, struct err *err) MUST_USE;
int tables_get(
    struct db *d, struct arena *a, const char *key, struct topo_kv *out, struct err *err) MUST_USE;
int tables_list(struct db *d, struct arena *a, const char *prefix, struct topo_list *out,
    struct err *err) MUST_USE;
int tables_txn(struct db *d, struct arena *a, const struct topo_txn *txn, struct topo_result *out,
    struct err *err) MUST_USE;
/* Changes under prefix after out->revision, which is raised. */
int tables_events(struct db *d, struct arena *a, const char *prefix, struct topo_events *out,
    struct err *err) MUST_USE;

int tables_lease_grant(struct db *d, usec ttl, int64_t *lease, struct err *err) MUST_USE;
/* *out is what tables_leases() tells, just afterwards. */
int tables_lease_renew(struct db *d, int64_t lease, struct arena *a, struct table_leases *out,
    struct err *err) MUST_USE;
/* Ends the lease if its counter is still *counter (NULL: whatever it is); ERR_NOT_FOUND if it has
 * ended, ERR_CONFLICT if it was renewed. *revision is the store's after that. */
int tables_lease_end(struct db *d, int64_t lease, const uint64_t *counter, int64_t *revision,
    struct err *err) MUST_USE;
/* All of them, with the revision of the same moment. A read: it takes no lock that a writer would wait
 * for. */
int tables_leases(struct db *d, struct arena *a, struct table_leases *out, struct err *err) MUST_USE;

#endif
