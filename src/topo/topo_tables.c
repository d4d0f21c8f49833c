#include "topo/topo_tables.h"

#include "base/check.h"
#include "base/mutant.h"

enum {
	SCHEMA_VERSION = 1,
	APPLICATION_ID = 0x53776974, /* "Swit", in the file's header, for file(1) and for us */
	EVENTS_MAX = 500,            /* of one answer to a watch, but never half of a revision */
};

/*
 * state     one row: the store's revision; the last revision dropped from history; bytes of
 *           values in history; the last lease given.
 * kv        what is there now.
 * history   every change of the revisions after state.dropped, value NULL for a delete.
 * lease     counter is raised by each renewal; there is no time in the file.
 *
 * kv_lease finds what ends with a lease; it has only the few keys that hang on one. history_revision is what
 * watches read by, and what drops the oldest. seq keeps the order of a revision's changes.
 */
static const char schema[] =
    "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL,"
    " dropped INTEGER NOT NULL, history_bytes INTEGER NOT NULL, last_lease INTEGER NOT NULL);"
    "INSERT INTO state VALUES (1, 0, 0, 0, 0);"
    "CREATE TABLE kv (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, created INTEGER NOT NULL,"
    " modified INTEGER NOT NULL, lease INTEGER NOT NULL);"
    "CREATE INDEX kv_lease ON kv (lease) WHERE lease <> 0;"
    "CREATE TABLE history (seq INTEGER PRIMARY KEY, revision INTEGER NOT NULL, key TEXT NOT NULL,"
    " value BLOB, created INTEGER NOT NULL, lease INTEGER NOT NULL);"
    "CREATE INDEX history_revision ON history (revision);"
    "CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL, counter INTEGER NOT NULL);"
    "PRAGMA application_id = 1400334708;"
    "PRAGMA user_version = 1;";

_Static_assert(APPLICATION_ID == 1400334708, "the schema's number is this one");
_Static_assert(SCHEMA_VERSION == 1, "the schema's version is this one");

struct state {
	int64_t revision, dropped, history_bytes, last_lease;
};

/* Columns key, value, created, modified, lease. */
static struct topo_kv
kv_copy(struct arena *a, struct db_rows *s)
{
	return (struct topo_kv){
		.key = db_copy(a, s, 0),
		.value = db_copy(a, s, 1),
		.created = db_i64(s, 2),
		.modified = db_i64(s, 3),
		.lease = db_i64(s, 4),
	};
}

/* Keys are UTF-8, so FF is past every key that starts with prefix. */
static char *
prefix_end(struct arena *a, const char *prefix)
{
	return arena_printf(a, "%s\xff", prefix);
}

static int
no_state(const struct db *d, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "topology file '%s' has no state", db_path(d));
}

static int
state_read(struct db *d, struct state *out, struct err *err)
{
	struct db_rows *s =
	    db_query(d, err, "SELECT revision, dropped, history_bytes, last_lease FROM state", "");
	int rc = s == NULL ? -1 : db_step(d, s, err);

	if (rc > 0)
		*out = (struct state){ db_i64(s, 0), db_i64(s, 1), db_i64(s, 2), db_i64(s, 3) };
	if (rc == 0)
		no_state(d, err);
	db_rows_done(s);
	return rc > 0 ? 0 : -1;
}

static int
state_write(struct db *d, const struct state *st, struct err *err)
{
	return db_execute(d, err,
	    "UPDATE state SET revision = ?, dropped = ?, history_bytes = ?, last_lease = ?", "iiii",
	    st->revision, st->dropped, st->history_bytes, st->last_lease);
}

/* ---- Open */

/* 0 with *made when the file holds our tables, without when it is empty; refuses anything else. */
static int
schema_check(struct db *d, void *arg, struct err *err)
{
	bool *made = arg;
	int64_t version = 0, application = 0, tables = 0;

	TRY(db_number(d, err, db_query(d, err, "PRAGMA user_version", ""), &version));
	TRY(db_number(d, err, db_query(d, err, "PRAGMA application_id", ""), &application));
	TRY(db_number(d, err, db_query(d, err, "SELECT count(*) FROM sqlite_schema", ""), &tables));
	*made = application == APPLICATION_ID && version == SCHEMA_VERSION;
	if (application == APPLICATION_ID && !*made)
		return err_set(err, ERR_REFUSED,
		    "topology file '%s' is of version %lld, this program's is %d", db_path(d),
		    (long long)version, SCHEMA_VERSION);
	if (tables > 0 && !*made)
		return err_set(err, ERR_REFUSED, "'%s' is not a topology", db_path(d));
	return 0;
}

/* Under the lock: another program may have made them meanwhile. */
static int
make_schema(struct db *d, void *arg, struct err *err)
{
	bool made;

	TRY(schema_check(d, &made, err));
	return made ? 0 : db_script(d, schema, err);
}

int
tables_open(const char *path, struct db **out, struct err *err)
{
	bool made;

	/* Read first: a program that starts need not wait for the writers of a file that has its tables. */
	TRY(db_open(path, out, err));
	TRY(db_reading(*out, schema_check, &made, err));
	return made ? 0 : db_writing(*out, make_schema, NULL, err);
}

/* ---- Reading */

int
tables_get(struct db *d, struct arena *a, const char *key, struct topo_kv *out, struct err *err)
{
	struct db_rows *s = db_query(
	    d, err, "SELECT key, value, created, modified, lease FROM kv WHERE key = ?", "s", key);
	int rc = s == NULL ? -1 : db_step(d, s, err);

	if (rc > 0)
		*out = kv_copy(a, s);
	if (rc == 0)
		err_set(err, ERR_NOT_FOUND, "'%s' does not exist", key);
	db_rows_done(s);
	return rc > 0 ? 0 : -1;
}

struct listing {
	struct arena *arena;
	const char *prefix;
	struct topo_list *out;
};

static int
list_body(struct db *d, void *arg, struct err *err)
{
	struct listing *l = arg;
	struct state st;
	int64_t count = 0;
	int rc;
	char *end = prefix_end(l->arena, l->prefix);

	TRY(state_read(d, &st, err));
	TRY(db_number(d, err,
	    db_query(
		d, err, "SELECT count(*) FROM kv WHERE key >= ? AND key < ?", "ss", l->prefix, end),
	    &count));
	*l->out = (struct topo_list){ arena_array(l->arena, struct topo_kv, count), 0, st.revision };
	struct db_rows *s = db_query(d, err,
	    "SELECT key, value, created, modified, lease FROM kv"
	    " WHERE key >= ? AND key < ? ORDER BY key",
	    "ss", l->prefix, end);

	if (s == NULL)
		return -1;
	while ((rc = db_step(d, s, err)) > 0 && l->out->count < (size_t)count)
		l->out->items[l->out->count++] = kv_copy(l->arena, s);
	db_rows_done(s);
	return rc;
}

int
tables_list(
    struct db *d, struct arena *a, const char *prefix, struct topo_list *out, struct err *err)
{
	return db_reading(d, list_body, &(struct listing){ a, prefix, out }, err);
}

struct events {
	struct arena *arena;
	const char *prefix;
	struct topo_events *out;
};

/* The rows of one answer: after out->revision, up to last. */
static int
read_events(struct db *d, const struct events *e, int64_t count, int64_t last, struct err *err)
{
	struct topo_events *out = e->out;
	int rc;
	struct db_rows *s = db_query(d, err,
	    "SELECT key, value, created, revision, lease FROM history"
	    " WHERE revision > ? AND revision <= ? AND key >= ? AND key < ? ORDER BY seq",
	    "iiss", out->revision, last, e->prefix, prefix_end(e->arena, e->prefix));

	if (s == NULL)
		return -1;
	out->items = arena_array(e->arena, struct topo_event, count);
	while ((rc = db_step(d, s, err)) > 0) {
		struct topo_event *event = &out->items[out->count++];

		check(out->count <= (size_t)count);
		event->kv = kv_copy(e->arena, s);
		event->revision = event->kv.modified;
	}
	db_rows_done(s);
	return rc;
}

static int
events_body(struct db *d, void *arg, struct err *err)
{
	struct events *e = arg;
	struct topo_events *out = e->out;
	struct state st;
	int64_t last = 0, count = 0;
	char *end = prefix_end(e->arena, e->prefix);

	TRY(state_read(d, &st, err));
	if ((out->revision < st.dropped && !mutant("topo_compacted_is_told")) ||
	    out->revision > st.revision) {
		out->compacted = true;
		return 0;
	}
	/* Whole revisions only: a cursor is a revision, so the rest of a half one could not be asked for. */
	last = st.revision;
	/* Where the answer ends when there is more than it may hold. */
	TRY(db_number(d, err,
	    db_query(d, err,
		"SELECT revision FROM history WHERE revision > ? AND key >= ?"
		" AND key < ? ORDER BY seq LIMIT 1 OFFSET ?",
		"issi", out->revision, e->prefix, end, (int64_t)EVENTS_MAX),
	    &last));
	TRY(db_number(d, err,
	    db_query(d, err,
		"SELECT count(*) FROM history WHERE revision > ? AND revision <= ?"
		" AND key >= ? AND key < ?",
		"iiss", out->revision, last, e->prefix, end),
	    &count));
	TRY(read_events(d, e, count, last, err));
	out->revision = last;
	return 0;
}

int
tables_events(
    struct db *d, struct arena *a, const char *prefix, struct topo_events *out, struct err *err)
{
	return db_reading(d, events_body, &(struct events){ a, prefix, out }, err);
}

/* ---- Changing */

static int
put(struct db *d, struct state *st, const struct topo_op *op, struct err *err)
{
	int64_t exists = 0;

	if (op->lease != 0)
		TRY(db_number(d, err,
		    db_query(d, err, "SELECT 1 FROM lease WHERE id = ?", "i", op->lease), &exists));
	/* In the same transaction as the put: a lease that ends at this moment ends before it, or takes
	 * this key along. */
	if (op->lease != 0 && exists == 0)
		return err_set(err, ERR_NOT_FOUND, "lease %lld has ended", (long long)op->lease);
	TRY(db_execute(d, err,
	    "INSERT INTO kv VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
	    " value = excluded.value, modified = excluded.modified, lease = excluded.lease",
	    "sbiii", op->key, op->value, st->revision + 1, st->revision + 1, op->lease));
	/* History has the value, not a pointer to it: kv may be changed again before a watch reads this
	 * revision. */
	st->history_bytes += (int64_t)op->value.len;
	return db_execute(d, err,
	    "INSERT INTO history (revision, key, value, created, lease)"
	    " SELECT modified, key, value, created, lease FROM kv WHERE key = ?",
	    "s", op->key);
}

/* *changed becomes true when there was such a key. */
static int
delete_key(struct db *d, const struct state *st, const char *key, bool *changed, struct err *err)
{
	TRY(db_execute(d, err,
	    "INSERT INTO history (revision, key, value, created, lease)"
	    " SELECT ?, key, NULL, created, lease FROM kv WHERE key = ?",
	    "is", st->revision + 1, key));
	TRY(db_execute(d, err, "DELETE FROM kv WHERE key = ?", "s", key));
	*changed |= db_changes(d) > 0;
	return 0;
}

/* Forgets the revisions up to last. */
static int
drop(struct db *d, struct state *st, int64_t last, struct err *err)
{
	int64_t bytes = 0;

	TRY(db_number(d, err,
	    db_query(d, err,
		"SELECT coalesce(sum(length(value)), 0) FROM history WHERE revision <= ?", "i", last),
	    &bytes));
	TRY(db_execute(d, err, "DELETE FROM history WHERE revision <= ?", "i", last));
	st->history_bytes -= bytes;
	st->dropped = last;
	return 0;
}

/*
 * The changes made so far become the next revision; history keeps its bounds, and always the last
 * one.
 */
static int
publish(struct db *d, struct state *st, struct err *err)
{
	st->revision++;
	if (st->revision - st->dropped > TOPO_HISTORY)
		TRY(drop(d, st, st->revision - TOPO_HISTORY, err));
	/* By halves: values differ in size, and few rounds are needed whatever they are. */
	while (st->history_bytes > TOPO_HISTORY_BYTES && st->dropped < st->revision - 1)
		TRY(drop(d, st, st->dropped + (st->revision - st->dropped) / 2, err));
	return state_write(d, st, err);
}

struct change {
	struct arena *arena;
	const struct topo_txn *txn;
	struct topo_result *out;
};

static int
compares_hold(struct db *d, const struct topo_txn *txn, bool *hold, struct err *err)
{
	*hold = true;
	for (size_t i = 0; *hold && i < txn->compares_count; i++) {
		int64_t modified = 0;

		TRY(db_number(d, err,
		    db_query(
			d, err, "SELECT modified FROM kv WHERE key = ?", "s", txn->compares[i].key),
		    &modified));
		*hold =
		    modified == txn->compares[i].modified || (i > 0 && mutant("topo_compares_all"));
	}
	return 0;
}

static int
txn_body(struct db *d, void *arg, struct err *err)
{
	struct change *c = arg;
	struct state st;
	bool changed = false;

	TRY(state_read(d, &st, err));
	/* Under the write lock from the beginning: nobody commits between the compares and the operations. */
	TRY(compares_hold(d, c->txn, &c->out->succeeded, err));
	for (size_t i = 0; c->out->succeeded && i < c->txn->ops_count; i++) {
		const struct topo_op *op = &c->txn->ops[i];

		if (slice_is_null(op->value)) {
			TRY(delete_key(d, &st, op->key, &changed, err));
			continue;
		}
		TRY(put(d, &st, op, err));
		changed = true;
	}
	if (changed)
		TRY(publish(d, &st, err));
	c->out->revision = st.revision;
	if (!c->out->succeeded || c->txn->read == NULL)
		return 0;
	return list_body(
	    d, &(struct listing){ c->arena, c->txn->read->prefix, &c->txn->read->out }, err);
}

int
tables_txn(struct db *d, struct arena *a, const struct topo_txn *txn, struct topo_result *out,
    struct err *err)
{
	struct change c = { a, txn, out };

	return txn->unsynced ? db_writing_unsynced(d, txn_body, &c, err)
			     : db_writing(d, txn_body, &c, err);
}

/* ---- Leases */

struct lease_change {
	int64_t id;
	usec ttl;
	const uint64_t *counter;
	int64_t revision;
};

static int
grant_body(struct db *d, void *arg, struct err *err)
{
	struct lease_change *c = arg;
	struct state st;

	TRY(state_read(d, &st, err));
	c->id = ++st.last_lease;
	TRY(db_execute(d, err, "INSERT INTO lease VALUES (?, ?, 0)", "ii", c->id, c->ttl));
	return state_write(d, &st, err);
}

int
tables_lease_grant(struct db *d, usec ttl, int64_t *lease, struct err *err)
{
	struct lease_change c = { .ttl = ttl };

	TRY(db_writing(d, grant_body, &c, err));
	*lease = c.id;
	return 0;
}

/* The lease is there and was not renewed since its counter was seen. */
static int
lease_check(struct db *d, const struct lease_change *c, struct err *err)
{
	int64_t counter = -1;

	TRY(db_number(d, err,
	    db_query(d, err, "SELECT counter FROM lease WHERE id = ?", "i", c->id), &counter));
	if (counter < 0)
		return err_set(err, ERR_NOT_FOUND, "lease %lld has ended", (long long)c->id);
	if (c->counter != NULL && (uint64_t)counter != *c->counter &&
	    !mutant("topo_lease_end_compares"))
		return err_set(err, ERR_CONFLICT, "lease %lld was renewed", (long long)c->id);
	return 0;
}

static int
end_body(struct db *d, void *arg, struct err *err)
{
	struct lease_change *c = arg;
	struct state st;

	/* Check and end are one transaction: a renewal either raised the counter before, or finds no
	 * lease. */
	TRY(lease_check(d, c, err));
	TRY(state_read(d, &st, err));
	TRY(db_execute(d, err,
	    "INSERT INTO history (revision, key, value, created, lease) SELECT ?, key, NULL,"
	    " created, lease FROM kv WHERE lease = ? ORDER BY key",
	    "ii", st.revision + 1, c->id));
	TRY(db_execute(d, err, "DELETE FROM kv WHERE lease = ?", "i", c->id));
	/* A lease without keys ends without a revision: no watch has anything to hear. */
	if (db_changes(d) > 0)
		TRY(publish(d, &st, err));
	c->revision = st.revision;
	return db_execute(d, err, "DELETE FROM lease WHERE id = ?", "i", c->id);
}

int
tables_lease_end(
    struct db *d, int64_t lease, const uint64_t *counter, int64_t *revision, struct err *err)
{
	struct lease_change c = { .id = lease, .counter = counter };

	TRY(db_writing(d, end_body, &c, err));
	*revision = c.revision;
	return 0;
}

/* One statement, so that what it reads is of one moment; a row without a lease when there is none. */
int
tables_leases(struct db *d, struct arena *a, struct table_leases *out, struct err *err)
{
	struct db_rows *s = db_query(d, err,
	    "SELECT state.revision, (SELECT count(*) FROM lease), lease.id, lease.counter, lease.ttl"
	    " FROM state LEFT JOIN lease",
	    "");
	int rc = s == NULL ? -1 : db_step(d, s, err);
	int64_t count = rc > 0 ? db_i64(s, 1) : 0;

	if (rc == 0)
		rc = no_state(d, err);
	if (rc > 0)
		*out = (struct table_leases){ arena_array(a, struct table_lease, count), 0,
			db_i64(s, 0) };
	for (; rc > 0; rc = db_step(d, s, err))
		if (out->count < (size_t)count)
			out->items[out->count++] = (struct table_lease){ db_i64(s, 2),
				(uint64_t)db_i64(s, 3), db_i64(s, 4) };
	db_rows_done(s);
	return rc;
}

struct renewal {
	int64_t id;
	struct arena *arena;
	struct table_leases *all;
};

static int
renew_body(struct db *d, void *arg, struct err *err)
{
	struct renewal *r = arg;

	TRY(db_execute(d, err, "UPDATE lease SET counter = counter + 1 WHERE id = ?", "i", r->id));
	if (db_changes(d) == 0)
		return err_set(err, ERR_NOT_FOUND, "lease %lld has ended", (long long)r->id);
	return tables_leases(d, r->arena, r->all, err);
}

/* Others count from when they see it, and a power cut ends the holder too. */
int
tables_lease_renew(
    struct db *d, int64_t lease, struct arena *a, struct table_leases *out, struct err *err)
{
	return db_writing_quietly(d, renew_body, &(struct renewal){ lease, a, out }, err);
}
