#include "tablet/table/key.h"

#include "base/mutant.h"
#include "sql/quote.h"

#define PRIMARY "PRIMARY"

/* In the order that read_parts() selects. */
enum { K_INDEX, K_COLUMN, K_PREFIX, K_ORDER, K_COUNT };

/* A bound's text must find the very place of its row: of a FLOAT the digits do not. NULL: it does. */
static const char *
flaw_of_type(const struct column_type *t)
{
	static const char *const charsets[] = { "utf8mb4", "utf8mb3", "latin1", "ascii" };

	if (t->kind == COLUMN_FLOAT || t->kind == COLUMN_DOUBLE)
		return "has the FLOAT or DOUBLE column";
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		if (t->kind != COLUMN_STRING || strcmp(t->charset, charsets[i]) == 0)
			return NULL;
	}
	return "is, as neither utf8mb4 nor utf8mb3, latin1 or ascii, of column";
}

static const char *
flaw_of(const struct column *column, const struct slice *part)
{
	if (!slice_is_null(part[K_PREFIX]))
		return "has a prefix of column";
	if (slice_eq_str(part[K_ORDER], "D"))
		return "has the descending column";
	if (column->type.generated)
		return "has the generated column";
	if (column->nullable && !mutant("tablet_nullable_key"))
		return "has the nullable column";
	return flaw_of_type(&column->type);
}

static void
add_column(struct table_def *def, int i)
{
	const struct column_type *type = &def->columns[i].type;

	def->columns[i].key_index = def->key_count;
	def->key[def->key_count++] = i;
	def->key_binary = def->key_binary && (type->kind != COLUMN_STRING || type->binary_collation);
}

/* Takes the index of that name for the key. NULL, or why it cannot be one: "has a prefix of column 'a'". */
static const char *
use_index(struct ctx *cx, struct table_def *def, const struct mysql_rows *parts, struct slice name)
{
	for (size_t i = 0; i < parts->rows; i++) {
		const struct slice *part = &parts->values[i * K_COUNT];
		int column = table_def_column(def, part[K_COLUMN]);

		if (!slice_eq(part[K_INDEX], name))
			continue;
		if (column < 0)
			return "has an expression";
		const char *flaw = flaw_of(&def->columns[column], part);
		if (flaw != NULL)
			return arena_printf(cx->arena, "%s '%.*s'", flaw, SLICE_ARG(part[K_COLUMN]));
	}
	def->key_name = arena_slice_str(cx->arena, name);
	def->key = arena_array(cx->arena, int, parts->rows);
	def->key_count = 0;
	def->key_binary = true;
	for (size_t i = 0; i < parts->rows; i++) {
		const struct slice *part = &parts->values[i * K_COUNT];

		if (slice_eq(part[K_INDEX], name))
			add_column(def, table_def_column(def, part[K_COLUMN]));
	}
	return NULL;
}

static int
read_parts(
    struct ctx *cx, struct mysql_client *c, const struct table_def *def, struct mysql_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql,
	    "SELECT index_name, column_name, sub_part, collation"
	    " FROM information_schema.statistics WHERE table_schema=");
	quote_string(&sql, slice_str(def->database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(def->name));
	buf_add_str(&sql, " AND non_unique=0 ORDER BY index_name, seq_in_index");
	TRY(mysql_select(cx, c, buf_slice(&sql), out));
	if (out->rows > 0 && out->columns != K_COUNT)
		return err_set(cx->err, ERR_CORRUPT, "an index of table '%s.%s' has %zu columns",
		    def->database, def->name, out->columns);
	return 0;
}

/* flaw: of the unique key that was looked at last; NULL: there was none. */
static const char *
why_none(struct arena *a, struct slice name, const char *flaw)
{
	if (slice_eq_str(name, PRIMARY))
		return arena_printf(a, "has a primary key that %s", flaw);
	if (flaw == NULL)
		return "has no primary key, and no unique key that could stand in for it";
	return arena_printf(
	    a, "has no primary key, and its unique key '%.*s' %s", SLICE_ARG(name), flaw);
}

/* The optimizer can be told to go by it, and one row has one value of it. */
static bool
may_stand_in(const struct clause *c)
{
	static const char *const words[] = { " IGNORED", " INVISIBLE" };

	if (c->kind != CLAUSE_INDEX || !c->unique || c->hashed || c->overlaps)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (create_table_find(c->text, words[i]) < c->text.len)
			return false;
	}
	return true;
}

static bool
has_index(const struct mysql_rows *parts, struct slice name)
{
	for (size_t i = 0; i < parts->rows; i++) {
		if (slice_eq(parts->values[i * K_COUNT + K_INDEX], name))
			return true;
	}
	return false;
}

static bool
find_overlaps(const struct create_table *create, enum clause_kind kind)
{
	for (int i = 0; i < create->clauses_count; i++) {
		if (create->clauses[i].kind == kind && create->clauses[i].overlaps)
			return true;
	}
	return false;
}

int
key_read(struct ctx *cx, struct mysql_client *c, const struct create_table *create,
    struct table_def *def)
{
	struct slice primary = slice_str(PRIMARY), name = SLICE_NULL;
	struct mysql_rows parts;
	const char *flaw = NULL;

	def->key_name = def->key_flaw = "";
	def->key_binary = true;
	def->overlaps = find_overlaps(create, CLAUSE_PRIMARY) || find_overlaps(create, CLAUSE_INDEX);
	TRY(read_parts(cx, c, def, &parts));
	if (has_index(&parts, primary)) {
		name = primary;
		def->key_name = PRIMARY;
		/* The bare table has it, into which no REPLACE could load rows of several moments. */
		flaw = find_overlaps(create, CLAUSE_PRIMARY) ? "lets no periods overlap"
							     : use_index(cx, def, &parts, name);
		if (flaw == NULL)
			return 0;
	}
	for (int i = 0; i < create->clauses_count && !slice_eq(name, primary); i++) {
		if (!may_stand_in(&create->clauses[i]))
			continue;
		name = create->clauses[i].name;
		flaw = use_index(cx, def, &parts, name);
		if (flaw == NULL)
			return 0;
	}
	def->key_flaw = why_none(cx->arena, name, flaw);
	return 0;
}
