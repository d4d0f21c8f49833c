#include "tablet/table/rehearse.h"

#include "sql/quote.h"
#include "tablet/table/check_name.h"
#include "tablet/table/clause_words.h"
#include "tablet/table/create_table.h"
#include "tablet/table/cure.h"
#include "tablet/table/schema.h"

#include <stdio.h>

#define REHEARSED "_switchyard_rehearsal"

enum { UNDO_S = 10 }; /* a DROP of an empty table that nobody knows */

/* The first line of either that the other has not; false when there is none. */
static bool
find_difference(const struct create_table *wanted, const struct create_table *made,
    struct slice *mine, struct slice *theirs)
{
	int most = wanted->clauses_count > made->clauses_count ? wanted->clauses_count
							       : made->clauses_count;

	for (int i = 0; i <= most; i++) {
		*mine = i < wanted->clauses_count ? wanted->clauses[i].text : wanted->options;
		*theirs = i < made->clauses_count ? made->clauses[i].text : made->options;
		if (!slice_eq(*mine, *theirs))
			return true;
	}
	return false;
}

static int
read_back(
    struct ctx *cx, struct mysql_client *dba, const struct rehearsal *r, struct create_table *made)
{
	const struct schema_place place = { r->database, REHEARSED, true, false };
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;
	struct table_def *def;

	if (r->common) {
		TRY(schema_read(cx, dba, &place, &def));
		return create_table_read(cx->arena, slice_str(def->told_sql), made, cx->err);
	}
	quote_table(&name, slice_str(r->database), slice_str(REHEARSED));
	TRY(mysql_selectf(cx, dba, &rows, "SHOW CREATE TABLE %s", name.data));
	if (rows.rows != 1 || rows.columns < 2)
		return err_set(cx->err, ERR_CORRUPT, "SHOW CREATE TABLE gave %zu rows", rows.rows);
	return create_table_read(cx->arena, rows.values[1], made, cx->err);
}

static int
compare(struct ctx *cx, struct mysql_client *dba, const struct rehearsal *r,
    const struct create_table *wanted)
{
	struct create_table made;
	struct slice mine, theirs;

	TRY(read_back(cx, dba, r, &made));
	check_names_drop(&made, SLICE_NULL, true);
	if (!find_difference(wanted, &made, &mine, &theirs))
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "the table would be defined differently at the target: '%.*s' instead of '%.*s'",
	    SLICE_ARG(slice_cut(theirs, 0, 150)), SLICE_ARG(slice_cut(mine, 0, 150)));
	return err_hint(cx->err,
	    "compare the settings of both servers, or spell out at the source "
	    "what they differ in");
}

/* The column whose type the server calls unknown; NULL: none. */
static const struct clause *
find_type(const struct create_table *t, const char *message)
{
	for (int i = 0; i < t->clauses_count; i++) {
		struct words w = { .rest = t->clauses[i].text };
		SCOPED(buf) struct buf type = BUF_INIT;

		if (t->clauses[i].kind != CLAUSE_COLUMN || !words_next(&w) || !words_next(&w))
			continue;
		quote_string(&type, w.word);
		if (strstr(message, type.data) != NULL)
			return &t->clauses[i];
	}
	return NULL;
}

static int
unknown_type(struct slice table, const struct create_table *create, struct err *err)
{
	const struct clause *clause = find_type(create, err->text);

	if (clause == NULL)
		return err_wrap(err, "the table cannot be made at the target");
	err_wrap(err, "column '%.*s' cannot be made at the target", SLICE_ARG(clause->name));
	return cure_clause(err, &(struct cure){ table, create, clause });
}

/* The server says what it lacks: a type, a sequence, a collation, a plugin. */
static int
cannot_be_made(const struct rehearsal *r, const struct create_table *wanted,
    const struct dialect *d, struct err *err)
{
	enum { ER_UNKNOWN_CHARACTER_SET = 1115, ER_UNKNOWN_COLLATION = 1273 };
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct slice rest, name;

	if (err->kind != ERR_SERVER)
		return -1;
	err->kind = ERR_REFUSED;
	name = create_table_name(&scratch,
	    slice_cut(slice_str(r->definition), strlen("CREATE TABLE "), SIZE_MAX), &rest);
	if (d->unknown_type != 0 && err->mysql_errno == d->unknown_type)
		return unknown_type(name, wanted, err);
	err_wrap(err, "the table cannot be made at the target");
	if (err->mysql_errno == ER_UNKNOWN_COLLATION || err->mysql_errno == ER_UNKNOWN_CHARACTER_SET)
		return cure_collation(err, name);
	return err_hint(err,
	    "give the target's server what the definition needs, or change that at the "
	    "source");
}

static bool
has_primary(const struct create_table *t)
{
	for (int i = 0; i < t->clauses_count; i++) {
		if (t->clauses[i].kind == CLAUSE_PRIMARY)
			return true;
	}
	return false;
}

static int
make(struct ctx *cx, struct mysql_client *dba, const struct create_table *wanted, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	create_table_print(&sql, wanted, table);
	/* One of the name may be left of a rehearsal that was cut off. */
	TRY(mysql_execf(cx, dba, "DROP TABLE IF EXISTS %s", table));
	TRY(mysql_exec(cx, dba, buf_slice(&sql), NULL));
	/* With sql_require_primary_key MySQL lets a unique key pass for a primary one here, and not where
	 * a table is altered, as it is past the copy. */
	return has_primary(wanted) ? 0 : mysql_execf(cx, dba, "ALTER TABLE %s FORCE", table);
}

int
rehearse_table(struct ctx *cx, struct mysql_client *dba, const struct rehearsal *r)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf name = BUF_INIT;
	struct err undoing = { 0 };
	struct ctx inner = *cx;
	struct ctx undo = ctx_shielded(cx, UNDO_S * SECOND, &undoing);
	struct create_table wanted;

	inner.arena = &arena;
	TRY(create_table_read(&arena, slice_str(r->definition), &wanted, cx->err));
	create_table_drop_foreign(&wanted); /* added past the copy, to the tables of the set */
	quote_table(&name, slice_str(r->database), slice_str(REHEARSED));
	/* A name is another table's perhaps, which has it for good: an empty copy that is there. */
	check_names_drop(&wanted, SLICE_NULL, true);
	int rc = make(&inner, dba, &wanted, name.data) == 0
	    ? compare(&inner, dba, r, &wanted)
	    : cannot_be_made(r, &wanted, mysql_dialect(dba), cx->err);
	if (mysql_execf(&undo, dba, "DROP TABLE IF EXISTS %s", name.data) != 0 && rc == 0)
		return err_copy(cx->err, &undoing);
	return rc;
}
