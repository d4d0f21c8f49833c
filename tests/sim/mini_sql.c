#include "sim/mini_sql.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sim/mini_words.h"
#include "sim/mini_table.h"

#include <stdlib.h>

/* ---- Tables and columns */

/* false: there is none of that name. */
static bool
find_table(
    struct mini_words *r, struct mini_table **out, struct slice *database, struct slice *table)
{
	*database = mini_name(r);
	mini_need_punct(r, '.');
	*table = mini_name(r);
	*out = store_find(r->store, *database, *table);
	return *out != NULL;
}

static int
table(struct mini_words *r, struct mini_stmt *s)
{
	struct slice database, name_of;

	return find_table(r, &s->table, &database, &name_of) ? 0 : ER_NO_SUCH_TABLE;
}

static int
column(struct mini_words *r, const struct mini_table *t)
{
	int i = table_column(t, mini_name(r));

	if (i < 0)
		mini_cannot(r->sql, "a column of the table");
	return i;
}

/* ---- Conditions */

static struct mini_cond *condition(struct mini_words *r, const struct mini_table *t, int depth);

static enum mini_op
comparison(struct mini_words *r)
{
	if (mini_take_punct(r, '='))
		return MINI_EQ;
	if (mini_take_punct(r, '<')) {
		if (!mini_take_punct(r, '='))
			return MINI_LT;
		return mini_take_punct(r, '>') ? MINI_SAME_OR_NULL : MINI_LE;
	}
	mini_need_punct(r, '>');
	return mini_take_punct(r, '=') ? MINI_GE : MINI_GT;
}

static void
same_bytes(struct mini_words *r, const struct mini_table *t, struct mini_cond *c)
{
	mini_need_punct(r, '(');
	c->column = column(r, t);
	mini_need(r, "AS");
	mini_need(r, "BINARY");
	mini_need_punct(r, ')');
	if (comparison(r) != MINI_SAME_OR_NULL)
		mini_cannot(r->sql, "<=>");
	c->op = MINI_SAME_BYTES;
	c->sort = mini_literal(r);
}

static struct mini_cond *
single(struct mini_words *r, const struct mini_table *t, int depth)
{
	struct mini_cond *c;
	SCOPED(buf) struct buf sort = BUF_INIT;

	check(depth < 10);
	if (mini_take_punct(r, '(')) {
		c = condition(r, t, depth + 1);
		mini_need_punct(r, ')');
		return c;
	}
	c = arena_new(r->arena, struct mini_cond);
	if (mini_take(r, "CAST")) {
		same_bytes(r, t, c);
		return c;
	}
	c->column = column(r, t);
	if (mini_take(r, "IS")) {
		mini_need(r, "NULL");
		c->op = MINI_IS_NULL;
		return c;
	}
	c->op = comparison(r);
	struct slice value = mini_literal(r);

	sort_bytes(&sort, &t->columns[c->column], value);
	c->sort =
	    slice_is_null(value) ? SLICE_NULL : arena_dup(r->arena, slice_of(sort.data, sort.len));
	return c;
}

static struct mini_cond *
chain(struct mini_words *r, const struct mini_table *t, enum mini_op op, int depth)
{
	struct mini_cond *all = arena_new(r->arena, struct mini_cond), **end = &all->first;

	all->op = op;
	do {
		*end = op == MINI_OR ? chain(r, t, MINI_AND, depth) : single(r, t, depth);
		end = &(*end)->next;
	} while (mini_take(r, op == MINI_OR ? "OR" : "AND"));
	return all;
}

static struct mini_cond *
condition(struct mini_words *r, const struct mini_table *t, int depth)
{
	return chain(r, t, MINI_OR, depth);
}

static void
where(struct mini_words *r, struct mini_stmt *s)
{
	if (mini_take(r, "WHERE"))
		s->where = condition(r, s->table, 0);
}

static void
limit(struct mini_words *r, struct mini_stmt *s)
{
	s->limit = mini_take(r, "LIMIT") ? mini_count(r) : SIZE_MAX;
}

/* ---- SELECT */

static void
select_list(struct mini_words *r, size_t from, struct mini_stmt *s)
{
	size_t behind = r->at;

	r->at = from;
	do {
		int *c = &s->columns[s->columns_count++];

		check(s->columns_count <= MINI_COLUMNS_MAX);
		if (mini_peek(r)->kind == TOKEN_NUMBER && slice_eq_str(mini_text(r), "1")) {
			*c = MINI_ONE;
			r->at++;
		} else if (mini_is(r, "MIN") || mini_is(r, "MAX")) {
			*c = mini_is(r, "MIN") ? MINI_MIN : MINI_MAX;
			r->at++;
			mini_need_punct(r, '(');
			if (column(r, s->table) != s->table->key.columns[0])
				mini_cannot(r->sql, "MIN and MAX of the key's first column");
			mini_need_punct(r, ')');
		} else {
			*c = column(r, s->table);
		}
	} while (mini_take_punct(r, ','));
	mini_need(r, "FROM");
	r->at = behind;
}

/* Rows come in the order of the primary key, which is the one that is asked for. */
static void
order_by(struct mini_words *r, const struct mini_table *t)
{
	mini_need(r, "BY");
	for (int i = 0, end = 0; !end; i++) {
		int c = column(r, t);

		/* The columns before it may be fixed by the condition. */
		if (c != t->key.columns[i] && c != t->key.columns[t->key.count - 1])
			mini_cannot(r->sql, "the order of the primary key");
		end = !mini_take_punct(r, ',');
	}
}

static int
read_select(struct mini_words *r, struct mini_stmt *s)
{
	size_t list = r->at;

	s->kind = MINI_SELECT;
	while (mini_peek(r)->kind != TOKEN_END && !mini_is(r, "FROM"))
		r->at++;
	mini_need(r, "FROM");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	select_list(r, list, s);
	if (mini_take(r, "FORCE")) {
		mini_need(r, "INDEX");
		mini_need_punct(r, '(');
		if (!slice_eq_str(mini_name(r), s->table->key.name))
			mini_cannot(r->sql, "an index");
		mini_need_punct(r, ')');
	}
	where(r, s);
	if (mini_take(r, "ORDER"))
		order_by(r, s->table);
	limit(r, s);
	if (mini_take(r, "FOR")) {
		mini_need(r, "UPDATE");
		s->for_update = true;
	}
	return 0;
}

/* ---- INSERT, REPLACE, UPDATE, DELETE, LOAD DATA */

static void
column_list(struct mini_words *r, struct mini_stmt *s)
{
	mini_need_punct(r, '(');
	do {
		check(s->columns_count < MINI_COLUMNS_MAX);
		s->columns[s->columns_count++] = column(r, s->table);
	} while (mini_take_punct(r, ','));
	mini_need_punct(r, ')');
}

static struct slice *
new_row(struct mini_words *r, struct mini_stmt *s)
{
	s->rows = mem_grow(s->rows, &s->rows_cap, s->rows_count + 1, sizeof(s->rows[0]));
	return s->rows[s->rows_count++] =
		   arena_array(r->arena, struct slice, s->table->columns_count);
}

static void
values_lists(struct mini_words *r, struct mini_stmt *s)
{
	do {
		struct slice *row = new_row(r, s);

		mini_need_punct(r, '(');
		for (int i = 0; i < s->columns_count; i++) {
			if (i > 0)
				mini_need_punct(r, ',');
			row[s->columns[i]] = mini_literal(r);
		}
		mini_need_punct(r, ')');
	} while (mini_take_punct(r, ','));
}

static void
proposed(struct mini_words *r, const struct mini_table *t, struct mini_assign *a)
{
	mini_need(r, "VALUES");
	mini_need_punct(r, '(');
	a->from = column(r, t);
	mini_need_punct(r, ')');
}

/* IF(`d`.`t`.`c`=VALUES(`c`),VALUES(`c`),NULL) */
static void
guarded(struct mini_words *r, struct mini_stmt *s, struct mini_assign *a)
{
	a->source = MINI_SAME;
	check(mini_take_punct(r, '(') && table(r, s) == 0 && mini_take_punct(r, '.'));
	(void)column(r, s->table);
	mini_need_punct(r, '=');
	proposed(r, s->table, a);
	mini_need_punct(r, ',');
	proposed(r, s->table, a);
	check(mini_take_punct(r, ',') && mini_take(r, "NULL") && mini_take_punct(r, ')'));
}

static void
assignments(struct mini_words *r, struct mini_stmt *s)
{
	do {
		struct mini_assign *a = &s->assigns[s->assigns_count++];

		check(s->assigns_count <= MINI_COLUMNS_MAX);
		a->column = column(r, s->table);
		mini_need_punct(r, '=');
		if (mini_is(r, "VALUES")) {
			a->source = MINI_VALUES;
			proposed(r, s->table, a);
		} else if (mini_take(r, "IF")) {
			guarded(r, s, a);
		} else if (mini_peek(r)->kind == TOKEN_QUOTED ||
		    (mini_peek(r)->kind == TOKEN_WORD && table_column(s->table, mini_text(r)) >= 0)) {
			a->source = MINI_PLUS;
			a->from = column(r, s->table);
			mini_need_punct(r, '+');
			a->value = mini_literal(r);
		} else {
			a->value = mini_literal(r);
		}
	} while (mini_take_punct(r, ','));
}

/* INSERT ... SET a=1,b=2 */
static void
set_row(struct mini_words *r, struct mini_stmt *s)
{
	struct slice *row = new_row(r, s);

	do {
		int c = column(r, s->table);

		mini_need_punct(r, '=');
		row[c] = mini_literal(r);
	} while (mini_take_punct(r, ','));
}

static int
read_put(struct mini_words *r, struct mini_stmt *s, bool replace)
{
	s->kind = MINI_PUT;
	s->replace = replace;
	mini_need(r, "INTO");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	if (mini_take(r, "SET")) {
		set_row(r, s);
	} else {
		column_list(r, s);
		mini_need(r, "VALUES");
		values_lists(r, s);
	}
	if (mini_take(r, "ON")) {
		mini_need(r, "DUPLICATE");
		mini_need(r, "KEY");
		mini_need(r, "UPDATE");
		assignments(r, s);
	}
	return 0;
}

static int
read_change(struct mini_words *r, struct mini_stmt *s)
{
	s->kind = MINI_CHANGE;
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	mini_need(r, "SET");
	assignments(r, s);
	where(r, s);
	limit(r, s);
	return 0;
}

static int
read_remove(struct mini_words *r, struct mini_stmt *s)
{
	s->kind = MINI_REMOVE;
	mini_need(r, "FROM");
	int rc = table(r, s);
	if (rc == 0) {
		where(r, s);
		limit(r, s);
	}
	return rc;
}

/* The format of the rows is the one that load.h names. */
static int
read_load(struct mini_words *r, struct mini_stmt *s)
{
	static const char format[] =
	    " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\'"
	    " LINES TERMINATED BY '\\n' (";
	size_t start;

	s->kind = MINI_LOAD;
	s->replace = true;
	while (mini_peek(r)->kind != TOKEN_END && !mini_is(r, "TABLE"))
		r->at++;
	mini_need(r, "TABLE");
	int rc = table(r, s);
	if (rc != 0)
		return rc;
	start = r->tokens[r->at - 1].end;
	if (!slice_starts(slice_cut(r->sql, start, r->sql.len), format))
		mini_cannot(r->sql, "the format of a load");
	while (mini_peek(r)->start < start + sizeof(format) - 2)
		r->at++;
	column_list(r, s);
	return 0;
}

/* ---- All */

static int
read_table_statement(struct mini_words *r, struct mini_stmt *s)
{
	struct slice database, table_name;
	struct mini_table *there;

	if (mini_take(r, "CREATE")) {
		s->kind = MINI_CREATE;
		mini_need(r, "TABLE");
		bool may_exist = mini_take(r, "IF") && mini_take(r, "NOT") && mini_take(r, "EXISTS");
		bool exists = find_table(r, &there, &database, &table_name);
		size_t body = r->tokens[r->at - 1].end;

		r->at = r->count - 1;
		if (exists)
			return may_exist ? 0 : ER_TABLE_EXISTS;
		s->table = mini_table_read(
		    r->store, database, table_name, slice_cut(r->sql, body, r->sql.len));
		return 0;
	}
	s->kind = mini_take(r, "DROP") ? MINI_DROP
	    : mini_take(r, "TRUNCATE") ? MINI_EMPTY
				       : MINI_ALTER;
	if (s->kind == MINI_ALTER)
		mini_need(r, "ALTER");
	mini_need(r, "TABLE");
	bool if_there = s->kind == MINI_DROP && mini_take(r, "IF");
	if (if_there)
		mini_need(r, "EXISTS");
	int rc = table(r, s);
	if (rc == ER_NO_SUCH_TABLE && if_there)
		return 0; /* s->table is NULL */
	if (rc == 0 && s->kind == MINI_ALTER) {
		s->alter = arena_slice_str(
		    r->arena, slice_trim(slice_cut(r->sql, r->tokens[r->at - 1].end, r->sql.len)));
		r->at = r->count - 1;
	}
	return rc;
}

static int
read_any(struct mini_words *r, struct mini_stmt *s)
{
	if (mini_take(r, "SELECT"))
		return read_select(r, s);
	if (mini_take(r, "INSERT"))
		return read_put(r, s, false);
	if (mini_take(r, "REPLACE"))
		return read_put(r, s, true);
	if (mini_take(r, "UPDATE"))
		return read_change(r, s);
	if (mini_take(r, "DELETE"))
		return read_remove(r, s);
	if (mini_take(r, "LOAD"))
		return read_load(r, s);
	if (mini_is(r, "CREATE") || mini_is(r, "DROP") || mini_is(r, "ALTER") ||
	    mini_is(r, "TRUNCATE"))
		return read_table_statement(r, s);
	mini_cannot(r->sql, "its first word");
}

int
stmt_read(struct arena *a, struct mini_store *store, struct slice sql, struct mini_stmt *out)
{
	struct mini_words r = { .sql = sql, .arena = a, .store = store };
	int rc;

	*out = (struct mini_stmt){ .limit = SIZE_MAX };
	mini_cut(&r);
	rc = read_any(&r, out);
	if (rc == 0 && mini_peek(&r)->kind != TOKEN_END)
		mini_cannot(sql, arena_printf(a, "what begins at byte %zu", mini_peek(&r)->start));
	mini_done(&r);
	return rc;
}

void
stmt_done(struct mini_stmt *s)
{
	free(s->rows);
	s->rows = NULL;
}
