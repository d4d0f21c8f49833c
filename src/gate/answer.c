#include "gate/answer.h"

#include "mysql/server.h"

#include <stdlib.h>

static int
send_column(
    struct ctx *cx, struct session *s, const char *name, const struct slice *values, size_t n)
{
	struct slice       column = slice_str(name);
	struct server_rows rows = { .columns = 1,
		.rows = n,
		.names = &column,
		.values = values,
		.status = session_status(s) };

	return server_send_rows(cx, &s->client, s->caps, &rows);
}

static int
by_name(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Every keyspace, wherever its server is. */
int
answer_databases(struct ctx *cx, struct session *s)
{
	const struct route *route = s->hall->crowd.route;
	size_t              n = route->keyspaces_count + 1;
	struct slice       *names = arena_array(&s->arena, struct slice, n);

	for (size_t i = 0; i + 1 < n; i++)
		names[i] = slice_str(arena_strdup(&s->arena, route->keyspaces[i].name));
	names[n - 1] = slice_str("information_schema");
	qsort(names, n, sizeof *names, by_name);
	return send_column(cx, s, "Database", names, n);
}
