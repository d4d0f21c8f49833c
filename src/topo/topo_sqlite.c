/*
 * One connection, used by one thread at a time. Three things here are not as SQLite's examples have them:
 *
 *   kept statements   a statement is prepared once and kept by its text. Only texts that are constants come
 *                     here, so there are few; a kept one that is still being read is not handed out twice.
 *   busy              SQLite's busy handler naps for a tenth of a second in all, then the call fails with
 *                     busy set: the waiting task makes it again, so that its deadline and cancellation count.
 *   synchronous       FULL or NORMAL by the transaction, not by the connection: what somebody waits for is on
 *                     disk, a renewal need not be (topo_sqlite.h).
 */
#include "topo/topo_sqlite.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "topo/notice.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BUSY_TRIES = 40, /* of 1 to 4 ms: then the waiting task looks at its deadline */
	KEPT_MAX = 40, /* more than topo_tables.c has texts; those beyond are prepared each time */
};

struct db_rows {
	sqlite3_stmt *stmt;
	bool kept; /* in db.kept, for the next one who asks the same */
	bool used;
};

struct db {
	sqlite3 *db;
	char *path;
	bool busy;
	bool synced; /* what is committed now is on disk when the call returns */
	/* Preparing a statement costs several times what running it does. */
	struct db_rows kept[KEPT_MAX];
	size_t kept_count;
};

static enum err_kind
kind_of(int code)
{
	switch (code) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ERR_CORRUPT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH: return ERR_REFUSED;
	default:
		/* busy, a full disk, input and output: the same call may succeed later */
		return ERR_RETRY;
	}
}

static int
fail(struct db *d, struct err *err)
{
	/* SQLITE_BUSY_SNAPSHOT and the like are SQLITE_BUSY with more above the low byte. */
	int code = sqlite3_errcode(d->db) & 0xff; /* without the extension */

	d->busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
	return err_set(err, kind_of(code), "topology file '%s': %s", d->path, sqlite3_errmsg(d->db));
}

static int
bind(sqlite3_stmt *s, const char *types, va_list ap)
{
	int rc = SQLITE_OK;

	for (int i = 1; types[i - 1] != '\0' && rc == SQLITE_OK; i++) {
		struct slice blob;

		switch (types[i - 1]) {
		case 'i': rc = sqlite3_bind_int64(s, i, va_arg(ap, int64_t)); break;
		case 's':
			rc = sqlite3_bind_text(s, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'b': /* empty is not NULL */
			blob = va_arg(ap, struct slice);
			rc = blob.len == 0
			    ? sqlite3_bind_zeroblob(s, i, 0)
			    : sqlite3_bind_blob64(s, i, blob.ptr, blob.len, SQLITE_STATIC);
			break;
		default: unreachable();
		}
	}
	return rc;
}

static struct db_rows *
find_kept(struct db *d, const char *sql)
{
	for (size_t i = 0; i < d->kept_count; i++)
		if (!d->kept[i].used && strcmp(sqlite3_sql(d->kept[i].stmt), sql) == 0)
			return &d->kept[i];
	return NULL;
}

/* PRAGMA may act while it is prepared, and only then. */
static struct db_rows *
room_for(struct db *d, const char *sql)
{
	if (d->kept_count == KEPT_MAX || strncmp(sql, "PRAGMA", strlen("PRAGMA")) == 0)
		return mem_new(struct db_rows);
	struct db_rows *s = &d->kept[d->kept_count++];

	*s = (struct db_rows){ .kept = true };
	return s;
}

static struct db_rows *
prepare(struct db *d, struct err *err, const char *sql, const char *types, va_list ap)
{
	struct db_rows *s = find_kept(d, sql);
	sqlite3_stmt *made = NULL;

	d->busy = false;
	if (s == NULL) {
		if (sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL) !=
		    SQLITE_OK) {
			fail(d, err);
			return NULL;
		}
		s = room_for(d, sql);
		s->stmt = made;
	}
	s->used = true;
	if (bind(s->stmt, types, ap) == SQLITE_OK)
		return s;
	fail(d, err);
	db_rows_done(s);
	return NULL;
}

struct db_rows *
db_query(struct db *d, struct err *err, const char *sql, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	struct db_rows *s = prepare(d, err, sql, types, ap);

	va_end(ap);
	return s;
}

int
db_step(struct db *d, struct db_rows *s, struct err *err)
{
	switch (sqlite3_step(s->stmt)) {
	case SQLITE_ROW: return 1;
	case SQLITE_DONE: return 0;
	default: return fail(d, err);
	}
}

void
db_rows_done(struct db_rows *s)
{
	if (s == NULL)
		return;
	if (s->kept) {
		(void)sqlite3_reset(s->stmt); /* what went wrong was told by db_step() */
		(void)sqlite3_clear_bindings(s->stmt);
		s->used = false;
		return;
	}
	sqlite3_finalize(s->stmt);
	free(s);
}

int64_t
db_i64(struct db_rows *s, int i)
{
	return sqlite3_column_int64(s->stmt, i);
}

int
db_changes(const struct db *d)
{
	return sqlite3_changes(d->db);
}

int
db_execute(struct db *d, struct err *err, const char *sql, const char *types, ...)
{
	va_list ap;
	int rc;

	va_start(ap, types);
	struct db_rows *s = prepare(d, err, sql, types, ap);

	va_end(ap);
	if (s == NULL)
		return -1;
	while ((rc = db_step(d, s, err)) > 0)
		;
	db_rows_done(s);
	return rc;
}

int
db_number(struct db *d, struct err *err, struct db_rows *s, int64_t *out)
{
	int rc = s == NULL ? -1 : db_step(d, s, err);

	if (rc > 0)
		*out = db_i64(s, 0);
	db_rows_done(s);
	return rc < 0 ? -1 : 0;
}

struct slice
db_copy(struct arena *a, struct db_rows *s, int i)
{
	const void *ptr = sqlite3_column_blob(s->stmt, i); /* NULL for an empty one too */

	if (sqlite3_column_type(s->stmt, i) == SQLITE_NULL)
		return SLICE_NULL;
	return arena_dup(
	    a, slice_of(ptr == NULL ? "" : ptr, (size_t)sqlite3_column_bytes(s->stmt, i)));
}

/* Runs body between begin and COMMIT; on error nothing of it has happened. */
static int
transaction(struct db *d, const char *begin, db_body_fn *body, void *arg, struct err *err)
{
	/* Where BEGIN fails there is nothing to undo. */
	TRY(db_execute(d, err, begin, ""));
	if (body(d, arg, err) == 0 && db_execute(d, err, "COMMIT", "") == 0)
		return 0;
	if (!sqlite3_get_autocommit(d->db))
		/* some errors have rolled back already */
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
db_reading(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	return transaction(d, "BEGIN", body, arg, err);
}

/* Of the commits from here on. */
static int
set_synced(struct db *d, bool synced, struct err *err)
{
	if (d->synced == synced)
		return 0;
	TRY(db_execute(
	    d, err, synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", ""));
	d->synced = synced;
	return 0;
}

/* IMMEDIATE: the lock is taken first, so that what body reads is still true when it writes. */
static int
writing(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	return transaction(d, "BEGIN IMMEDIATE", body, arg, err);
}

static int
writing_with_notice(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	TRY(writing(d, body, arg, err));
	if (!mutant("topo_commit_gives_no_notice"))
		notice_give(d->path);
	return 0;
}

int
db_writing(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	if (!mutant("topo_commit_is_synced"))
		TRY(set_synced(d, true, err));
	return writing_with_notice(d, body, arg, err);
}

int
db_writing_unsynced(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	TRY(set_synced(d, false, err));
	return writing_with_notice(d, body, arg, err);
}

int
db_writing_quietly(struct db *d, db_body_fn *body, void *arg, struct err *err)
{
	/* NORMAL in WAL mode: COMMIT writes to the log and does not wait for the disk. The next
	 * checkpoint, or the next FULL commit of any process, waits for all of the log. */
	TRY(set_synced(d, false, err));
	return writing(d, body, arg, err);
}

static int
nap_while_busy(void *arg, int count)
{
	if (count >= BUSY_TRIES)
		return 0;
	/* uneven, so that two that collided part */
	usleep(1000 + (useconds_t)count * 977 % 3000);
	return 1;
}

int
db_script(struct db *d, const char *sql, struct err *err)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(d, err);
}

int
db_open(const char *path, struct db **out, struct err *err)
{
	struct db *d = mem_new(struct db);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	d->path = mem_strdup(path);
	*out = d;
	if (sqlite3_open_v2(path, &d->db, flags, NULL) != SQLITE_OK)
		return fail(d, err);
	sqlite3_busy_handler(d->db, nap_while_busy, NULL);
	/* WAL: readers do not wait for a writer, nor it for them. The mode is kept in the file; to set it
	 * again is a read. */
	TRY(db_execute(d, err, "PRAGMA journal_mode = WAL", ""));
	return set_synced(d, true, err);
}

void
db_close(struct db *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->kept_count; i++)
		sqlite3_finalize(d->kept[i].stmt);
	sqlite3_close(d->db);
	free(d->path);
	free(d);
}

bool
db_busy(const struct db *d)
{
	return d->busy;
}

const char *
db_path(const struct db *d)
{
	return d->path;
}
