#include "sim/mini_sql.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sim/mini_table.h"

#include <stdio.h>
#include <stdlib.h>

/* A statement being read. */
struct reader {
	struct slice sql;
	struct arena *arena;
	struct mini_store *store;
	struct token *tokens;
	size_t at, count, cap;
};

_Noreturn void
mini_cannot(struct slice sql, const char *why)
{
	fprintf(stderr, "minidb cannot interpret (%s): %.*s\n", why,
	    SLICE_ARG(slice_cut(sql, 0, 2000)));
	check_failed(__FILE__, __LINE__, "a statement that the small server does not know");
}

static void
cut(struct reader *r)
{
	struct lexer l;
	struct token t;
	struct err err;

	lexer_init(&l, r->sql, 0);
	do {
		if (lexer_next(&l, &t, &err) != 0)
			mini_cannot(r->sql, err.text);
		r->tokens = mem_grow(r->tokens, &r->cap, r->count + 1, sizeof(r->tokens[0]));
		r->tokens[r->count++] = t;
	} while (t.kind != TOKEN_END);
}

static const struct token *
peek(const struct reader *r)
{
	return &r->tokens[r->at];
}

static struct slice
text(const struct reader *r)
{
	return slice_cut(r->sql, peek(r)->start, peek(r)->end);
}

static bool
is_word(const struct reader *r, const char *word)
{
	return peek(r)->kind == TOKEN_WORD && slice_eq_nocase(text(r), slice_str(word));
}

static bool
take_word(struct reader *r, const char *word)
{
	if (!is_word(r, word))
		return false;
	r->at++;
	return true;
}

static void
need_word(struct reader *r, const char *word)
{
	if (!take_word(r, word))
		mini_cannot(r->sql, word);
}

static bool
take_punct(struct reader *r, char c)
{
	if (peek(r)->kind != TOKEN_PUNCT || peek(r)->punct != (uint8_t)c)
		return false;
	r->at++;
	return true;
}

static void
need_punct(struct reader *r, char c)
{
	char what[2] = { c, '\0' };

	if (!take_punct(r, c))
		mini_cannot(r->sql, what);
}

/* `a`, or a bare word. Names of the worlds hold no quotes. */
static struct slice
name(struct reader *r)
{
	struct slice s = text(r);

	if (peek(r)->kind == TOKEN_QUOTED)
		s = slice_cut(s, 1, s.len - 1);
	else if (peek(r)->kind != TOKEN_WORD)
		mini_cannot(r->sql, "a name");
	r->at++;
	return s;
}

/* ---- Literals */

static struct slice
unescape(struct reader *r, struct slice s)
{
	static const char letters[256] = {
		['0'] = 1, ['n'] = '\n', ['r'] = '\r', ['t'] = '\t', ['Z'] = 0x1a
	};
	SCOPED(buf) struct buf out = BUF_INIT;

	for (size_t i = 1; i + 1 < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c == '\\') {
			c = s.ptr[++i];
			c = c == '0' ? 0 : letters[c] != 0 ? (uint8_t)letters[c] : c;
		} else if (c == '\'') {
			i++; /* two of them are one */
		}
		buf_add_char(&out, (char)c);
	}
	return arena_dup(r->arena, slice_of(out.data, out.len));
}

static struct slice
unhex(struct reader *r, struct slice s)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	for (size_t i = 2; i + 1 < s.len; i += 2) {
		char digits[3] = { (char)s.ptr[i], (char)s.ptr[i + 1], '\0' };

		buf_add_char(&out, (char)strtol(digits, NULL, 16));
	}
	return arena_dup(r->arena, slice_of(out.data, out.len));
}

static struct slice
literal(struct reader *r)
{
	bool minus = take_punct(r, '-');
	struct slice s;

	if (take_word(r, "NULL"))
		return SLICE_NULL;
	if (peek(r)->kind == TOKEN_WORD && text(r).ptr[0] == '_')
		r->at++; /* _utf8mb4 and its like */
	s = text(r);
	if (peek(r)->kind == TOKEN_STRING)
		s = unescape(r, s);
	else if (peek(r)->kind != TOKEN_NUMBER)
		mini_cannot(r->sql, "a literal");
	else if (slice_starts(s, "0x"))
		s = unhex(r, s);
	else
		s = slice_str(arena_printf(r->arena, "%s%.*s", minus ? "-" : "", SLICE_ARG(s)));
	r->at++;
	return s;
}

static size_t
count_of(struct reader *r)
{
	struct slice s = literal(r);
	struct err err;
	uint64_t n;

	if (slice_is_null(s) || parse_u64(s, &n, &err) != 0)
		mini_cannot(r->sql, "a number");
	return (size_t)n;
}

/* ---- Tables and columns */

/* false: there is none of that name. */
static bool
find_table(struct reader *r, struct mini_table **out, struct slice *database, struct slice *table)
{
	*database = name(r);
	need_punct(r, '.');
	*table = name(r);
	*out = store_find(r->store, *database, *table);
	return *out != NULL;
}

static int
table(struct reader *r, struct mini_stmt *s)
{
	struct slice database, name_of;

	return find_table(r, &s->table, &database, &name_of) ? 0 : ER_NO_SUCH_TABLE;
}

static int
column(struct reader *r, const struct mini_table *t)
{
	int i = table_column(t, name(r));

	if (i < 0)
		mini_cannot(r->sql, "a column of the table");
	return i;
}

/* ---- Conditions */

static struct mini_cond *condition(struct reader *r, const struct mini_table *t, int depth);

static enum mini_op
comparison(struct reader *r)
{
	if (take_punct(r, '='))
		return MINI_EQ;
	if (take_punct(r, '<'))
		return take_punct(r, '=') ? MINI_LE : MINI_LT;
	need_punct(r, '>');
	return take_punct(r, '=') ? MINI_GE : MINI_GT;
}

static struct mini_cond *
single(struct reader *r, const struct mini_table *t, int depth)
{
	struct mini_cond *c;
	SCOPED(buf) struct buf sort = BUF_INIT;

	check(depth < 10);
	if (take_punct(r, '(')) {
		c = condition(r, t, depth + 1);
		need_punct(r, ')');
		return c;
	}
	c = arena_new(r->arena, struct mini_cond);
	c->column = column(r, t);
	c->op = comparison(r);
	sort_bytes(&sort, &t->columns[c->column], literal(r));
	c->sort = arena_dup(r->arena, slice_of(sort.data, sort.len));
	return c;
}

static struct mini_cond *
chain(struct reader *r, const struct mini_table *t, enum mini_op op, int depth)
{
	struct mini_cond *all = arena_new(r->arena, struct mini_cond), **end = &all->first;

	all->op = op;
	do {
		*end = op == MINI_OR ? chain(r, t, MINI_AND, depth) : single(r, t, depth);
		end = &(*end)->next;
	} while (take_word(r, op == MINI_OR ? "OR" : "AND"));
	return all;
}

static struct mini_cond *
condition(struct reader *r, const struct mini_table *t, int depth)
{
	return chain(r, t, MINI_OR, depth);
}

static void
where(struct reader *r, struct mini_stmt *s)
{
	if (take_word(r, "WHERE"))
		s->where = condition(r, s->table, 0);
}

/* ---- SELECT */

static void
select_list(struct reader *r, size_t from, struct mini_stmt *s)
{
	size_t behind = r->at;

	r->at = from;
	do {
		int *c = &s->columns[s->columns_count++];

		check(s->columns_count <= MINI_COLUMNS_MAX);
		if (peek(r)->kind == TOKEN_NUMBER && slice_eq_str(text(r), "1")) {
			*c = MINI_ONE;
			r->at++;
		} else if (is_word(r, "MIN") || is_word(r, "MAX")) {
			*c = is_word(r, "MIN") ? MINI_MIN : MINI_MAX;
			r->at++;
			need_punct(r, '(');
			if (column(r, s->table) != s->table->key[0])
				mini_cannot(r->sql, "MIN and MAX of the key's first column");
			need_punct(r, ')');
		} else {
			*c = column(r, s->table);
		}
	} while (take_punct(r, ','));
	need_word(r, "FROM");
	r->at = behind;
}

/* Rows come in the order of the primary key, which is the one that is asked for. */
static void
order_by(struct reader *r, const struct mini_table *t)
{
	need_word(r, "BY");
	for (int i = 0, end = 0; !end; i++) {
		int c = column(r, t);

		/* The columns before it may be fixed by the condition. */
		if (c != t->key[i] && c != t->key[t->key_count - 1])
			mini_cannot(r->sql, "the order of the primary key");
		end = !take_punct(r, ',');
	}
}

static int
read_select(struct reader *r, struct mini_stmt *s)
{
	size_t list = r->at;

	s->kind = MINI_SELECT;
	while (peek(r)->kind != TOKEN_END && !is_word(r, "FROM"))
		r->at++;
	need_word(r, "FROM");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	select_list(r, list, s);
	if (take_word(r, "FORCE")) {
		need_word(r, "INDEX");
		need_punct(r, '(');
		if (!slice_eq_str(name(r), "PRIMARY"))
			mini_cannot(r->sql, "an index");
		need_punct(r, ')');
	}
	where(r, s);
	if (take_word(r, "ORDER"))
		order_by(r, s->table);
	s->limit = take_word(r, "LIMIT") ? count_of(r) : SIZE_MAX;
	if (take_word(r, "FOR")) {
		need_word(r, "UPDATE");
		s->for_update = true;
	}
	return 0;
}

/* ---- INSERT, REPLACE, UPDATE, DELETE, LOAD DATA */

static void
column_list(struct reader *r, struct mini_stmt *s)
{
	need_punct(r, '(');
	do {
		check(s->columns_count < MINI_COLUMNS_MAX);
		s->columns[s->columns_count++] = column(r, s->table);
	} while (take_punct(r, ','));
	need_punct(r, ')');
}

static struct slice *
new_row(struct reader *r, struct mini_stmt *s)
{
	s->rows = mem_grow(s->rows, &s->rows_cap, s->rows_count + 1, sizeof(s->rows[0]));
	return s->rows[s->rows_count++] =
		   arena_array(r->arena, struct slice, s->table->columns_count);
}

static void
values_lists(struct reader *r, struct mini_stmt *s)
{
	do {
		struct slice *row = new_row(r, s);

		need_punct(r, '(');
		for (int i = 0; i < s->columns_count; i++) {
			if (i > 0)
				need_punct(r, ',');
			row[s->columns[i]] = literal(r);
		}
		need_punct(r, ')');
	} while (take_punct(r, ','));
}

static void
proposed(struct reader *r, const struct mini_table *t, struct mini_assign *a)
{
	need_word(r, "VALUES");
	need_punct(r, '(');
	a->from = column(r, t);
	need_punct(r, ')');
}

/* IF(`d`.`t`.`c`=VALUES(`c`),VALUES(`c`),NULL) */
static void
guarded(struct reader *r, struct mini_stmt *s, struct mini_assign *a)
{
	a->source = MINI_SAME;
	check(take_punct(r, '(') && table(r, s) == 0 && take_punct(r, '.'));
	(void)column(r, s->table);
	need_punct(r, '=');
	proposed(r, s->table, a);
	need_punct(r, ',');
	proposed(r, s->table, a);
	check(take_punct(r, ',') && take_word(r, "NULL") && take_punct(r, ')'));
}

static void
assignments(struct reader *r, struct mini_stmt *s)
{
	do {
		struct mini_assign *a = &s->assigns[s->assigns_count++];

		check(s->assigns_count <= MINI_COLUMNS_MAX);
		a->column = column(r, s->table);
		need_punct(r, '=');
		if (is_word(r, "VALUES")) {
			a->source = MINI_VALUES;
			proposed(r, s->table, a);
		} else if (take_word(r, "IF")) {
			guarded(r, s, a);
		} else if (peek(r)->kind == TOKEN_QUOTED ||
		    (peek(r)->kind == TOKEN_WORD && table_column(s->table, text(r)) >= 0)) {
			a->source = MINI_PLUS;
			a->from = column(r, s->table);
			need_punct(r, '+');
			a->value = literal(r);
		} else {
			a->value = literal(r);
		}
	} while (take_punct(r, ','));
}

/* INSERT ... SET a=1,b=2 */
static void
set_row(struct reader *r, struct mini_stmt *s)
{
	struct slice *row = new_row(r, s);

	do {
		int c = column(r, s->table);

		need_punct(r, '=');
		row[c] = literal(r);
	} while (take_punct(r, ','));
}

static int
read_put(struct reader *r, struct mini_stmt *s, bool replace)
{
	s->kind = MINI_PUT;
	s->replace = replace;
	need_word(r, "INTO");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	if (take_word(r, "SET")) {
		set_row(r, s);
	} else {
		column_list(r, s);
		need_word(r, "VALUES");
		values_lists(r, s);
	}
	if (take_word(r, "ON")) {
		need_word(r, "DUPLICATE");
		need_word(r, "KEY");
		need_word(r, "UPDATE");
		assignments(r, s);
	}
	return 0;
}

static int
read_change(struct reader *r, struct mini_stmt *s)
{
	s->kind = MINI_CHANGE;
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	need_word(r, "SET");
	assignments(r, s);
	where(r, s);
	return 0;
}

static int
read_remove(struct reader *r, struct mini_stmt *s)
{
	s->kind = MINI_REMOVE;
	need_word(r, "FROM");
	int rc = table(r, s);
	if (rc == 0)
		where(r, s);
	return rc;
}

/* The format of the rows is the one that load.h names. */
static int
read_load(struct reader *r, struct mini_stmt *s)
{
	static const char format[] =
	    " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\'"
	    " LINES TERMINATED BY '\\n' (";
	size_t start;

	s->kind = MINI_LOAD;
	s->replace = true;
	while (peek(r)->kind != TOKEN_END && !is_word(r, "TABLE"))
		r->at++;
	need_word(r, "TABLE");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	start = r->tokens[r->at - 1].end;
	if (!slice_starts(slice_cut(r->sql, start, r->sql.len), format))
		mini_cannot(r->sql, "the format of a load");
	while (peek(r)->start < start + sizeof(format) - 2)
		r->at++;
	column_list(r, s);
	return 0;
}

/* ---- All */

static int
read_table_statement(struct reader *r, struct mini_stmt *s)
{
	struct slice database, table_name;
	struct mini_table *there;

	if (take_word(r, "CREATE")) {
		s->kind = MINI_CREATE;
		need_word(r, "TABLE");
		bool may_exist = take_word(r, "IF") && take_word(r, "NOT") && take_word(r, "EXISTS");
		bool exists = find_table(r, &there, &database, &table_name);
		size_t body = r->tokens[r->at - 1].end;

		r->at = r->count - 1;
		if (exists)
			return may_exist ? 0 : ER_TABLE_EXISTS;
		s->table = mini_table_read(
		    r->store, database, table_name, slice_cut(r->sql, body, r->sql.len));
		return 0;
	}
	s->kind = take_word(r, "DROP") ? MINI_DROP : MINI_ALTER;
	if (s->kind == MINI_ALTER)
		need_word(r, "ALTER");
	need_word(r, "TABLE");
	int rc = table(r, s);
	if (rc == 0 && s->kind == MINI_ALTER) {
		s->alter = arena_slice_str(
		    r->arena, slice_trim(slice_cut(r->sql, r->tokens[r->at - 1].end, r->sql.len)));
		r->at = r->count - 1;
	}
	return rc;
}

static int
read_any(struct reader *r, struct mini_stmt *s)
{
	if (take_word(r, "SELECT"))
		return read_select(r, s);
	if (take_word(r, "INSERT"))
		return read_put(r, s, false);
	if (take_word(r, "REPLACE"))
		return read_put(r, s, true);
	if (take_word(r, "UPDATE"))
		return read_change(r, s);
	if (take_word(r, "DELETE"))
		return read_remove(r, s);
	if (take_word(r, "LOAD"))
		return read_load(r, s);
	if (is_word(r, "CREATE") || is_word(r, "DROP") || is_word(r, "ALTER"))
		return read_table_statement(r, s);
	mini_cannot(r->sql, "its first word");
}

int
stmt_read(struct arena *a, struct mini_store *store, struct slice sql, struct mini_stmt *out)
{
	struct reader r = { .sql = sql, .arena = a, .store = store };
	int rc;

	*out = (struct mini_stmt){ .limit = SIZE_MAX };
	cut(&r);
	rc = read_any(&r, out);
	if (rc == 0 && peek(&r)->kind != TOKEN_END)
		mini_cannot(sql, arena_printf(a, "what begins at byte %zu", peek(&r)->start));
	free(r.tokens);
	return rc;
}

void
stmt_done(struct mini_stmt *s)
{
	free(s->rows);
	s->rows = NULL;
}
