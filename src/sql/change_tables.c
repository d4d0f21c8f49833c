#include "sql/change_tables.h"

#include "sql/change_trigger.h"
#include "sql/query.h"

static void
if_exists(struct reader *r)
{
	if (!reader_accept(r, KW_IF))
		return;
	r->out->if_not_exists = reader_accept(r, KW_NOT);
	reader_expect(r, KW_EXISTS);
}

/* A name that the statement gives to what it makes. */
static void
made_table(struct reader *r)
{
	size_t at = r->out->tables_count;

	reader_table(r, TABLE_DDL);
	if (at < r->out->tables_count)
		r->out->tables[at].made = true;
}

/* One that stays as it is. */
static void
looked_at_table(struct reader *r)
{
	size_t at = r->out->tables_count;

	reader_table(r, TABLE_DDL);
	if (at < r->out->tables_count)
		r->out->tables[at].looked_at = true;
}

/* WAIT n, NOWAIT: how long DDL waits for a lock (MariaDB). */
static void
lock_wait(struct reader *r)
{
	if (reader_accept_text(r, "wait"))
		reader_step(r);
	else
		(void)reader_accept_text(r, "nowait");
}

/* UNION = (a, b): the tables of a MERGE table. */
static void
merge_tables(struct reader *r)
{
	(void)reader_accept_punct(r, '=');
	reader_expect_punct(r, '(');
	if (!reader_is_punct(r, ')'))
		reader_table_list(r, TABLE_DDL);
	reader_expect_punct(r, ')');
}

/* One token of a definition, with the places where another table is named: WITH TABLE t, CONVERT
 * TABLE t TO PARTITION, TO TABLE t, REFERENCES t, UNION = (t, u). */
static void
definition_token(struct reader *r)
{
	if (reader_accept(r, KW_REFERENCES))
		looked_at_table(r);
	else if (reader_accept(r, KW_TABLE))
		reader_table(r, TABLE_DDL);
	else if (reader_accept(r, KW_UNION))
		merge_tables(r);
	else
		reader_step(r);
}

/* CREATE TABLE t LIKE u and CREATE TABLE t (LIKE u); any other LIKE is an operator. */
static bool
likes_table(const struct reader *r, size_t body)
{
	return reader_is(r, KW_LIKE) &&
	    (r->at == body || (r->at == body + 1 && r->tokens[body].punct == '('));
}

/* Does the query of CREATE TABLE ... SELECT begin here? WITH SYSTEM VERSIONING does not. */
static bool
begins_query(struct reader *r)
{
	const struct token *next = reader_ahead(r, 1);

	if (reader_is(r, KW_WITH))
		return next->kind == TOKEN_QUOTED ||
		    (next->kind == TOKEN_WORD &&
			!slice_eq_nocase(reader_name(r, next), slice_str("system")));
	if (reader_is_punct(r, '('))
		return next->keyword == KW_SELECT || next->keyword == KW_WITH;
	return reader_is(r, KW_SELECT) || reader_is(r, KW_VALUES);
}

/* Columns, keys and options of CREATE TABLE, and the query that fills it. */
static void
definition(struct reader *r)
{
	size_t open = 0, body = r->at;

	while (!reader_done(r)) {
		if (likes_table(r, body)) {
			reader_step(r);
			looked_at_table(r);
		} else if (open == 0 && begins_query(r)) {
			/* The definition is stored as it is written; the query runs now, and may ask who
			 * runs it (identity.h). */
			r->out->query_at = reader_now(r)->start;
			query_read(r);
			return;
		} else if (reader_is(r, KW_SELECT)) {
			reader_unclear(r);
		} else {
			if (reader_is_punct(r, '('))
				open++;
			else if (reader_is_punct(r, ')') && open > 0)
				open--;
			definition_token(r);
		}
	}
}

static void
create_table(struct reader *r, bool temporary)
{
	r->out->kind = STATEMENT_DDL;
	r->out->implicit_commit = !temporary;
	if_exists(r);
	made_table(r);
	definition(r);
}

/* CREATE INDEX i [USING b] ON t (...) */
static void
index_on(struct reader *r)
{
	if_exists(r);
	if (!reader_is_name(r))
		reader_unclear(r);
	reader_step(r);
	while (!reader_done(r) && !reader_is(r, KW_ON))
		reader_step(r);
	reader_expect(r, KW_ON);
	reader_table(r, TABLE_DDL);
	while (!reader_done(r))
		reader_step(r);
}

static void
view(struct reader *r)
{
	if (reader_is_punct(r, '('))
		reader_skip_parens(r);
	reader_expect(r, KW_AS);
	query_read(r);
	if (reader_accept(r, KW_WITH)) /* WITH CHECK OPTION */
		query_expressions(r, true);
}

static void
create_view(struct reader *r)
{
	if_exists(r);
	made_table(r);
	view(r);
}

static void
alter_view(struct reader *r)
{
	if_exists(r);
	reader_table(r, TABLE_DDL);
	view(r);
}

/* USER, ROLE, SERVER: neither rows nor definitions of tables. */
static bool
is_account(const struct reader *r)
{
	return reader_is_text(r, "user") || reader_is_text(r, "role") || reader_is_text(r, "server");
}

static void
admin(struct reader *r)
{
	r->out->kind = STATEMENT_ADMIN;
	while (!reader_done(r))
		reader_step(r);
}

static void
database(struct reader *r)
{
	if_exists(r);
	reader_database(r, TABLE_DDL);
	while (!reader_done(r))
		reader_step(r);
}

/* ALGORITHM = x, DEFINER = u@h, SQL SECURITY x of CREATE VIEW; UNIQUE, FULLTEXT of CREATE INDEX. */
static void
skip_to_object(struct reader *r)
{
	while (!reader_done(r) && !reader_is(r, KW_VIEW) && !reader_is(r, KW_INDEX) &&
	    !reader_is(r, KW_TABLE) && !reader_is_text(r, "function") &&
	    !reader_is(r, KW_PROCEDURE) && !reader_is_text(r, "trigger") &&
	    !reader_is_text(r, "event") && !reader_is_text(r, "package"))
		reader_step(r);
}

/* [IF [NOT] EXISTS] [db.]name of a routine or an event. */
static void
program_name(struct reader *r)
{
	const struct token *last;

	if_exists(r);
	last = reader_now(r);
	if (!reader_is_name(r))
		return;
	r->out->program.start = last->start;
	if (reader_ahead(r, 1)->punct == '.') {
		r->out->in_database = reader_name(r, last);
		last = reader_ahead(r, 2);
	}
	r->out->program.name = reader_name(r, last);
	r->out->program.end = last->end;
}

bool
change_program(struct reader *r)
{
	bool package = reader_accept_text(r, "package");

	if (package)
		(void)reader_accept_text(r, "body");
	else if (reader_accept_text(r, "event"))
		r->out->program.event = true;
	else if (!reader_accept_text(r, "function") && !reader_accept(r, KW_PROCEDURE))
		return false;
	program_name(r);
	if (package)
		r->out->program.name = SLICE_NULL;
	return true;
}

/* Its body is not read, so the statement counts as not understood. */
static void
program_with_body(struct reader *r)
{
	(void)change_program(r);
	reader_unclear(r);
}

void
change_create(struct reader *r)
{
	bool temporary;

	r->out->replaces = reader_accept(r, KW_OR);
	if (r->out->replaces)
		reader_expect(r, KW_REPLACE);
	/* A temporary table hides one of its name from this connection alone, and commits nothing. */
	temporary = reader_accept(r, KW_TEMPORARY);
	if (temporary)
		reader_leaves(r, LEAVES_TABLES);
	if (is_account(r)) {
		admin(r);
	} else if (reader_accept(r, KW_TABLE)) {
		create_table(r, temporary);
	} else if (reader_accept(r, KW_DATABASE) || reader_accept(r, KW_SCHEMA)) {
		database(r);
	} else if (reader_accept_text(r, "sequence")) {
		if_exists(r);
		reader_table(r, TABLE_DDL);
		query_expressions(r, true);
	} else {
		skip_to_object(r);
		if (reader_accept(r, KW_INDEX))
			index_on(r);
		else if (reader_accept(r, KW_VIEW))
			create_view(r);
		else if (reader_accept_text(r, "trigger"))
			change_trigger(r);
		else
			program_with_body(r);
	}
}

/* RENAME [TO|AS|=] t in ALTER TABLE; RENAME COLUMN, INDEX and KEY are no tables. */
static void
alter_rename(struct reader *r)
{
	if (reader_is(r, KW_INDEX) || reader_is(r, KW_KEY) || reader_is_text(r, "column"))
		return;
	if (!reader_accept(r, KW_TO) && !reader_accept(r, KW_AS))
		(void)reader_accept_punct(r, '=');
	made_table(r);
	r->out->renames = true;
}

static void
alter_table(struct reader *r)
{
	if_exists(r);
	reader_table(r, TABLE_DDL);
	lock_wait(r);
	while (!reader_done(r)) {
		if (reader_accept(r, KW_RENAME))
			alter_rename(r);
		else
			definition_token(r);
	}
}

void
change_alter(struct reader *r)
{
	while (reader_accept(r, KW_ONLINE) || reader_accept(r, KW_IGNORE))
		;
	if (is_account(r)) {
		admin(r);
	} else if (reader_accept(r, KW_TABLE)) {
		alter_table(r);
	} else if (reader_accept(r, KW_DATABASE) || reader_accept(r, KW_SCHEMA)) {
		database(r);
	} else {
		skip_to_object(r);
		if (reader_accept(r, KW_VIEW))
			alter_view(r);
		else
			program_with_body(r);
	}
}

static void
drop_options(struct reader *r)
{
	while (reader_accept_text(r, "restrict") || reader_accept_text(r, "cascade"))
		;
	lock_wait(r);
}

void
change_drop(struct reader *r)
{
	if (reader_accept(r, KW_TEMPORARY))
		r->out->implicit_commit = false;
	if (is_account(r) || reader_is(r, KW_PREPARE)) {
		r->out->kind = STATEMENT_ADMIN;
		if (reader_is(r, KW_PREPARE))
			r->out->kind = STATEMENT_PREPARE;
		while (!reader_done(r))
			reader_step(r);
	} else if (reader_accept(r, KW_TABLE) || reader_accept(r, KW_TABLES) ||
	    reader_accept(r, KW_VIEW) || reader_accept_text(r, "sequence")) {
		r->out->drops = true;
		if_exists(r);
		reader_table_list(r, TABLE_DDL);
		drop_options(r);
	} else if (reader_accept(r, KW_DATABASE) || reader_accept(r, KW_SCHEMA)) {
		database(r);
	} else if (reader_accept(r, KW_INDEX)) {
		index_on(r);
	} else if (reader_accept_text(r, "trigger")) {
		if_exists(r);
		reader_table(r, TABLE_TRIGGER);
		if (r->out->tables_count > 0)
			r->out->in_database = r->out->tables[0].database;
		r->out->uses |= USES_DEFAULT;
	} else if (change_program(r)) {
		r->out->uses |= USES_DEFAULT;
		while (!reader_done(r))
			reader_step(r);
	} else {
		reader_unclear(r);
	}
}

void
change_rename(struct reader *r)
{
	if (reader_is_text(r, "user")) {
		admin(r);
		return;
	}
	if (!reader_accept(r, KW_TABLE))
		reader_expect(r, KW_TABLES);
	if_exists(r);
	r->out->renames = true;
	do {
		reader_table(r, TABLE_DDL);
		lock_wait(r);
		reader_expect(r, KW_TO);
		made_table(r);
	} while (reader_accept_punct(r, ','));
}

void
change_truncate(struct reader *r)
{
	(void)reader_accept(r, KW_TABLE);
	reader_table(r, TABLE_DDL);
	drop_options(r);
}
