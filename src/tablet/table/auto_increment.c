#include "tablet/table/auto_increment.h"

#include "sql/quote.h"

int
auto_increment_read(
    struct ctx *cx, struct mysql_client *c, const char *database, const char *table, uint64_t *next)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	*next = 0;
	buf_add_str(
	    &sql, "SELECT auto_increment FROM information_schema.tables WHERE table_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(table));
	TRY(mysql_select(&inner, c, buf_slice(&sql), &rows));
	if (rows.rows != 1)
		return err_set(
		    cx->err, ERR_REFUSED, "table '%s.%s' does not exist", database, table);
	return slice_is_null(rows.values[0]) ? 0 : parse_u64(rows.values[0], next, cx->err);
}

int
auto_increment_set(struct ctx *cx, struct ddl *d, const struct auto_increment *wanted)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	uint64_t now;

	if (wanted->next == 0)
		return 0;
	TRY(auto_increment_read(cx, d->session, wanted->database, wanted->table, &now));
	if (now == 0 || now == wanted->next || (now > wanted->next && !wanted->exact))
		return 0;
	quote_table(&name, slice_str(wanted->database), slice_str(wanted->table));
	return ddl_runf(cx, d, "ALTER TABLE %s AUTO_INCREMENT=%llu", name.data,
	    (unsigned long long)wanted->next);
}
