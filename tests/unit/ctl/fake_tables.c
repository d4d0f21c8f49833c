#include "unit/ctl/fakes.h"

static struct fake_server *
server_of(struct world *w, const char *database)
{
	return strcmp(database, "customer") == 0 ? &w->source : &w->target;
}

/* Its stream and what guards it have ended, and no gate sends anything there. */
int
fake_table_drop(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct tables_request *request = (const void *)q;
	struct fake_server *s = server_of(w, request->database);

	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || !gate_routes_to(&w->gates[i], request->database));
	expect(!s->stream || s->finished);
	if (s->gone)
		return err_set(
		    cx->err, ERR_REFUSED, "table '%s.users' does not exist", request->database);
	s->gone = true;
	s->has_fence = s->armed = false;
	return 0;
}

int
fake_table_rename(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct table_rename_request *request = (const void *)q;
	struct fake_server *s = server_of(w, request->database);

	expect_str(request->table, "users");
	expect_str(request->to, "_users_old");
	expect(!s->stream || s->finished);
	s->gone = s->renamed = true;
	s->has_fence = s->armed = false;
	return 0;
}

int
fake_table_find(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct tables_request *request = (const void *)q;
	struct table_find_reply *reply = r;
	const char *name = arena_printf(cx->arena, "%s.%s", request->database, request->tables[0]);

	reply->tables = arena_new(cx->arena, struct table_found);
	reply->tables_count = 1;
	w->looks += w->naming_until != 0 && task_now() >= w->naming_until;
	if (w->there_after > 0) {
		w->there_after--;
		return 0;
	}
	if (strcmp(request->tables[0], "users") == 0)
		reply->tables[0].exists = !server_of(w, request->database)->gone;
	for (int i = 0; i < 2; i++)
		reply->tables[0].exists |= w->there[i] != NULL && strcmp(w->there[i], name) == 0;
	return 0;
}

int
fake_table_list(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct table_list_reply *reply = r;

	reply->tables = arena_array(cx->arena, const char *, w->listed);
	reply->tables_count = w->listed;
	for (size_t i = 0; i < w->listed; i++)
		reply->tables[i] = arena_printf(cx->arena, "t%zu", i);
	return 0;
}
