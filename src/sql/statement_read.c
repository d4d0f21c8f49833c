#include "sql/statement.h"

#include "base/check.h"
#include "sql/administration.h"
#include "sql/change_rows.h"
#include "sql/change_tables.h"
#include "sql/name.h"
#include "sql/query.h"
#include "sql/statement_part.h"

typedef void read_fn(struct reader *r);

static void
skip_all(struct reader *r)
{
	while (!reader_done(r))
		reader_step(r);
}

/* ---- transactions and the session ---- */

/* BEGIN [WORK]; BEGIN NOT ATOMIC is a program. */
static void
read_begin(struct reader *r)
{
	(void)reader_accept(r, KW_WORK);
	if (!reader_done(r))
		reader_unclear(r);
}

/* START TRANSACTION [WITH CONSISTENT SNAPSHOT], [READ ONLY | READ WRITE]; START SLAVE and its like.
 */
static void
read_start(struct reader *r)
{
	if (!reader_accept_text(r, "transaction")) {
		r->out->kind = STATEMENT_ADMIN;
		skip_all(r);
		return;
	}
	for (; !reader_done(r); reader_step(r)) {
		r->out->read_only = r->out->read_only || reader_is_text(r, "only");
		r->out->read_write = r->out->read_write || reader_is_text(r, "write");
		r->out->snapshot = r->out->snapshot || reader_is_text(r, "snapshot");
	}
}

/* COMMIT, ROLLBACK [WORK] [AND [NO] CHAIN] [[NO] RELEASE]; ROLLBACK TO */
static void
read_end(struct reader *r)
{
	bool no = false;

	(void)reader_accept(r, KW_WORK);
	if (reader_is(r, KW_TO))
		r->out->kind = STATEMENT_SAVEPOINT;
	for (; !reader_done(r); reader_step(r)) {
		if (reader_is_text(r, "chain"))
			*(no ? &r->out->no_chain : &r->out->chain) = true;
		if (reader_is(r, KW_RELEASE))
			*(no ? &r->out->no_release : &r->out->release) = true;
		no = reader_is_text(r, "no");
	}
}

/* SET STATEMENT a = 1, b = 2 FOR statement */
static void
set_statement(struct reader *r, read_fn *statement)
{
	query_expressions(r, true);
	reader_expect(r, KW_FOR);
	statement(r);
}

/* SET a = expr, @b = (SELECT ...), NAMES x, TRANSACTION ...; SET PASSWORD and ROLE are
 * administration */
static void
read_set(struct reader *r)
{
	r->out->changes_session = true;
	if (reader_is_text(r, "password") && reader_ahead(r, 1)->kind != TOKEN_ASSIGN) {
		r->out->kind = STATEMENT_ADMIN;
		r->out->implicit_commit = true;
	}
	while (!reader_done(r)) {
		size_t before = r->at;

		query_expressions(r, true);
		/* CHARACTER SET x, SET x = ON, PASSWORD FOR */
		(void)(reader_accept(r, KW_SET) || reader_accept(r, KW_ON) ||
		    reader_accept(r, KW_FOR));
		if (r->at == before)
			reader_unclear(r);
	}
}

static void
read_use(struct reader *r)
{
	if (!reader_is_name(r)) {
		reader_unclear(r);
		return;
	}
	r->out->use_database = reader_name(r, reader_now(r));
	reader_step(r);
	if (!reader_done(r))
		reader_unclear(r);
}

/* LOCK TABLES a AS x READ LOCAL, b LOW_PRIORITY WRITE [WAIT n] */
static void
read_lock(struct reader *r)
{
	r->out->changes_session = true;
	if (!reader_accept(r, KW_TABLES))
		reader_expect(r, KW_TABLE);
	do {
		size_t at = r->out->tables_count;

		reader_table(r, TABLE_LOCK);
		if (at < r->out->tables_count)
			r->out->tables[at].may_be_aliased = reader_is_text(r, "read") ||
			    reader_is_text(r, "write") || reader_is_text(r, "low_priority");
		if (reader_accept(r, KW_AS))
			reader_step(r);
		while (!reader_done(r) && !reader_is_punct(r, ','))
			reader_step(r);
	} while (reader_accept_punct(r, ','));
}

static void
read_unlock(struct reader *r)
{
	r->out->implicit_commit = true;
	skip_all(r);
}

static void
read_prepare(struct reader *r)
{
	reader_leaves(r, LEAVES_OTHER);
	for (; !reader_done(r); reader_step(r)) {
		if (reader_now(r)->kind == TOKEN_USER_VARIABLE)
			r->out->uses |= USES_VARIABLES;
	}
}

/* CALL p, CALL p(1), CALL db.p(@x) */
static void
read_call(struct reader *r)
{
	name_called(r);
	query_expressions(r, true);
}

/* DO expression, ... */
static void
read_do(struct reader *r)
{
	query_expressions(r, true);
	if (r->writes)
		r->out->kind = STATEMENT_CALL;
}

/* ---- looking at things ---- */

/* "t FROM db": the span is the whole. */
static void
table_from(struct reader *r)
{
	size_t first = r->out->tables_count;
	struct table_ref *ref;

	reader_table(r, TABLE_READ);
	if (r->out->tables_count == first || !(reader_accept(r, KW_FROM) || reader_accept(r, KW_IN)))
		return;
	if (!reader_is_name(r)) {
		reader_unclear(r);
		return;
	}
	ref = &r->out->tables[first];
	ref->database = reader_name(r, reader_now(r));
	ref->end = reader_now(r)->end;
	reader_step(r);
}

/* SHOW TABLES, SHOW TRIGGERS, SHOW PROCEDURE STATUS: of the default database, or of this server. */
static bool
shows_default(const struct reader *r)
{
	static const char *const words[] = { "tables", "table", "triggers", "trigger", "events",
		"event", "open", "procedure", "function", "package", "sequences" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (reader_is_text(r, words[i]))
			return true;
	}
	return false;
}

/* SHOW CREATE TABLE t, SHOW COLUMNS FROM t FROM db, SHOW TABLES FROM db, and everything that names
 * no table. */
static void
read_show(struct reader *r)
{
	bool create = reader_accept(r, KW_CREATE), columns = false;

	if (create &&
	    (reader_accept(r, KW_TABLE) || reader_accept(r, KW_VIEW) ||
		reader_accept_text(r, "sequence"))) {
		reader_table(r, TABLE_READ);
		return;
	}
	if (create && change_program(r)) {
		r->out->uses |= USES_DEFAULT;
		skip_all(r);
		return;
	}
	if (create && (reader_accept(r, KW_DATABASE) || reader_accept(r, KW_SCHEMA))) {
		if (reader_accept(r, KW_IF)) { /* IF NOT EXISTS */
			reader_expect(r, KW_NOT);
			reader_expect(r, KW_EXISTS);
		}
		reader_database(r, TABLE_READ);
		return;
	}
	if (reader_is_text(r, "warnings") || reader_is_text(r, "errors") ||
	    reader_is_text(r, "count"))
		r->out->uses |= USES_WARNINGS;
	/* the word before FROM or IN says what is shown */
	for (; !reader_done(r) && !reader_is(r, KW_FROM) && !reader_is(r, KW_IN) &&
	     !reader_is(r, KW_LIKE) && !reader_is(r, KW_WHERE);
	     reader_step(r)) {
		if (shows_default(r))
			r->out->uses |= USES_DEFAULT;
		columns = columns || reader_is(r, KW_INDEX) || reader_is_text(r, "indexes") ||
		    reader_is_text(r, "keys") || reader_is_text(r, "columns") ||
		    reader_is_text(r, "fields");
	}
	if (reader_accept(r, KW_FROM) || reader_accept(r, KW_IN)) {
		if (columns)
			table_from(r);
		else if (reader_is_name(r))
			reader_database(r, TABLE_READ);
	}
	while (!reader_done(r)) {
		size_t before = r->at;

		(void)(reader_accept(r, KW_WHERE) || reader_accept(r, KW_LIMIT) ||
		    reader_accept(r, KW_FOR));
		query_expressions(r, true);
		if (r->at == before)
			reader_unclear(r);
	}
}

/* ---- administration ---- */

/* ANALYZE TABLE, CHECK TABLE, CHECKSUM TABLE, OPTIMIZE TABLE, REPAIR TABLE: a list of tables. */
static void
read_maintenance(struct reader *r)
{
	r->out->implicit_commit = true;
	while (reader_is_text(r, "local") || reader_is_text(r, "no_write_to_binlog"))
		reader_step(r);
	if (!reader_accept(r, KW_TABLES) && !reader_accept(r, KW_TABLE)) {
		skip_all(r);
		return;
	}
	reader_table_list(r, TABLE_READ);
	skip_all(r);
}

/* HANDLER t OPEN [AS h]; HANDLER h READ ..., HANDLER h CLOSE */
static void
read_handler(struct reader *r)
{
	struct statement *s = r->out;
	size_t first = s->tables_count;

	reader_table(r, TABLE_READ);
	if (s->tables_count == first)
		return;
	s->handler = s->tables[first].table;
	if (reader_accept_text(r, "open")) {
		(void)reader_accept(r, KW_AS);
		if (reader_is_name(r)) {
			s->handler = reader_name(r, reader_now(r));
			reader_step(r);
		}
		reader_leaves(r, LEAVES_OTHER);
		return;
	}
	s->tables[first].role = TABLE_HANDLER;
	s->closes = reader_accept_text(r, "close");
	for (; !reader_done(r); reader_step(r)) {
		if (reader_is(r, KW_SELECT))
			reader_unclear(r);
	}
}

static void
read_savepoint(struct reader *r)
{
	struct slice name;

	if (reader_is_name(r)) {
		name = reader_name(r, reader_now(r));
		reader_step(r);
		if (reader_done(r))
			r->out->savepoint = name;
	}
	skip_all(r);
}

static void
read_release(struct reader *r)
{
	reader_expect(r, KW_SAVEPOINT);
	skip_all(r);
}

static void
read_xa(struct reader *r)
{
	reader_leaves(r, LEAVES_OTHER);
	skip_all(r);
}

static void
read_query(struct reader *r)
{
	r->at--; /* the first word is part of it */
	query_read(r);
	if (r->writes)
		r->out->kind = STATEMENT_WRITE;
	else if (r->locked)
		r->out->kind = STATEMENT_SELECT_LOCKING;
	/* These servers have no WITH ... UPDATE and no WITH ... DELETE. */
}

struct rule {
	enum keyword keyword;
	enum statement_kind kind;
	bool implicit_commit;
	read_fn *read;
};

static const struct rule RULES[] = {
	{ KW_SELECT, STATEMENT_SELECT, false, read_query },
	{ KW_WITH, STATEMENT_SELECT, false, read_query },
	{ KW_VALUES, STATEMENT_SELECT, false, read_query },
	{ KW_TABLE, STATEMENT_SELECT, false, read_query },
	{ KW_INSERT, STATEMENT_WRITE, false, change_insert },
	{ KW_REPLACE, STATEMENT_WRITE, false, change_insert },
	{ KW_UPDATE, STATEMENT_WRITE, false, change_update },
	{ KW_DELETE, STATEMENT_WRITE, false, change_delete },
	{ KW_LOAD, STATEMENT_WRITE, false, change_load },
	{ KW_CREATE, STATEMENT_DDL, true, change_create },
	{ KW_ALTER, STATEMENT_DDL, true, change_alter },
	{ KW_DROP, STATEMENT_DDL, true, change_drop },
	{ KW_RENAME, STATEMENT_DDL, true, change_rename },
	{ KW_TRUNCATE, STATEMENT_DDL, true, change_truncate },
	{ KW_BEGIN, STATEMENT_BEGIN, true, read_begin },
	{ KW_START, STATEMENT_BEGIN, true, read_start },
	{ KW_COMMIT, STATEMENT_COMMIT, false, read_end },
	{ KW_ROLLBACK, STATEMENT_ROLLBACK, false, read_end },
	{ KW_SAVEPOINT, STATEMENT_SAVEPOINT, false, read_savepoint },
	{ KW_RELEASE, STATEMENT_SAVEPOINT, false, read_release },
	{ KW_SET, STATEMENT_SET, false, read_set },
	{ KW_USE, STATEMENT_USE, false, read_use },
	{ KW_SHOW, STATEMENT_SHOW, false, read_show },
	{ KW_XA, STATEMENT_XA, false, read_xa },
	{ KW_LOCK, STATEMENT_LOCK_TABLES, true, read_lock },
	{ KW_UNLOCK, STATEMENT_LOCK_TABLES, true, read_unlock },
	{ KW_PREPARE, STATEMENT_PREPARE, false, read_prepare },
	{ KW_EXECUTE, STATEMENT_PREPARE, false, read_prepare },
	{ KW_DEALLOCATE, STATEMENT_PREPARE, false, read_prepare },
	{ KW_CALL, STATEMENT_CALL, false, read_call },
	{ KW_DO, STATEMENT_SELECT, false, read_do },
	{ KW_CHECK, STATEMENT_ADMIN, false, read_maintenance },
	{ KW_CHECKSUM, STATEMENT_ADMIN, false, read_maintenance },
	{ KW_OPTIMIZE, STATEMENT_ADMIN, false, read_maintenance },
	{ KW_REPAIR, STATEMENT_ADMIN, false, read_maintenance },
	{ KW_GRANT, STATEMENT_ADMIN, true, skip_all },
	{ KW_REVOKE, STATEMENT_ADMIN, true, skip_all },
};

/* GET [CURRENT] DIAGNOSTICS */
static void
read_diagnostics(struct reader *r)
{
	r->out->kind = STATEMENT_SHOW;
	r->out->uses |= USES_WARNINGS;
	reader_leaves(r, LEAVES_VARIABLES | LEAVES_OTHER);
	skip_all(r);
}

static void
read_other(struct reader *r)
{
	if (administration_read(r))
		return;
	if (reader_accept_text(r, "handler"))
		read_handler(r);
	else if (reader_is_text(r, "get"))
		read_diagnostics(r);
	else
		reader_unclear(r);
}

static void
read_simple(struct reader *r)
{
	for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
		if (reader_is(r, RULES[i].keyword)) {
			r->out->kind = RULES[i].kind;
			r->out->implicit_commit = RULES[i].implicit_commit;
			reader_step(r);
			RULES[i].read(r);
			return;
		}
	}
	read_other(r);
}

/* What is explained is not run: all it names is read. */
static void
only_read(struct statement *s)
{
	for (size_t i = 0; i < s->tables_count; i++) {
		if (s->tables[i].role == TABLE_WRITE || s->tables[i].role == TABLE_LOCK)
			s->tables[i].role = TABLE_READ;
	}
	s->kind = STATEMENT_SHOW;
	s->changes_session = s->implicit_commit = false;
	s->leaves = 0;
}

static bool
is_explainable(const struct reader *r)
{
	return reader_is(r, KW_SELECT) || reader_is(r, KW_WITH) || reader_is(r, KW_INSERT) ||
	    reader_is(r, KW_REPLACE) || reader_is(r, KW_UPDATE) || reader_is(r, KW_DELETE) ||
	    reader_is(r, KW_VALUES);
}

/* FORMAT = x */
static void
format(struct reader *r)
{
	if (!reader_accept_text(r, "format"))
		return;
	reader_expect_punct(r, '=');
	reader_step(r);
}

/* EXPLAIN [EXTENDED | PARTITIONS | FORMAT = x] statement; EXPLAIN FOR CONNECTION n; DESCRIBE t
 * [column] */
static void
read_explain(struct reader *r)
{
	reader_step(r);
	(void)(reader_accept_text(r, "extended") || reader_accept_text(r, "partitions"));
	format(r);
	r->out->kind = STATEMENT_SHOW;
	if (reader_is(r, KW_FOR)) {
		skip_all(r);
	} else if (reader_is(r, KW_ANALYZE)) {
		reader_unclear(r); /* MySQL's EXPLAIN ANALYZE runs it */
	} else if (is_explainable(r)) {
		read_simple(r);
		only_read(r->out);
	} else {
		reader_table(r, TABLE_READ);
		skip_all(r);
	}
}

void
statement_part(struct reader *r)
{
	if (reader_is(r, KW_EXPLAIN) || reader_is(r, KW_DESCRIBE) || reader_is(r, KW_DESC)) {
		read_explain(r);
	} else if (reader_is_punct(r, '(')) {
		r->out->kind = STATEMENT_SELECT;
		reader_step(r);
		read_query(r);
	} else if (reader_accept(r, KW_ANALYZE)) {
		(void)reader_accept_text(r, "local");
		format(r);
		r->out->kind = STATEMENT_ADMIN;
		if (reader_is(r, KW_TABLE) || reader_is(r, KW_TABLES))
			read_maintenance(r);
		else if (is_explainable(r)) /* MariaDB's ANALYZE runs the statement */
			read_simple(r);
		else
			reader_unclear(r);
	} else if (reader_is(r, KW_SET) && reader_ahead(r, 1)->keyword == KW_STATEMENT) {
		reader_step(r);
		reader_step(r);
		set_statement(r, read_simple);
	} else {
		read_simple(r);
	}
}

/* ---- what is not understood ---- */

static bool
is_name(const struct token *t)
{
	return t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED;
}

void
statement_identifiers(struct reader *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct token *t = &r->tokens[i];
		struct table_ref ref = { .role = TABLE_UNCLEAR, .database = SLICE_NULL };

		if (t->kind == TOKEN_USER_VARIABLE)
			r->out->uses |= USES_VARIABLES;
		if (!is_name(t))
			continue;
		ref.table = reader_name(r, t);
		ref.start = t->start;
		ref.end = t->end;
		if (i >= 2 && r->tokens[i - 1].punct == '.' && is_name(&r->tokens[i - 2])) {
			ref.database = reader_name(r, &r->tokens[i - 2]);
			ref.start = r->tokens[i - 2].start;
		}
		reader_add(r, &ref);
	}
}

static void
not_understood(struct reader *r)
{
	struct statement *s = r->out;

	s->understood = false;
	s->uses |= USES_DEFAULT;
	if (s->kind == STATEMENT_DDL && !s->changes_session)
		s->leaves = 0; /* a routine's body is not run */
	else
		reader_leaves(r, LEAVES_VARIABLES | LEAVES_OTHER);
	if (s->kind != STATEMENT_DDL)
		s->kind = STATEMENT_OTHER;
	s->tables_count = 0;
	statement_identifiers(r);
}

int
statement_read(
    struct arena *a, struct slice sql, unsigned modes, struct statement *out, struct err *err)
{
	struct tokens tokens;
	struct reader r = { .arena = a, .sql = sql, .modes = modes, .out = out };

	*out = (struct statement){ .kind = STATEMENT_OTHER, .understood = true };
	TRY(tokens_read(a, sql, modes, &tokens, err));
	out->tokens = r.tokens = tokens.items;
	out->tokens_count = r.count = tokens.count;
	while (reader_accept_punct(&r, ';'))
		;
	if (r.count == r.at) {
		out->kind = STATEMENT_EMPTY;
		return 0;
	}
	statement_part(&r);
	if (!r.unclear && !reader_done(&r))
		reader_unclear(&r);
	if (r.unclear || tokens.conditional) {
		not_understood(&r);
		return 0;
	}
	out->locks = r.locked || r.writes;
	while (reader_accept_punct(&r, ';'))
		;
	out->multiple = r.at < r.count;
	return 0;
}

const char *
statement_kind_name(enum statement_kind kind)
{
	static const char *const names[] = { "empty", "select", "select locking", "write", "ddl",
		"begin", "commit", "rollback", "savepoint", "set", "use", "show", "xa",
		"lock tables", "prepare", "call", "admin", "other" };

	check((size_t)kind < sizeof names / sizeof names[0]);
	return names[kind];
}
