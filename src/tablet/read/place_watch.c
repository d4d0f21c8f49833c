#include "tablet/read/place_watch.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/group.h"

#include <stdlib.h>

struct place_watch {
	struct list_node node; /* in the list of env->places, or alone */
	struct list alone;
	const struct tablet_env *env;
	char *server;
	int refs;
	struct position now;
	int64_t told; /* how often */
	struct err failed;
	struct waitlist news;
	struct group life;
};

void
place_watches_init(struct place_watches *all)
{
	list_init(&all->asking);
}

void
place_watch_check(const struct place_watch *w)
{
	check(w->refs > 0);                                            /* (1) */
	check((w->node.list != NULL) == (w->failed.kind == ERR_NONE)); /* (2) */
}

/* ---- Asking */

static int
ask(struct ctx *cx, struct place_watch *w)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(position) struct position now = { 0 };

	TRY(env_stream(cx, w->env, w->server, ROLE_STREAM, &c));
	for (;;) {
		TRY(position_place(cx, c, &now));
		position_copy(&w->now, &now);
		w->told++;
		waitlist_wake_all(&w->news);
		TRY(task_sleep(cx, PLACE_WATCH_MS * MSEC));
	}
}

static void
ask_main(void *arg)
{
	struct place_watch *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (ask(&cx, w) == 0)
		return;
	w->failed = err;
	list_remove(&w->node);
	waitlist_wake_all(&w->news);
}

/* ---- Who wants to know */

static struct place_watch *
find(const struct place_watches *all, const char *server)
{
	list_each(&all->asking, n) {
		struct place_watch *w = list_item(n, struct place_watch, node);

		if (strcmp(w->server, server) == 0)
			return w;
	}
	return NULL;
}

/* Nobody is handed it any more before its task is waited for: others run meanwhile. */
static void
end(struct place_watch *w)
{
	if (!mutant("tablet_place_handed_out"))
		list_remove(&w->node);
	group_done(&w->life);
	list_remove(&w->node);
	position_done(&w->now);
	free(w->server);
	free(w);
}

static int
begin(const struct tablet_env *env, const char *server, struct place_watch **out, struct err *err)
{
	struct place_watch *w = mem_new(struct place_watch);

	w->env = env;
	w->server = mem_strdup(server);
	list_init(&w->alone);
	group_init(&w->life);
	if (group_spawn(&w->life, "place", ask_main, w, err) != 0) {
		end(w);
		return -1;
	}
	list_push(env->places != NULL ? &env->places->asking : &w->alone, &w->node);
	*out = w;
	return 0;
}

int
place_watch_take(
    const struct tablet_env *env, const char *server, struct place_watch **out, struct err *err)
{
	*out = env->places == NULL ? NULL : find(env->places, server);
	if (*out == NULL)
		TRY(begin(env, server, out, err));
	(*out)->refs++;
	place_watch_check(*out);
	return 0;
}

int
place_watch_next(struct ctx *cx, struct place_watch *w, struct position *out)
{
	int64_t told = w->told;

	place_watch_check(w);
	while (w->told == told && w->failed.kind == ERR_NONE)
		TRY(waitlist_wait(cx, &w->news));
	if (w->failed.kind != ERR_NONE)
		return err_copy(cx->err, &w->failed);
	position_copy(out, &w->now);
	return 0;
}

void
place_watch_done(struct place_watch **out)
{
	struct place_watch *w = *out;

	*out = NULL;
	if (w == NULL)
		return;
	place_watch_check(w);
	if (--w->refs == 0)
		end(w);
}
