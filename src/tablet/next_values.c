#include "tablet/next_values.h"

#include "tablet/server/ddl.h"
#include "tablet/server/spare.h"
#include "tablet/table/auto_increment.h"

/* Of the tables at that end. */
static struct auto_values
values_of(struct arena *a, const struct move_request *move, enum move_side end)
{
	const char **tables = arena_array(a, const char *, move->tables_count);

	for (size_t i = 0; i < move->tables_count; i++)
		tables[i] = end == MOVE_FROM ? move->tables[i].from : move->tables[i].to;
	return (struct auto_values){ end == MOVE_FROM ? move->from.database : move->to.database,
		tables, move->tables_count, arena_array(a, uint64_t, move->tables_count) };
}

struct auto_next *
auto_next_of(struct arena *a, const uint64_t *next, size_t count)
{
	struct auto_next *out = arena_array(a, struct auto_next, count);

	for (size_t i = 0; i < count; i++)
		out[i].next = next[i];
	return out;
}

int
next_values_read(struct ctx *cx, const struct tablet_env *env, const struct move_request *move,
    struct next_values_reply *reply)
{
	struct auto_values v = values_of(cx->arena, move, move->side);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, env, ROLE_DBA, &dba));
	TRY(auto_increment_read(cx, dba.client, &v));
	reply->tables = auto_next_of(cx->arena, v.next, v.count);
	reply->tables_count = v.count;
	return 0;
}

int
next_values_set(struct ctx *cx, const struct tablet_env *env, const struct move_request *move,
    const struct next_values *v)
{
	struct auto_values wanted = values_of(cx->arena, move, MOVE_TO);
	SCOPED(spare) struct spare own = { 0 };

	if (v->count != move->tables_count)
		return err_set(cx->err, ERR_REFUSED, "%zu next values for %zu tables", v->count,
		    move->tables_count);
	for (size_t i = 0; i < wanted.count; i++)
		wanted.next[i] = v->items[i].next;
	TRY(spare_take(cx, env, ROLE_DDL, &own));
	return auto_increment_set(cx, &(struct ddl){ .session = own.client }, &wanted, v->exact);
}
