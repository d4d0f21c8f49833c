#include "tablet/table/table_set.h"

struct table_set
table_set_at(struct arena *a, const struct move_request *q, enum move_side side)
{
	const char **tables = arena_array(a, const char *, q->tables_count);

	for (size_t i = 0; i < q->tables_count; i++)
		tables[i] = side == MOVE_FROM ? q->tables[i].from : q->tables[i].to;
	return (struct table_set){ side == MOVE_FROM ? q->from.database : q->to.database, tables,
		q->tables_count };
}
