#include "sql/change_trigger.h"

#include "sql/program.h"

/* [IF NOT EXISTS] [db.]name */
static void
trigger_name(struct reader *r)
{
	if (reader_accept(r, KW_IF)) {
		reader_expect(r, KW_NOT);
		reader_expect(r, KW_EXISTS);
	}
	reader_table(r, TABLE_TRIGGER);
}

/* BEFORE INSERT ON t FOR EACH ROW [FOLLOWS other] */
static void
trigger_event(struct reader *r)
{
	if (!reader_accept_text(r, "before") && !reader_accept_text(r, "after"))
		reader_unclear(r);
	if (!reader_accept(r, KW_INSERT) && !reader_accept(r, KW_UPDATE))
		reader_expect(r, KW_DELETE);
	reader_expect(r, KW_ON);
	reader_table(r, TABLE_DDL);
	reader_expect(r, KW_FOR);
	if (!reader_accept_text(r, "each") || !reader_accept_text(r, "row"))
		reader_unclear(r);
	if (reader_accept_text(r, "follows") || reader_accept_text(r, "precedes"))
		reader_step(r);
}

/* The database of names that are written without one: that of the table, and so of the trigger. */
static struct slice
trigger_database(const struct reader *r)
{
	const struct statement *s = r->out;

	for (size_t i = 0; i < s->tables_count; i++) {
		if (!slice_is_null(s->tables[i].database))
			return s->tables[i].database;
	}
	return SLICE_NULL;
}

static void
add_body(struct reader *r, const struct program *body, size_t start)
{
	struct slice database = trigger_database(r);

	for (size_t i = 0; i < body->tables_count && !r->unclear; i++) {
		struct table_ref ref = body->tables[i];

		if (ref.role == TABLE_UNCLEAR)
			reader_unclear(r);
		ref.start += start;
		ref.end += start;
		if (slice_is_null(ref.database) && ref.role != TABLE_QUALIFIER &&
		    ref.role != TABLE_CURRENT)
			ref.database = database;
		reader_add(r, &ref);
	}
	r->out->uses |= body->uses & (USES_ROUTINE | USES_DATABASE);
}

void
change_trigger(struct reader *r)
{
	struct program body;
	struct err err;
	size_t start;

	trigger_name(r);
	trigger_event(r);
	if (r->unclear || reader_done(r)) {
		reader_unclear(r);
		return;
	}
	start = r->out->body_at = reader_now(r)->start;
	if (program_read(r->arena, slice_cut(r->sql, start, r->sql.len), r->modes, &body, &err) != 0 ||
	    body.runs_strings)
		reader_unclear(r);
	else
		add_body(r, &body, start);
	r->at = r->count; /* a ';' within the body does not end the statement */
}
