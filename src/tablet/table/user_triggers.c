#include "tablet/table/user_triggers.h"

#include "base/check.h"
#include "base/mutant.h"
#include "rpc/api.h"
#include "sql/program.h"
#include "sql/quote.h"
#include "topo/name_index.h"

/* In the order that they are selected. */
enum {
	T_NAME,
	T_TABLE,
	T_TIMING,
	T_EVENT,
	T_DEFINER,
	T_MODE,
	T_CHARSET,
	T_COLLATION,
	T_DATABASE,
	T_COUNT
};

/* A look for one table's triggers takes 0.8 ms, one through a database 12 us for each table there. */
enum { ONE_BY_ONE_MAX = 8 };

/* ---- Which there are */

/* Of one table, or of all in the database. */
static int
select_triggers(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const char *table, struct mysql_rows *rows)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql,
	    "SELECT trigger_name, event_object_table, action_timing, event_manipulation, definer, sql_mode, "
	    "character_set_client, collation_connection, database_collation FROM "
	    "information_schema.triggers WHERE event_object_schema=");
	quote_string(&sql, slice_str(set->database));
	if (table != NULL) {
		buf_add_str(&sql, " AND event_object_table=");
		quote_string(&sql, slice_str(table));
	}
	buf_addf(&sql,
	    " AND LEFT(trigger_name, %zu) <> '" FENCE_PREFIX
	    "' ORDER BY event_object_table, event_manipulation, action_timing, action_order",
	    sizeof(FENCE_PREFIX) - 1);
	TRY(mysql_select(cx, c, buf_slice(&sql), rows));
	if (rows->rows > 0 && rows->columns != T_COUNT)
		return err_set(cx->err, ERR_CORRUPT,
		    "information_schema.triggers answers with %zu columns", rows->columns);
	return 0;
}

/* "root@localhost", and a role "auditor@" or "auditor": no host has an '@'. */
const char *
user_triggers_definer(struct arena *a, struct slice text)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	size_t at = text.len;

	while (at > 0 && text.ptr[at - 1] != '@')
		at--;
	quote_ident(&sql, at == 0 ? text : slice_cut(text, 0, at - 1));
	if (at > 0 && at < text.len) {
		buf_add_char(&sql, '@');
		quote_ident(&sql, slice_cut(text, at, text.len));
	}
	return arena_slice_str(a, buf_slice(&sql));
}

static struct trigger_definition
definition_of(struct arena *a, const struct slice *v)
{
	return (struct trigger_definition){
		.name = arena_slice_str(a, v[T_NAME]),
		.table = arena_slice_str(a, v[T_TABLE]),
		.when = arena_printf(a, "%.*s %.*s", SLICE_ARG(v[T_TIMING]), SLICE_ARG(v[T_EVENT])),
		.definer = user_triggers_definer(a, v[T_DEFINER]),
		.body = "",
		.sql_mode = arena_slice_str(a, v[T_MODE]),
		.charset = arena_slice_str(a, v[T_CHARSET]),
		.collation = arena_slice_str(a, v[T_COLLATION]),
		.database_collation = arena_slice_str(a, v[T_DATABASE]),
	};
}

/* Those of the set's tables. */
static void
add_rows(struct arena *a, const struct name_index *tables, const struct mysql_rows *rows,
    struct trigger_list *out)
{
	struct trigger_definition *items =
	    arena_array(a, struct trigger_definition, out->count + rows->rows);

	for (size_t i = 0; i < out->count; i++)
		items[i] = out->items[i];
	out->items = items;
	for (size_t i = 0; i < rows->rows; i++) {
		const struct slice *v = &rows->values[i * rows->columns];

		if (name_index_find(tables, "", arena_slice_str(a, v[T_TABLE])) != NULL)
			items[out->count++] = definition_of(a, v);
	}
}

int
user_triggers_list(
    struct ctx *cx, struct mysql_client *c, const struct table_set *set, struct trigger_list *out)
{
	const struct name_index tables = name_index_of(cx->arena, set->tables, set->count);
	bool each = set->count <= ONE_BY_ONE_MAX;
	struct mysql_rows rows;

	*out = (struct trigger_list){ .count = 0 };
	for (size_t i = 0; i < (each ? set->count : 1); i++) {
		TRY(select_triggers(cx, c, set, each ? set->tables[i] : NULL, &rows));
		add_rows(cx->arena, &tables, &rows, out);
	}
	return 0;
}

int
user_triggers_none(struct ctx *cx, struct mysql_client *c, const struct table_set *set)
{
	struct trigger_list found;

	TRY(user_triggers_list(cx, c, set, &found));
	if (found.count == 0)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "table '%s.%s' has the trigger '%s', which would fire for each row that arrives",
	    set->database, found.items[0].table, found.items[0].name);
	return err_hint(
	    cx->err, "DROP TRIGGER there: triggers come with their tables when these are switched");
}

/* ---- May they move */

static int
refuse(struct ctx *cx, const char *database, const struct trigger_definition *t, const char *why,
    const char *hint)
{
	err_set(cx->err, ERR_REFUSED, "trigger '%s' of table '%s.%s' %s", t->name, database,
	    t->table, why);
	return err_hint(cx->err, "%s, or drop the trigger", hint);
}

/* Of a body that is read as bytes. */
static bool
is_told_exactly(const struct trigger_definition *t)
{
	bool ascii = true;

	for (const char *s = t->body; *s != '\0'; s++)
		ascii = ascii && (unsigned char)*s < 0x80;
	return ascii || strncmp(t->charset, "utf8", 4) == 0;
}

/* A table that the body names, in the end's database or in another one. */
static int
check_table(struct ctx *cx, const struct move_request *q, const struct move_end *end,
    const struct trigger_definition *t, const struct table_ref *ref)
{
	bool away = strcmp(q->from.database, q->to.database) != 0;
	const char *name = arena_slice_str(cx->arena, ref->table);

	if (!slice_is_null(ref->database) && (away || !slice_eq_str(ref->database, end->database)))
		return refuse(cx, end->database, t,
		    arena_printf(cx->arena, "names database '%.*s'", SLICE_ARG(ref->database)),
		    "name the table without its database, which is another one after the move");
	for (size_t i = 0; i < q->tables_count; i++) {
		bool same = strcmp(q->tables[i].from, q->tables[i].to) == 0;

		if (strcmp(name, end == &q->from ? q->tables[i].from : q->tables[i].to) == 0)
			return same
			    ? 0
			    : refuse(cx, end->database, t,
				  arena_printf(cx->arena,
				      "names table '%s', which is called otherwise after the move",
				      name),
				  "let the table keep its name");
	}
	if (mutant("tablet_trigger_of_what_stays"))
		return 0;
	return refuse(cx, end->database, t,
	    arena_printf(cx->arena, "names table '%s', which does not move with it", name),
	    "move that table too");
}

static int
check_ref(struct ctx *cx, const struct move_request *q, const struct move_end *end,
    const struct trigger_definition *t, const struct table_ref *ref)
{
	static const char otherwise[] = "write it without that";

	switch (ref->role) {
	case TABLE_QUALIFIER: return 0;
	case TABLE_UNCLEAR:
		return refuse(cx, end->database, t, "has a body that is not understood",
		    "write it in other words");
	case TABLE_SEQUENCE:
		return refuse(cx, end->database, t,
		    "takes values from a sequence, which would stay", otherwise);
	case TABLE_CURRENT:
		return refuse(cx, end->database, t, "asks which database it is in", otherwise);
	case TABLE_READ:
	case TABLE_WRITE:
	case TABLE_LOCK:
	case TABLE_DDL:
	case TABLE_HANDLER:
	case TABLE_ROUTINE:
	case TABLE_TRIGGER: return check_table(cx, q, end, t, ref);
	}
	unreachable();
}

/* Whether the routine moves is not known here, and one that is to be tried would have to be there before. */
static int
refuse_call(struct ctx *cx, const struct move_end *end, const struct trigger_definition *t,
    const struct program *p)
{
	struct slice name = SLICE_NULL;

	for (size_t i = 0; i < p->tables_count && slice_is_null(name); i++)
		name = p->tables[i].routine;
	return refuse(cx, end->database, t,
	    arena_printf(cx->arena, "calls a routine%s%.*s%s, and no trigger that does so moves",
		slice_is_null(name) ? "" : " ('", SLICE_ARG(name), slice_is_null(name) ? "" : "')"),
	    "write what the routine does into the trigger, or make the trigger anew at the new side after "
	    "the switch (--with-routines takes the routine along)");
}

static int
check_body(struct ctx *cx, const struct move_request *q, const struct move_end *end,
    const struct trigger_definition *t)
{
	struct program p;

	if (program_read(cx->arena, slice_str(t->body), modes_of_names(slice_str(t->sql_mode)), &p,
		cx->err) != 0 ||
	    t->body[0] == '\0')
		return refuse(cx, end->database, t, "has a text that is not understood",
		    "write it in other words");
	if ((p.uses & USES_ROUTINE) != 0)
		return refuse_call(cx, end, t, &p);
	for (size_t i = 0; i < p.tables_count; i++)
		TRY(check_ref(cx, q, end, t, &p.tables[i]));
	if (is_told_exactly(t))
		return 0;
	return refuse(cx, end->database, t,
	    arena_printf(cx->arena,
		"was made with the character set %s, and has letters beyond ASCII", t->charset),
	    "make it anew with SET NAMES utf8mb4");
}

/* ---- One of them */

/* What follows FOR EACH ROW; "" of a text that is not understood. */
static int
read_body(struct ctx *cx, struct mysql_client *c, const struct move_end *end,
    struct trigger_definition *t)
{
	enum { NAME, MODE, SQL, COLUMNS };
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;
	struct statement s;

	quote_table(&name, slice_str(end->database), slice_str(t->name));
	if (mysql_selectf(cx, c, &rows, "SHOW CREATE TRIGGER %s", name.data) != 0)
		return err_wrap(cx->err, "reading trigger '%s.%s'", end->database, t->name);
	if (rows.rows != 1 || rows.columns < COLUMNS || slice_is_null(rows.values[SQL]))
		return err_set(cx->err, ERR_REFUSED, "the text of trigger '%s.%s' is not shown",
		    end->database, t->name);
	if (statement_read(cx->arena, rows.values[SQL], modes_of_names(slice_str(t->sql_mode)), &s,
		cx->err) != 0)
		err_clear(cx->err);
	else if (s.body_at > 0)
		t->body =
		    arena_slice_str(cx->arena, slice_cut(rows.values[SQL], s.body_at, SIZE_MAX));
	return 0;
}

int
user_triggers_read(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    enum move_side side, struct trigger_list *out)
{
	const struct move_end *end = side == MOVE_FROM ? &q->from : &q->to;
	const struct table_set set = table_set_at(cx->arena, q, side);

	TRY(user_triggers_list(cx, c, &set, out));
	for (size_t i = 0; i < out->count; i++) {
		struct trigger_definition *t = &out->items[i];

		TRY(read_body(cx, c, end, t));
		TRY(check_body(cx, q, end, t));
	}
	return 0;
}
