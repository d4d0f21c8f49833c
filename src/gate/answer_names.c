#include "gate/answer_names.h"

#include "base/mutant.h"
#include "gate/pool.h"
#include "gate/session.h"
#include "mysql/result.h"
#include "sql/lexer.h"
#include "sql/quote.h"

bool
answer_names_extends(const struct session *s, const struct backend *b)
{
	return (s->caps & ~mysql_caps(b->client) & CAP_MARIADB_EXTENDED_METADATA) != 0 &&
	    !mutant("gate_not_extended");
}

void
answer_names_none(struct answer_names *a, const struct session *s, const struct backend *b)
{
	*a = (struct answer_names){ .caps = mysql_caps(b->client),
		.extends = answer_names_extends(s, b) };
}

void
answer_names_init(struct answer_names *a, const struct session *s, const struct plan *plan,
    const struct backend *b, struct slice keyspace)
{
	answer_names_none(a, s, b);
	a->names = plan->names;
	a->count = plan->names_count;
	a->database = b->database == NULL ? SLICE_NULL : slice_str(b->database);
	a->as_database = keyspace;
}

bool
answer_names_needed(const struct answer_names *a)
{
	return a->count > 0 || a->extends;
}

/* ---- definitions ---- */

/* Of several names for one table the one that the column says it was called by. */
static const struct plan_name *
find_name(const struct answer_names *a, const struct column_def *def)
{
	const struct plan_name *found = NULL;

	for (size_t i = 0; i < a->count; i++) {
		const struct plan_name *n = &a->names[i];

		if (!slice_eq(n->database, def->schema) || !slice_eq(n->table, def->org_table))
			continue;
		if (slice_eq(n->as_table, def->table))
			return n;
		found = found != NULL ? found : n;
	}
	return found;
}

/* A derived table's: its database is the default one, and its name its alias. */
static struct plan_name
derived(const struct answer_names *a, const struct column_def *def)
{
	bool of_default = !slice_is_null(a->as_database) && !slice_is_null(a->database) &&
	    slice_eq(def->schema, a->database);

	return (struct plan_name){ .database = def->schema,
		.table = def->org_table,
		.as_database = of_default ? a->as_database : def->schema,
		.as_table = def->org_table };
}

/* Database, table as it was called, and table. */
static void
put_table(const struct answer_names *a, const struct column_def *def, struct buf *out)
{
	const struct plan_name *n = find_name(a, def);
	struct plan_name own = a->count > 0
	    ? derived(a, def)
	    : (struct plan_name){ def->schema, def->org_table, def->schema, def->org_table };

	if (n == NULL)
		n = &own;
	wire_put_lenenc_str(out, n->as_database);
	wire_put_lenenc_str(out, slice_eq(def->table, n->table) ? n->as_table : def->table);
	wire_put_lenenc_str(out, n->as_table);
}

/* Between the names and the end there is what no name concerns, and at COM_FIELD_LIST a default value. */
int
answer_names_definition(void *names, struct slice told, struct buf *out, struct err *err)
{
	struct answer_names *a = names;
	struct column_def def;
	struct wire_reader r = wire_reader(told);

	a->columns++;
	TRY(column_def_read(told, a->caps, &def, err));
	wire_put_lenenc_str(out, wire_lenenc_str(&r)); /* the catalog */
	for (int i = 0; i < 3; i++)
		(void)wire_lenenc_str(&r);
	put_table(a, &def, out);
	if (a->extends) {
		wire_put_lenenc_str(out, wire_lenenc_str(&r));
		wire_put_lenenc_str(out, wire_lenenc_str(&r));
		wire_put_lenenc_str(out, slice_str(""));
	}
	buf_add_slice(out, wire_rest(&r));
	return 0;
}

/* ---- rows ---- */

/* "table" or "database.table" */
static void
put_name(const struct answer_names *a, struct slice value, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct plan_name *n = &a->names[i];
		SCOPED(buf)
		struct buf whole = BUF_INIT;

		if (slice_eq(value, n->table)) {
			wire_put_lenenc_str(out, n->as_table);
			return;
		}
		buf_addf(&whole, "%.*s.%.*s", SLICE_ARG(n->database), SLICE_ARG(n->table));
		if (!slice_eq(value, buf_slice(&whole)))
			continue;
		buf_reset(&whole);
		buf_addf(&whole, "%.*s.%.*s", SLICE_ARG(n->as_database), SLICE_ARG(n->as_table));
		wire_put_lenenc_str(out, buf_slice(&whole));
		return;
	}
	wire_put_lenenc_str(out, value);
}

/* Where the name is that a definition gives to its table: CREATE TABLE `t` (. */
static bool
find_defined(struct slice text, unsigned modes, struct token *out)
{
	struct lexer lexer;
	struct token t = { .kind = TOKEN_END };
	struct err err;
	bool begun = false, last = false;

	lexer_init(&lexer, text, modes);
	while (lexer_next(&lexer, &t, &err) == 0 && t.kind != TOKEN_END) {
		struct slice word = slice_cut(text, t.start, t.end);

		if (!begun && t.keyword != KW_CREATE)
			return false;
		begun = true;
		*out = t;
		if (last)
			return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
		last = t.keyword == KW_TABLE || slice_eq_nocase(word, slice_str("view")) ||
		    slice_eq_nocase(word, slice_str("sequence"));
	}
	return false;
}

static void
put_definition(const struct answer_names *a, struct slice text, struct buf *out)
{
	const struct plan_name *n = &a->names[0];
	struct token t;
	SCOPED(buf)
	struct buf mended = BUF_INIT;

	if (a->count != 1 || slice_eq(n->table, n->as_table) || !find_defined(text, a->modes, &t)) {
		wire_put_lenenc_str(out, text);
		return;
	}
	buf_add_slice(&mended, slice_cut(text, 0, t.start));
	quote_ident(&mended, n->as_table);
	buf_add_slice(&mended, slice_cut(text, t.end, text.len));
	wire_put_lenenc_str(out, buf_slice(&mended));
}

/* The first values of a row are texts in both protocols; the binary one has 0x00 and the NULL bits ahead of
 * them, of which the first two are not used. */
int
answer_names_row(void *names, struct slice told, struct buf *out, struct err *err)
{
	const struct answer_names *a = names;
	struct wire_reader r = wire_reader(told);
	size_t head = a->binary ? 1 + (a->columns + 7 + 2) / 8 : 0;
	bool nulls = a->binary && told.len > 1 && (told.ptr[1] & 0x0c) != 0;

	if (told.len <= head || nulls || (!a->binary && told.ptr[0] == 0xfb)) {
		buf_add_slice(out, told);
		return 0;
	}
	buf_add_slice(out, wire_bytes(&r, head));
	put_name(a, wire_lenenc_str(&r), out);
	if (a->defined)
		put_definition(a, wire_lenenc_str(&r), out);
	TRY(wire_done(&r, "row", err));
	buf_add_slice(out, wire_rest(&r));
	return 0;
}

/* ---- errors ---- */

/* The two ways in which servers write the name of a table. */
static void
put_spelling(struct buf *out, bool quoted, struct slice database, struct slice table)
{
	buf_reset(out);
	if (quoted)
		quote_table(out, database, table);
	else
		buf_addf(out, "'%.*s.%.*s'", SLICE_ARG(database), SLICE_ARG(table));
}

/* Does a name begin here? Then the client's is written; the length of the server's. */
static size_t
put_if_named(const struct plan *plan, struct slice rest, struct buf *out)
{
	SCOPED(buf)
	struct buf spelling = BUF_INIT;

	for (size_t i = 0; i < 2 * plan->names_count; i++) {
		const struct plan_name *n = &plan->names[i / 2];
		size_t len;

		put_spelling(&spelling, i % 2 == 0, n->database, n->table);
		if (spelling.len > rest.len || memcmp(rest.ptr, spelling.data, spelling.len) != 0)
			continue;
		len = spelling.len;
		put_spelling(&spelling, i % 2 == 0, n->as_database, n->as_table);
		buf_add_slice(out, buf_slice(&spelling));
		return len;
	}
	return 0;
}

void
answer_names_text(const struct plan *plan, struct slice told, struct buf *out)
{
	for (size_t at = 0; at < told.len;) {
		bool quote = told.ptr[at] == '`' || told.ptr[at] == '\'';
		size_t len = quote ? put_if_named(plan, slice_cut(told, at, told.len), out) : 0;

		if (len == 0)
			buf_add_char(out, (char)told.ptr[at]);
		at += len == 0 ? 1 : len;
	}
}

/* ---- replies ---- */

static uint16_t
as_told(const void *arg, uint16_t told)
{
	(void)arg;
	return told;
}

int
answer_names_relay(struct ctx *cx, struct answer_names *a, struct packets *from, struct packets *to,
    struct reply_scan *scan)
{
	const struct reply_mend mend = {
		.status = as_told, .definition = answer_names_definition, .names = a
	};

	return packets_relay_mended(cx, from, to, scan, &mend);
}
