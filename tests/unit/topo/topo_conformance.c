#include "unit/topo/topo_conformance.h"

#include "base/buf.h"
#include "task/loop.h"
#include "task/sim.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	scenario_fn *fn;
	const char *url; /* NULL: in memory */
	bool ended;
};

static void
run_scenario(void *arg)
{
	struct run *r = arg;
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct topo *a, *b;

	if (r->url == NULL) {
		expect_ok(topo_memory_open(&a, &err), &err);
		expect_ok(topo_memory_share(a, &b, &err), &err);
	} else {
		expect_ok(topo_open(&cx, r->url, &a), &err);
		expect_ok(topo_open(&cx, r->url, &b), &err);
	}
	r->fn(&cx, a, b);
	topo_close(a);
	topo_close(b);
	arena_done(&arena);
	r->ended = true;
}

static void
spawn(task_fn *fn, void *arg)
{
	struct task *t = task_spawn("scenario", fn, arg);

	expect(t != NULL);
	task_detach(t);
}

void
on_memory(scenario_fn *fn)
{
	struct run r = { .fn = fn };

	sim_start(test_seed());
	spawn(run_scenario, &r);
	sim_run();
	sim_stop();
	expect(r.ended);
}

static void
on_real_loop(task_fn *fn, void *arg)
{
	struct err err = { 0 };
	struct loop *l = loop_new(&err);

	expect(l != NULL);
	spawn(fn, arg);
	loop_run(l);
	loop_free(l);
}

const char *
test_url(void)
{
	static char url[128];

	if (url[0] == '\0')
		snprintf(url, sizeof url, "sqlite:%s/topo.db", test_dir());
	return url;
}

void
on_sqlite(scenario_fn *fn)
{
	struct run r = { .fn = fn, .url = test_url() };

	on_real_loop(run_scenario, &r);
	expect(r.ended);
}

struct file_run {
	const char *url;
	void (*fn)(struct ctx *cx, struct topo *t, void *arg);
	void *arg;
};

static void
run_on_file(void *arg)
{
	struct file_run *r = arg;
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct topo *t;

	expect_ok(topo_open(&cx, r->url, &t), &err);
	r->fn(&cx, t, r->arg);
	topo_close(t);
	arena_done(&arena);
}

void
on_file(const char *url, void (*fn)(struct ctx *cx, struct topo *t, void *arg), void *arg)
{
	struct file_run r = { url, fn, arg };

	on_real_loop(run_on_file, &r);
}

int64_t
set(struct ctx *cx, struct topo *t, const char *key, const char *value)
{
	struct topo_op op = { key, value == NULL ? SLICE_NULL : slice_str(value), 0 };
	struct topo_txn txn = { .ops = &op, .ops_count = 1 };
	struct topo_result r;

	expect_ok(topo_txn(cx, t, &txn, &r), cx->err);
	expect(r.succeeded);
	return r.revision;
}

void
expect_value(struct ctx *cx, struct topo *t, const char *key, const char *value)
{
	struct topo_kv kv;
	int rc = topo_get(cx, t, key, &kv);

	if (value == NULL) {
		expect_eq(rc, -1);
		expect_eq(cx->err->kind, ERR_NOT_FOUND);
		return;
	}
	expect_ok(rc, cx->err);
	expect_slice(kv.key, slice_str(key));
	expect_slice(kv.value, slice_str(value));
}

struct topo_list
list_of(struct ctx *cx, struct topo *t, const char *prefix)
{
	struct topo_list l;

	expect_ok(topo_list(cx, t, prefix, &l), cx->err);
	return l;
}

const char *
events_text(struct ctx *cx, const struct topo_events *e)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	for (size_t i = 0; i < e->count; i++) {
		const struct topo_kv *kv = &e->items[i].kv;

		buf_addf(&text, "%s%c%.*s", i > 0 ? " " : "", slice_is_null(kv->value) ? '-' : '+',
		    SLICE_ARG(kv->key));
		if (!slice_is_null(kv->value))
			buf_addf(&text, "=%.*s", SLICE_ARG(kv->value));
		expect(i == 0 || e->items[i].revision >= e->items[i - 1].revision);
		expect(e->items[i].revision <= e->revision);
	}
	return arena_strdup(cx->arena, text.data);
}

pid_t
in_child(void (*fn)(struct ctx *cx, struct topo *t, void *arg), void *arg)
{
	pid_t pid = fork();

	expect(pid >= 0);
	if (pid > 0)
		return pid;
	on_file(test_url(), fn, arg);
	_exit(0);
}

void
expect_exit(pid_t pid)
{
	int status;

	expect(waitpid(pid, &status, 0) == pid);
	expect_eq(status, 0);
}

struct db *
open_tables(struct err *err)
{
	struct db *d;

	expect_ok(tables_open(strchr(test_url(), '/'), &d, err), err);
	return d;
}
