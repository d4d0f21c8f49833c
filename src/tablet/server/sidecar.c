#include "tablet/server/sidecar.h"

#include "base/fault.h"
#include "base/hash.h"
#include "base/mutant.h"
#include "sql/quote.h"

enum {
	/* Errors of a server that may not be written to, and of one that was busy. */
	ER_OPTION_PREVENTS_STATEMENT = 1290,
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_LOCK_DEADLOCK = 1213,
};

static const char version_table[] = "schema_version";

const char *
sidecar_table_name(int table)
{
	return sidecar_tables[table].name;
}

void
sidecar_table(struct buf *out, const char *sidecar, const char *table)
{
	quote_table(out, slice_str(sidecar), slice_str(table));
}

void
sidecar_where(struct buf *out, const char *workflow)
{
	buf_add_str(out, " WHERE workflow=");
	quote_string(out, slice_str(workflow));
}

void
sidecar_where_stream(struct buf *out, struct stream_id id)
{
	sidecar_where(out, id.workflow);
	buf_addf(out, " AND round=%d", id.round);
}

void
stream_id_print(struct buf *out, struct stream_id id)
{
	buf_add_str(out, id.workflow);
	if (id.round > 1)
		buf_addf(out, " round %d", id.round);
}

uint64_t
stream_id_hash(struct stream_id id)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	buf_add_str(&name, id.workflow);
	if (id.round > 1) {
		buf_add_char(&name, '\0'); /* no name has it */
		buf_addf(&name, "%d", id.round);
	}
	return hash_bytes(buf_slice(&name));
}

/* ---- Looking */

/* Of version 1 and all that follow. */
#define ALL_FORMS (FORM_OF(SIDECAR_VERSION + 1) - FORM_OF(1))

/* What has been seen of one table's columns, for each version that it may be of. */
struct comparison {
	bool there;
	int next[SIDECAR_VERSION + 1]; /* the column that is to come */
	unsigned equal;                /* FORM_OF() those that it is equal to so far */
};

/* The column that a table of that version has at next or behind it. At the end its name is NULL. */
static void
skip_later(const struct sidecar_table *t, int version, int *next)
{
	while (t->columns[*next].name != NULL && t->columns[*next].since > version)
		(*next)++;
}

static const char *
type_in(const struct sidecar_column *c, int version)
{
	return version == 1 && c->was != NULL ? c->was : c->type;
}

static int
find_table(struct slice name)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (slice_eq_str(name, sidecar_tables[t].name))
			return t;
	}
	return -1;
}

/* One server tells the width that integers are shown in, "int(11)", another does not. */
static bool
same_type(struct slice told, const char *type)
{
	struct slice rest = slice_str(type), word, behind;

	if (slice_eq(told, rest))
		return true;
	rest = slice_split(rest, '(', &word);
	if (slice_is_null(rest) || memmem(word.ptr, word.len, "int", 3) == NULL)
		return false;
	behind = slice_split(rest, ')', &rest);
	return told.len == word.len + behind.len && slice_eq(slice_cut(told, 0, word.len), word) &&
	    slice_eq(slice_cut(told, word.len, told.len), behind);
}

static void
compare_column(
    struct ctx *cx, struct sidecar_view *v, struct comparison *seen, int t, const struct slice *row)
{
	seen->there = true;
	for (int version = 1; version <= SIDECAR_VERSION; version++) {
		int *next = &seen->next[version];

		skip_later(&sidecar_tables[t], version, next);
		const struct sidecar_column *c = &sidecar_tables[t].columns[*next];
		if (c->name != NULL && slice_eq_str(row[1], c->name) &&
		    same_type(row[2], type_in(c, version)))
			(*next)++;
		else
			seen->equal &= ~FORM_OF(version);
	}
	if ((seen->equal & FORM_NEW) == 0 && v->wrong == NULL)
		v->wrong =
		    arena_printf(cx->arena, "%s.%.*s", sidecar_tables[t].name, SLICE_ARG(row[1]));
}

static void
judge(struct sidecar_view *v, struct comparison *seen)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		for (int version = 1; version <= SIDECAR_VERSION; version++) {
			int *next = &seen[t].next[version];

			skip_later(&sidecar_tables[t], version, next);
			if (sidecar_tables[t].columns[*next].name != NULL ||
			    sidecar_tables[t].since > version)
				seen[t].equal &= ~FORM_OF(version);
		}
		v->forms[t] = seen[t].there ? seen[t].equal : FORM_NONE;
		if ((v->forms[t] & FORM_NEW) == 0 && v->wrong == NULL)
			v->wrong = sidecar_tables[t].name;
	}
}

static int
read_version(struct ctx *cx, struct mysql_client *c, const char *sidecar, int *version)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT version FROM ");
	sidecar_table(&sql, sidecar, version_table);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 0)
		return 0;
	return parse_int(rows.values[0], 1, INT32_MAX, version, cx->err);
}

/* cx has an arena */
static int
look_at(struct ctx *cx, struct mysql_client *c, const char *sidecar, struct sidecar_view *v)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct comparison seen[SIDECAR_TABLES];
	struct mysql_rows rows;
	bool versioned = false;

	for (int t = 0; t < SIDECAR_TABLES; t++)
		seen[t] = (struct comparison){ .equal = ALL_FORMS };
	*v = (struct sidecar_view){ 0 };
	buf_add_str(&sql, "SELECT 1 FROM information_schema.schemata WHERE schema_name=");
	quote_string(&sql, slice_str(sidecar));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	v->exists = rows.rows > 0;
	buf_reset(&sql);
	buf_add_str(&sql,
	    "SELECT table_name, column_name, column_type FROM "
	    "information_schema.columns WHERE table_schema=");
	quote_string(&sql, slice_str(sidecar));
	buf_add_str(&sql, " ORDER BY table_name, ordinal_position");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *row = rows.values + i * rows.columns;
		int t = find_table(row[0]);

		if (t >= 0)
			compare_column(cx, v, &seen[t], t, row);
		else if (slice_eq_str(row[0], version_table))
			versioned = true;
		else if (v->stranger == NULL)
			v->stranger = arena_slice_str(cx->arena, row[0]);
	}
	judge(v, seen);
	return versioned ? read_version(cx, c, sidecar, &v->version) : 0;
}

/* ---- What cannot be */

static int
refuse_foreign(struct ctx *cx, const char *sidecar, const char *table)
{
	err_set(cx->err, ERR_REFUSED,
	    "database '%s' has a table '%s' that is not Switchyard's: it cannot be the sidecar database",
	    sidecar, table);
	return err_hint(cx->err,
	    "leave it as it is, and create the keyspace with another: CreateKeyspace "
	    "--sidecar-db-name NAME");
}

static int
check_ours(struct ctx *cx, const char *sidecar, const struct sidecar_view *v)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (v->forms[t] == 0)
			return refuse_foreign(cx, sidecar, sidecar_tables[t].name);
	}
	return v->stranger == NULL ? 0 : refuse_foreign(cx, sidecar, v->stranger);
}

static int
count_rows(struct ctx *cx, struct mysql_client *c, const char *database, const char *table,
    uint64_t *count)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT COUNT(*) FROM ");
	sidecar_table(&sql, database, table);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, count, cx->err);
}

/* A release 0.1 that was started again would have its own streams and fences, which nobody looks at. */
static int
check_none_left(
    struct ctx *cx, struct mysql_client *c, const char *sidecar, const struct sidecar_view *old)
{
	static const int with_state[] = { SIDECAR_STREAM, SIDECAR_FENCE };

	for (size_t i = 0; i < sizeof(with_state) / sizeof(with_state[0]); i++) {
		const char *name = sidecar_tables[with_state[i]].name;
		uint64_t count = 0;

		if (old->forms[with_state[i]] & FORM_OLD)
			TRY(count_rows(cx, c, SIDECAR_0_1, name, &count));
		if (count == 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "release 0.1 has worked at this server since the sidecar database '%s' was made: "
		    "%llu rows are in '" SIDECAR_0_1 ".%s'",
		    sidecar, (unsigned long long)count, name);
		return err_hint(cx->err, "cancel those moves with release 0.1 first");
	}
	return 0;
}

/* A table that is neither as this version has it nor as that one had it has been altered. */
static const char *
find_altered(const struct sidecar_view *v, int version)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		bool missing = v->forms[t] == FORM_NONE && sidecar_tables[t].since > version;

		if ((v->forms[t] & (FORM_OF(version) | FORM_NEW)) == 0 && !missing)
			return sidecar_tables[t].name;
	}
	return NULL;
}

static int
refuse_altered(struct ctx *cx, const char *sidecar, const char *wrong, int version)
{
	err_set(cx->err, ERR_REFUSED,
	    "the sidecar database '%s' has been altered: '%s' is not as version %d has it", sidecar,
	    wrong, version);
	return err_hint(cx->err,
	    "restore it; or, when no move is under way, drop the database: it is made anew");
}

static int
check_current(struct ctx *cx, const char *sidecar, const struct sidecar_view *v)
{
	if (v->version > SIDECAR_VERSION) {
		err_set(cx->err, ERR_REFUSED,
		    "the sidecar database '%s' is of version %d, and this vttablet knows versions up "
		    "to %d",
		    sidecar, v->version, SIDECAR_VERSION);
		return err_hint(cx->err, "start the newer release that made it");
	}
	return v->wrong == NULL ? 0 : refuse_altered(cx, sidecar, v->wrong, SIDECAR_VERSION);
}

/* ---- Making */

/* Tests cut it off here. */
static int
passage(struct ctx *cx, const char *name)
{
	return fault(name) ? err_set(cx->err, ERR_RETRY, "fault %s", name) : 0;
}

static void
add_columns(struct buf *out, const struct sidecar_table *t)
{
	for (const struct sidecar_column *c = t->columns; c->name != NULL; c++)
		buf_addf(out, "%s %s %s, ", c->name, c->type, c->rest);
}

static void
add_create(struct buf *out, const char *sidecar, const struct sidecar_table *t)
{
	buf_add_str(out, "CREATE TABLE IF NOT EXISTS ");
	sidecar_table(out, sidecar, t->name);
	buf_add_str(out, " (");
	add_columns(out, t);
	buf_addf(out, "%s) ENGINE=InnoDB", t->keys);
}

void
sidecar_create_sql(struct buf *out, const char *sidecar, int table)
{
	add_create(out, sidecar, &sidecar_tables[table]);
}

static int
create_table(struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_create(&sql, sidecar, t);
	return ddl_run(cx, d, buf_slice(&sql));
}

/* How one of an earlier version gets the form of this one: by one statement. */
static int
alter_table(
    struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_table *t, int version)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *before = NULL, *comma = "";
	bool rounds = false;

	buf_add_str(&sql, "ALTER TABLE ");
	sidecar_table(&sql, sidecar, t->name);
	for (const struct sidecar_column *c = t->columns; c->name != NULL; before = c->name, c++) {
		bool added = c->since > version;

		if (!added && (version > 1 || c->was == NULL))
			continue;
		buf_addf(&sql, "%s %s %s %s %s", comma, added ? "ADD" : "MODIFY", c->name, c->type,
		    c->rest);
		if (added && before != NULL)
			buf_addf(&sql, " AFTER %s", before);
		comma = ",";
		rounds |= added && c->since == SIDECAR_ROUNDS_SINCE;
	}
	if (rounds)
		buf_addf(&sql, ", DROP PRIMARY KEY, ADD %s", t->keys);
	return ddl_run(cx, d, buf_slice(&sql));
}

static int
write_version(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	static const struct sidecar_table version = { version_table, "PRIMARY KEY (id)",
		{ { "id", "tinyint(4)", "NOT NULL", NULL, 0 },
		    { "version", "int(11)", "NOT NULL", NULL, 0 } },
		0 };
	SCOPED(buf) struct buf sql = BUF_INIT;

	TRY(create_table(cx, d, sidecar, &version));
	buf_add_str(&sql, "INSERT INTO ");
	sidecar_table(&sql, sidecar, version_table);
	buf_addf(&sql, " (id, version) VALUES (1, %d) ON DUPLICATE KEY UPDATE version=%d",
	    SIDECAR_VERSION, SIDECAR_VERSION);
	return ddl_run(cx, d, buf_slice(&sql));
}

/* 0: its columns are of no version. */
static int
oldest_form(unsigned forms)
{
	for (int version = 1; version <= SIDECAR_VERSION; version++)
		if ((forms & FORM_OF(version)) != 0)
			return version;
	return 0;
}

/* Those that are there, of whatever version, get this version's form, those that are not are made. */
static int
make_tables(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	struct sidecar_view now;

	for (int t = 0; t < SIDECAR_TABLES; t++)
		TRY(create_table(cx, d, sidecar, &sidecar_tables[t]));
	TRY(look_at(cx, d->session, sidecar, &now));
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		int version = oldest_form(now.forms[t]);

		if ((now.forms[t] & FORM_NEW) != 0 || version == 0)
			continue; /* check_current() says what it makes of one that is not known */
		TRY(alter_table(cx, d, sidecar, &sidecar_tables[t], version));
		TRY(passage(cx, "sidecar.alter.after"));
	}
	TRY(write_version(cx, d, sidecar));
	TRY(look_at(cx, d->session, sidecar, &now));
	return check_current(cx, sidecar, &now);
}

static int
make(struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_view *v,
    const struct sidecar_view *old)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_ident(&name, slice_str(sidecar));
	if (!v->exists)
		TRY(ddl_runf(cx, d, "CREATE DATABASE IF NOT EXISTS %s", name.data));
	TRY(create_table(cx, d, sidecar, &sidecar_tables[SIDECAR_FENCE]));
	if (mutant("tablet_sidecar_version_first"))
		TRY(write_version(cx, d, sidecar));
	TRY(sidecar_upgrade(cx, d, sidecar, old));
	return make_tables(cx, d, sidecar);
}

/* What the server said to an attempt to write, for people. */
static int
explain(struct ctx *cx, const char *sidecar)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_ident(&name, slice_str(sidecar));
	err_wrap(cx->err, "making the sidecar database '%s'", sidecar);
	switch (cx->err->mysql_errno) {
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_LOCK_DEADLOCK: cx->err->kind = ERR_RETRY; return -1;
	case ER_OPTION_PREVENTS_STATEMENT:
		cx->err->kind = ERR_REFUSED;
		return err_hint(cx->err,
		    "SET GLOBAL read_only=OFF, or have it replicated from its primary first");
	default:
		if (!env_is_denied(cx->err))
			return -1;
		cx->err->kind = ERR_REFUSED;
		return err_hint(
		    cx->err, "GRANT ALL PRIVILEGES ON %s.* TO the account vt_dba", name.data);
	}
}

int
sidecar_open(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct sidecar_view v, old = { 0 };

	inner.arena = &arena;
	TRY(look_at(&inner, d->session, sidecar, &v));
	if (strcmp(sidecar, SIDECAR_0_1) != 0)
		TRY(look_at(&inner, d->session, SIDECAR_0_1, &old));
	else
		old = v;
	if (v.version >= SIDECAR_VERSION || v.version == 1)
		TRY(check_current(cx, sidecar, &v));
	if (v.version != 0 && old.forms[SIDECAR_STREAM] != FORM_NONE)
		TRY(check_none_left(&inner, d->session, sidecar, &old));
	if (v.version == SIDECAR_VERSION)
		return 0;
	if (v.version == 0) {
		TRY(check_ours(cx, sidecar, &v));
		return make(&inner, d, sidecar, &v, &old) == 0 ? 0 : explain(cx, sidecar);
	}
	const char *altered = find_altered(&v, v.version);
	if (altered != NULL)
		return refuse_altered(cx, sidecar, altered, v.version);
	return make_tables(&inner, d, sidecar) == 0 ? 0 : explain(cx, sidecar);
}
