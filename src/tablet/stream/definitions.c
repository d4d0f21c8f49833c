#include "tablet/stream/definitions.h"

#include "tablet/table/schema.h"

/* The preflight has said so already, unless the key has come since. */
static int
check_cascades(const struct table_def *def, const struct moved_tables *tables, struct err *err)
{
	for (int i = 0; def->silent && i < def->foreign_count; i++) {
		const struct foreign_key *k = &def->foreign_keys[i];

		if (k->cascades && table_set_find(&tables->from, k->database, k->table) < 0)
			return err_set(err, ERR_REFUSED,
			    "the foreign key '%s' of table '%s.%s' has%s: what it changes is in no binlog",
			    k->name, def->database, def->name, k->actions);
	}
	return 0;
}

int
definitions_read(
    struct ctx *cx, const struct definitions_of *of, struct arena *a, struct moved_tables *out)
{
	const struct move_request *q = of->request;
	struct table_def **defs = arena_array(a, struct table_def *, q->tables_count);
	const char **to = arena_array(a, const char *, q->tables_count);

	for (size_t i = 0; i < q->tables_count; i++) {
		/* Whoever asked for the move has been told. The way back is never from one. */
		const struct schema_place place = { q->from.database, q->tables[i].from, of->common,
			of->round == 1 };

		TRY(schema_read(cx, of->source, &place, &defs[i]));
		to[i] = q->tables[i].to;
	}
	moved_tables_make(a, defs, (struct table_set){ q->to.database, to, q->tables_count }, out);
	for (size_t i = 0; i < q->tables_count; i++)
		TRY(check_cascades(defs[i], out, cx->err));
	return 0;
}
