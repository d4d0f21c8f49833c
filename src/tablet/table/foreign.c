#include "tablet/table/foreign.h"

#include "sql/quote.h"
#include "tablet/table/create_table.h"

enum { COLUMNS_MAX = 64 }; /* a key has 32 at most */

/* ---- Reading */

/* "(`a`, `b`)". *rest is what follows. -1: it does not look so. */
static int
read_columns(struct arena *a, struct slice s, const char ***out, struct slice *rest)
{
	int count = 0;

	*out = arena_array(a, const char *, COLUMNS_MAX);
	if (!slice_starts(s, "("))
		return -1;
	s = slice_cut(s, 1, s.len);
	while (count < COLUMNS_MAX) {
		struct slice name = create_table_name(a, s, &s);

		if (slice_is_null(name))
			return -1;
		(*out)[count++] = arena_slice_str(a, name);
		if (slice_starts(s, ")")) {
			*rest = slice_cut(s, 1, s.len);
			return count;
		}
		if (!slice_starts(s, ", "))
			return -1;
		s = slice_cut(s, 2, s.len);
	}
	return -1;
}

/* "`table`", or "`database`.`table`" of another one. */
static int
read_parent(struct arena *a, const char *database, struct slice *s, struct foreign_key *out)
{
	struct slice name = create_table_name(a, *s, s);

	if (slice_is_null(name))
		return -1;
	out->database = database;
	out->table = arena_slice_str(a, name);
	if (!slice_starts(*s, "."))
		return 0;
	name = create_table_name(a, slice_cut(*s, 1, s->len), s);
	out->database = out->table;
	out->table = arena_slice_str(a, name);
	return slice_is_null(name) ? -1 : 0;
}

/* Behind the word that s begins with. */
static bool
take(struct slice *s, const char *word)
{
	if (!slice_starts(*s, word))
		return false;
	*s = slice_cut(*s, strlen(word), s->len);
	return true;
}

static int
read_clause(struct arena *a, const char *database, struct slice s, struct foreign_key *out)
{
	struct slice name;

	if (!take(&s, "CONSTRAINT "))
		return -1;
	name = create_table_name(a, s, &s);
	if (slice_is_null(name) || !take(&s, " FOREIGN KEY "))
		return -1;
	out->name = arena_slice_str(a, name);
	out->count = read_columns(a, s, &out->columns, &s);
	if (out->count < 0 || !take(&s, " REFERENCES ") || read_parent(a, database, &s, out) != 0 ||
	    !take(&s, " ") || read_columns(a, s, &out->refers, &s) != out->count)
		return -1;
	out->actions = arena_slice_str(a, s);
	out->cascades = strstr(out->actions, " CASCADE") != NULL ||
	    strstr(out->actions, " SET NULL") != NULL ||
	    strstr(out->actions, " SET DEFAULT") != NULL;
	return s.len == 0 || slice_starts(s, " ON ") ? 0 : -1;
}

int
foreign_read(struct arena *a, const char *database, struct slice clause, struct foreign_key *out,
    struct err *err)
{
	*out = (struct foreign_key){ 0 };
	if (read_clause(a, arena_strdup(a, database), clause, out) == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, "a foreign key is not understood: %.*s",
	    SLICE_ARG(slice_cut(clause, 0, 200)));
}

/* ---- Texts */

static void
add_columns(struct buf *out, const char *const *columns, int count)
{
	for (int i = 0; i < count; i++) {
		buf_add_str(out, i == 0 ? "(" : ", ");
		quote_ident(out, slice_str(columns[i]));
	}
	buf_add_char(out, ')');
}

void
foreign_add_clause(struct buf *out, const struct foreign_key *k, const char *parent)
{
	buf_add_str(out, "CONSTRAINT ");
	quote_ident(out, slice_str(k->name));
	buf_add_str(out, " FOREIGN KEY ");
	add_columns(out, k->columns, k->count);
	buf_addf(out, " REFERENCES %s ", parent);
	add_columns(out, k->refers, k->count);
	buf_add_str(out, k->actions);
}

void
foreign_sql_add(struct buf *out, const struct foreign_key *k, const struct foreign_place *p)
{
	SCOPED(buf) struct buf parent = BUF_INIT;

	quote_table(&parent, slice_str(p->database), slice_str(p->parent));
	buf_add_str(out, "ALTER TABLE ");
	quote_table(out, slice_str(p->database), slice_str(p->table));
	buf_add_str(out, " ADD ");
	foreign_add_clause(out, k, parent.data);
}

/* A key of which one column is NULL refers to nothing. */
void
foreign_sql_orphan(struct buf *out, const struct foreign_key *k, const struct foreign_place *p,
    const char *columns)
{
	buf_addf(out, "SELECT %s FROM ", columns);
	quote_table(out, slice_str(p->database), slice_str(p->table));
	buf_add_str(out, " c LEFT JOIN ");
	quote_table(out, slice_str(p->database), slice_str(p->parent));
	buf_add_str(out, " p ON ");
	for (int i = 0; i < k->count; i++) {
		buf_add_str(out, i == 0 ? "p." : " AND p.");
		quote_ident(out, slice_str(k->refers[i]));
		buf_add_str(out, "=c.");
		quote_ident(out, slice_str(k->columns[i]));
	}
	buf_add_str(out, " WHERE p.");
	quote_ident(out, slice_str(k->refers[0]));
	buf_add_str(out, " IS NULL");
	for (int i = 0; i < k->count; i++) {
		buf_add_str(out, " AND c.");
		quote_ident(out, slice_str(k->columns[i]));
		buf_add_str(out, " IS NOT NULL");
	}
	buf_add_str(out, " LIMIT 1");
}
