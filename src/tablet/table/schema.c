#include "tablet/table/schema.h"

#include "base/check.h"
#include "base/mutant.h"
#include "binlog/coltype.h"
#include "rpc/api.h"
#include "sql/quote.h"
#include "tablet/table/cascade.h"
#include "tablet/table/check_name.h"
#include "tablet/table/create_table.h"
#include "tablet/table/definition.h"
#include "tablet/table/engine.h"
#include "tablet/table/generated.h"
#include "tablet/table/key.h"
#include "tablet/table/schema_common.h"
#include "tablet/table/versioned.h"

/* ---- Columns */

/* Numbers of information_schema; NULL is 0. */
static uint32_t
number_of(struct slice s)
{
	uint64_t u = 0;
	struct err err;

	if (slice_is_null(s) || parse_u64(s, &u, &err) != 0)
		return 0;
	return u > UINT32_MAX ? UINT32_MAX : (uint32_t)u;
}

/* In the order that read_columns() selects. */
enum {
	C_NAME,
	C_DATA_TYPE,
	C_COLUMN_TYPE,
	C_CHARSET,
	C_COLLATION,
	C_NULLABLE,
	C_EXTRA,
	C_PRECISION,
	C_SCALE,
	C_FSP,
	C_CHARS,
	C_GENERATED,
	C_COUNT
};

/* Commas outside of the members' quotes: one less than members. */
static uint32_t
count_members(struct slice type)
{
	uint32_t members = 1;
	bool quoted = false;

	for (size_t i = 0; i < type.len; i++) {
		if (type.ptr[i] == '\'')
			quoted = !quoted;
		else if (type.ptr[i] == ',' && !quoted)
			members++;
	}
	return members;
}

/* out->kind is known, and what follows from the type's name. */
static void
fill_type(const struct dialect *d, const struct slice *v, struct column_type *out)
{
	enum column_kind kind = out->kind;

	out->is_unsigned = slice_contains(v[C_COLUMN_TYPE], " unsigned");
	out->precision = (uint8_t)number_of(v[C_PRECISION]);
	out->scale = (uint8_t)number_of(v[C_SCALE]);
	out->fsp = (uint8_t)number_of(v[C_FSP]);
	if (kind != COLUMN_ADDRESS)
		out->length = number_of(v[C_CHARS]);
	out->rounds = (kind == COLUMN_FLOAT || kind == COLUMN_DOUBLE) && !slice_is_null(v[C_SCALE]);
	out->compressed = create_table_find(v[C_COLUMN_TYPE], "COMPRESSED") < v[C_COLUMN_TYPE].len;
	out->generated = d->is_generated(v[C_EXTRA], v[C_GENERATED]);
	if (kind == COLUMN_BIT)
		out->length = number_of(v[C_PRECISION]);
	if (kind == COLUMN_ENUM || kind == COLUMN_SET)
		out->length = count_members(v[C_COLUMN_TYPE]);
	if (v[C_CHARSET].len > 0 && v[C_CHARSET].len < sizeof(out->charset))
		memcpy(out->charset, v[C_CHARSET].ptr, v[C_CHARSET].len);
	out->binary_collation = kind == COLUMN_BYTES || d->is_bytewise(v[C_COLLATION]);
	if (kind == COLUMN_JSON)
		coltype_set_json(out);
}

static int
refuse_column(struct ctx *cx, const struct table_def *def, const struct slice *v, const char *what)
{
	err_set(cx->err, ERR_REFUSED, "column '%.*s' of table '%s.%s' %s, which cannot be moved yet",
	    SLICE_ARG(v[C_NAME]), def->database, def->name, what);
	return -1;
}

static bool
has_old_format(const struct dialect *d, struct slice type)
{
	return d->old_temporal.mark != NULL &&
	    create_table_find(type, d->old_temporal.mark) < type.len;
}

static int
refuse_old_format(struct ctx *cx, const struct table_def *def, const struct old_temporal *old,
    const struct slice *v)
{
	refuse_column(cx, def, v,
	    arena_printf(
		cx->arena, "is kept with fractions of seconds in the format of %s", old->name));
	return err_hint(cx->err,
	    "ALTER TABLE `%s`.`%s` FORCE at the source keeps it in today's (%s)", def->database,
	    def->name, old->cure);
}

static int
fill_column(struct ctx *cx, const struct dialect *d, struct table_def *def, const struct slice *v,
    struct column *out)
{
	if (!coltype_named(v[C_DATA_TYPE], &out->type)) {
		(void)refuse_column(cx, def, v,
		    arena_printf(cx->arena, "has the type %.*s", SLICE_ARG(v[C_DATA_TYPE])));
		return err_hint(
		    cx->err, "drop or change the column, or leave the table where it is");
	}
	out->old_format = has_old_format(d, v[C_COLUMN_TYPE]);
	if (out->old_format && number_of(v[C_FSP]) > 0)
		return refuse_old_format(cx, def, &d->old_temporal, v);
	out->name = arena_slice_str(cx->arena, v[C_NAME]);
	out->told = arena_slice_str(cx->arena, v[C_COLUMN_TYPE]);
	if (!slice_is_null(v[C_COLLATION]))
		out->collation = arena_slice_str(cx->arena, v[C_COLLATION]);
	out->nullable = slice_eq_str(v[C_NULLABLE], "YES");
	out->auto_increment = slice_contains(v[C_EXTRA], "auto_increment");
	out->zerofill = slice_contains(v[C_COLUMN_TYPE], "zerofill");
	out->key_index = -1;
	out->type.common = def->common;
	fill_type(d, v, &out->type);
	if (def->versioned)
		TRY(versioned_take_column(def, v[C_GENERATED], out, cx->err));
	def->checked |= out->type.rounds || (out->type.common && out->type.kind == COLUMN_VECTOR);
	def->enums |= out->type.kind == COLUMN_ENUM;
	return 0;
}

/* " WHERE <schema>='db' AND <name>='t'" */
static void
add_where(struct buf *out, const char *schema, const char *name, const struct table_def *def)
{
	buf_addf(out, " WHERE %s=", schema);
	quote_string(out, slice_str(def->database));
	buf_addf(out, " AND %s=", name);
	quote_string(out, slice_str(def->name));
}

static int
read_columns(struct ctx *cx, struct mysql_client *c, struct table_def *def)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT column_name, data_type, column_type, character_set_name, collation_name, "
	    "is_nullable,"
	    " extra, numeric_precision, numeric_scale, datetime_precision, "
	    "character_maximum_length,"
	    " generation_expression FROM information_schema.columns");
	add_where(&sql, "table_schema", "table_name", def);
	buf_add_str(&sql, " ORDER BY ordinal_position");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.columns != C_COUNT || rows.rows == 0 || rows.rows > ROW_COLUMNS_MAX)
		return err_set(cx->err, ERR_CORRUPT, "table '%s.%s' has %zu columns", def->database,
		    def->name, rows.rows);
	def->columns_count = (int)rows.rows;
	def->columns = arena_array(cx->arena, struct column, rows.rows + VERSIONED_COLUMNS);
	for (size_t i = 0; i < rows.rows; i++)
		TRY(fill_column(
		    cx, mysql_dialect(c), def, &rows.values[i * C_COUNT], &def->columns[i]));
	if (def->versioned)
		versioned_add_columns(def);
	return 0;
}

/* ---- The table */

static int
refuse_table(struct ctx *cx, const struct table_def *def, const char *what, const char *hint)
{
	err_set(cx->err, ERR_REFUSED, "table '%s.%s' %s, which cannot be moved yet", def->database,
	    def->name, what);
	return err_hint(cx->err, "%s", hint);
}

static int
refuse_altered(struct err *err, const char *database, const char *table)
{
	return err_set(err, ERR_RETRY, "table '%s.%s' cannot be looked at while somebody alters it",
	    database, table);
}

/*
 * A catalogue answers with NULLs where the server cannot open the table: for the moment, since somebody has
 * it for himself, or for good, and then the table itself says why.
 */
static int
refuse_unopened(struct ctx *cx, struct mysql_client *c, const struct table_def *def)
{
	enum { ER_LOCK_WAIT_TIMEOUT = 1205 };
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_table(&name, slice_str(def->database), slice_str(def->name));
	if (mysql_execf(cx, c, "DO (SELECT 1 FROM %s LIMIT 0)", name.data) != 0 &&
	    cx->err->mysql_errno != ER_LOCK_WAIT_TIMEOUT)
		return err_wrap(cx->err, "looking at table '%s.%s'", def->database, def->name);
	return refuse_altered(cx->err, def->database, def->name);
}

static int
use_engine(struct ctx *cx, struct table_def *def, struct slice engine, bool converts)
{
	bool may = engine_may_convert(engine);

	if (slice_eq_str(engine, "InnoDB"))
		return 0;
	def->engine = arena_slice_str(cx->arena, engine);
	if (may && converts)
		return 0;
	return refuse_table(cx, def,
	    arena_printf(cx->arena, "is kept by the engine %s", def->engine),
	    may ? "--engine InnoDB moves it into a table of InnoDB, or ALTER TABLE ... ENGINE=InnoDB first: "
		  "only a transactional engine can follow changes"
		: "ALTER TABLE ... ENGINE=InnoDB first: only a transactional engine can be copied while "
		  "it is written to");
}

static int
read_table(struct ctx *cx, struct mysql_client *c, struct table_def *def, bool converts)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT table_type, engine, table_rows, auto_increment, table_collation FROM "
	    "information_schema.tables");
	add_where(&sql, "table_schema", "table_name", def);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 0) {
		err_set(
		    cx->err, ERR_NOT_FOUND, "there is no table '%s.%s'", def->database, def->name);
		return err_hint(cx->err, "SHOW TABLES FROM `%.100s`", def->database);
	}
	def->versioned = slice_eq_str(rows.values[0], "SYSTEM VERSIONED") && !def->common;
	if (!slice_eq_str(rows.values[0], "BASE TABLE") && !def->versioned)
		return refuse_table(cx, def,
		    arena_printf(cx->arena, "is a %.*s", SLICE_ARG(rows.values[0])),
		    "only base tables move");
	if (slice_is_null(rows.values[1]) && !mutant("tablet_null_engine"))
		return refuse_unopened(cx, c, def);
	TRY(use_engine(cx, def, rows.values[1], converts));
	def->rows_estimate = number_of(rows.values[2]);
	def->collation = arena_slice_str(cx->arena, rows.values[4]);
	if (!slice_is_null(rows.values[3]))
		return parse_u64(rows.values[3], &def->auto_increment, cx->err);
	return 0;
}

/* ---- SHOW CREATE TABLE */

static int
show_create(
    struct ctx *cx, struct mysql_client *c, const struct table_def *def, struct create_table *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SHOW CREATE TABLE ");
	quote_table(&sql, slice_str(def->database), slice_str(def->name));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows != 1 || rows.columns < 2)
		return err_set(cx->err, ERR_CORRUPT, "SHOW CREATE TABLE gave %zu rows", rows.rows);
	return create_table_read(cx->arena, rows.values[1], out, cx->err);
}

int
schema_check_lists(const struct table_def *def, const struct create_table *create, struct err *err)
{
	int columns = 0, named = def->columns_count - (def->unnamed_times ? VERSIONED_COLUMNS : 0);

	for (int i = 0; i < create->clauses_count; i++) {
		const struct clause *clause = &create->clauses[i];
		bool same = true;

		if (clause->kind == CLAUSE_COLUMN)
			same = columns < def->columns_count &&
			    slice_eq_str(clause->name, def->columns[columns++].name);
		else if (clause->kind == CLAUSE_PRIMARY)
			/* No other stands in for one that is there: the bare table would have both. */
			same = slice_eq_str(slice_str("PRIMARY"), def->key_name) &&
			    (table_def_is_strict(def) || clause->parts == def->key_count);
		else if (clause->kind == CLAUSE_INDEX && slice_eq_str(clause->name, def->key_name))
			same = clause->parts == def->key_count;
		if (!same)
			return err_set(err, ERR_CORRUPT,
			    "table '%s.%s': the catalogue's answer does not fit its definition: %.*s",
			    def->database, def->name, SLICE_ARG(slice_cut(clause->text, 0, 100)));
	}
	if (columns == named)
		return 0;
	return err_set(err, ERR_CORRUPT,
	    "table '%s.%s' has %d columns in the catalogue, %d as it is defined", def->database,
	    def->name, def->columns_count, columns);
}

/* A default must not take its value from a sequence: the sequence is not moved. At the target there is
 * none of that name, or another one, which would give values again that rows have already. */
static int
check_defaults(struct ctx *cx, const struct table_def *def, const struct create_table *create)
{
	for (int i = 0; i < create->clauses_count; i++) {
		struct slice text = create->clauses[i].text;

		if (create_table_find(text, "nextval(") == text.len &&
		    create_table_find(text, "lastval(") == text.len)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "column '%.*s' of table '%s.%s' takes its default from a sequence, which would stay",
		    SLICE_ARG(create->clauses[i].name), def->database, def->name);
		return err_hint(cx->err,
		    "ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT, or make it "
		    "AUTO_INCREMENT");
	}
	return 0;
}

static void
add_index(struct arena *a, struct table_def *def, const struct clause *clause)
{
	struct index_def *index = &def->indexes[def->indexes_count++];

	index->name = arena_slice_str(a, clause->name);
	index->clause = arena_slice_str(a, clause->text);
	index->unique = clause->unique;
	index->is_key = slice_eq_str(clause->name, def->key_name);
	def->hidden_count += clause->hashed;
	index->first = table_def_column(def, clause->first);
}

static int
use_definition(struct ctx *cx, const struct create_table *create, struct table_def *def)
{
	TRY(schema_check_lists(def, create, cx->err));
	TRY(check_defaults(cx, def, create));
	TRY(generated_check(def, create, cx->err));
	TRY(definition_hash(cx->arena, def->told_sql, NULL, &def->hash, cx->err));
	def->primary_first = -1;
	def->indexes = arena_array(cx->arena, struct index_def, create->clauses_count);
	def->foreign_keys = arena_array(cx->arena, struct foreign_key, create->clauses_count);
	for (int i = 0; i < create->clauses_count; i++) {
		const struct clause *clause = &create->clauses[i];

		if (clause->kind == CLAUSE_PRIMARY)
			def->primary_first = table_def_column(def, clause->first);
		if (clause->kind == CLAUSE_INDEX)
			add_index(cx->arena, def, clause);
		if (clause->kind == CLAUSE_FOREIGN)
			TRY(foreign_read(cx->arena, def->database, clause->text,
			    &def->foreign_keys[def->foreign_count++], cx->err));
	}
	return 0;
}

static const char *
print(struct arena *a, const struct create_table *create, const char *table)
{
	SCOPED(buf) struct buf name = BUF_INIT, text = BUF_INIT;

	quote_ident(&name, slice_str(table));
	create_table_print(&text, create, name.data);
	return arena_slice_str(a, buf_slice(&text));
}

/* The definition that the other end is told. */
static int
tell(struct ctx *cx, struct table_def *def, struct create_table *create)
{
	if (def->engine != NULL)
		engine_to_innodb(cx->arena, create);
	if (!def->common) {
		check_names_drop(create, slice_str(def->name), false);
		def->told_sql = print(cx->arena, create, def->name);
		return 0;
	}
	if (schema_common(cx->arena, def, create, &def->told_sql, cx->err) != 0)
		return err_wrap(cx->err, "table '%s.%s'", def->database, def->name);
	TRY(create_table_read(cx->arena, slice_str(def->told_sql), create, cx->err));
	schema_take_types(cx->arena, def, create);
	return 0;
}

/* What cannot be defined may be no table: that is the better answer. */
static int
begin_with(struct ctx *cx, struct mysql_client *c, const struct schema_place *place,
    struct table_def *def, struct create_table *out)
{
	struct err why;

	if (show_create(cx, c, def, out) == 0)
		return 0;
	why = *cx->err;
	TRY(read_table(cx, c, def, place->converts));
	return err_copy(cx->err, &why);
}

/* What the catalogue says is true of the definition that was the same before and after it was asked: each
 * answer is read by a statement of its own, and an ALTER may come between any two.
 * *same: it was. */
static int
read_once(struct ctx *cx, struct mysql_client *c, const struct schema_place *place,
    struct table_def *def, bool *same)
{
	struct create_table before, after;

	TRY(begin_with(cx, c, place, def, &before));
	TRY(read_table(cx, c, def, place->converts));
	TRY(read_columns(cx, c, def));
	TRY(key_read(cx, c, &before, def));
	if (def->versioned)
		TRY(versioned_check(def, &before, cx->err));
	TRY(show_create(cx, c, def, &after));
	def->create_sql = after.text;
	*same = strcmp(before.text, after.text) == 0 || mutant("tablet_schema_read_once");
	if (!*same)
		return 0;
	TRY(tell(cx, def, &after));
	TRY(use_definition(cx, &after, def));
	return cascade_mark(cx->arena, def, cx->err);
}

int
schema_read(struct ctx *cx, struct mysql_client *c, const struct schema_place *place,
    struct table_def **out)
{
	enum {
		TRIES = 5
	}; /* a table that is altered again and again is not asked about without end */
	bool same = false;

	for (int i = 0; i < TRIES && !same; i++) {
		struct table_def *def = arena_new(cx->arena, struct table_def);

		def->database = arena_strdup(cx->arena, place->database);
		def->name = arena_strdup(cx->arena, place->table);
		def->common = place->common;
		TRY(read_once(cx, c, place, def, &same));
		*out = def;
	}
	return same ? 0 : refuse_altered(cx->err, place->database, place->table);
}

int
schema_same(struct ctx *cx, struct mysql_client *c, const struct table_def *def)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct create_table create;

	inner.arena = &arena;
	TRY(show_create(&inner, c, def, &create));
	if (strcmp(create.text, def->create_sql) == 0)
		return 0;
	return err_set(cx->err, ERR_CONFLICT, "the definition of table '%s.%s' has changed",
	    def->database, def->name);
}

int
schema_check_hash(const struct table_def *def, const char *mine, const char *hash, struct err *err)
{
	if (strcmp(mine, hash) == 0)
		return 0;
	err_set(err, ERR_REFUSED, "table '%s.%s' is not defined as its source is", def->database,
	    def->name);
	return err_hint(err, "compare both with SHOW CREATE TABLE, and undo what was altered");
}
