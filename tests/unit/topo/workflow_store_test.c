/* A workflow in parts: what is written, what is read while somebody writes, and the form before that. */
#include "task/sim.h"
#include "test.h"
#include "topo/workflow_store.h"

#define ID "new_customer/set"

static struct topo *topo;
static struct arena arena;
static struct err err;

static struct workflow_record
a_set(size_t tables)
{
	struct workflow_record r = { .name = "set",
		.state = WORKFLOW_COPYING,
		.source_keyspace = "customer",
		.target_keyspace = "new_customer",
		.round = 1,
		.tables = arena_array(&arena, struct workflow_table, tables),
		.tables_count = tables };

	for (size_t i = 0; i < tables; i++) {
		const char *name = arena_printf(&arena, "t%zu", i);

		r.tables[i] = (struct workflow_table){ name, name, "copying", 10, 0 };
	}
	workflow_add_event(&arena, &r, &(struct workflow_event){ .step = "create", .what = "done" });
	return r;
}

static struct workflow_record
whole(struct ctx *cx)
{
	struct workflow_record r;

	expect_ok(workflow_whole(cx, topo, ID, &r), &err);
	return r;
}

static size_t
parts(struct ctx *cx)
{
	struct topo_list l;

	expect_ok(topo_list(cx, topo, "/workflow_parts/", &l), &err);
	return l.count;
}

/* How many keys the last change has written. */
static size_t
changed(struct ctx *cx, int64_t after)
{
	struct topo_events e;

	expect_ok(topo_watch(cx, topo, "/", after, &e), &err);
	return e.count;
}

typedef void store_fn(struct ctx *cx);

static void
run(void *arg)
{
	store_fn *fn = *(store_fn **)arg;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	expect_ok(topo_memory_open(&topo, &err), &err);
	fn(&cx);
	topo_close(topo);
	arena_done(&arena);
}

static void
tell(store_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", run, &fn);
	expect(t != NULL);
	task_detach(t);
	sim_run();
	sim_stop();
}

#define STORE_TEST(name)                                                                           \
	static store_fn name##_body;                                                               \
	TEST(name)                                                                                 \
	{                                                                                          \
		tell(name##_body);                                                                 \
	}                                                                                          \
	static void name##_body(struct ctx *cx)

STORE_TEST(store_writes_the_parts_that_differ)
{
	struct workflow_texts x = { .id = ID };
	struct workflow_record r = a_set(WORKFLOW_TABLES_MAX), back;

	expect_ok(workflow_replace(cx, topo, &x, &r, NULL), &err);
	expect_eq(parts(cx), WORKFLOW_TABLES_MAX / WORKFLOW_PART_TABLES + 1);
	back = whole(cx);
	expect_eq(back.tables_count, WORKFLOW_TABLES_MAX);
	expect_str(back.tables[WORKFLOW_TABLES_MAX - 1].source_table, "t999");
	expect_str(back.events[0].step, "create");
	r.tables[250].rows_copied = 7;
	expect_ok(workflow_replace(cx, topo, &x, &r, NULL), &err);
	expect_eq(changed(cx, x.revision - 1), 2); /* the head and tables 200 to 299 */
	expect_eq(whole(cx).tables[250].rows_copied, 7);
	r.state = WORKFLOW_RUNNING;
	expect_ok(workflow_replace(cx, topo, &x, &r, NULL), &err);
	expect_eq(changed(cx, x.revision - 1), 1);
	expect_eq(whole(cx).tables[250].rows_copied, 7);
	x.revision--;
	expect_eq(workflow_replace(cx, topo, &x, &r, NULL), -1);
	expect_eq(err.kind, ERR_CONFLICT);
	x.revision++;
	err_clear(&err);
	expect_ok(workflow_replace(cx, topo, &x, NULL, NULL), &err);
	expect_eq(parts(cx), 0);
}

STORE_TEST(store_reads_what_was_one_text_and_writes_it_in_parts)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct workflow_record r = a_set(130), back;
	struct workflow_texts x;
	struct topo_kv kv;

	workflow_write(&json, &r);
	expect_ok(topo_set(cx, topo, "/workflows/" ID, buf_slice(&json), 0), &err);
	back = whole(cx);
	expect(back.tables_count == 130 && back.events_count == 1 && back.move == 0);
	expect_ok(workflow_fetch(cx, topo, ID, &x), &err);
	expect_ok(workflow_replace(cx, topo, &x, &back, NULL), &err);
	expect_eq(parts(cx), 3);
	back = whole(cx);
	expect(back.tables_count == 130 && back.events_count == 1 && back.move == 1);
	expect_str(back.tables[129].target_table, "t129");
	/* A program that knows the old form alone does not take it for a move without tables. */
	expect_ok(topo_get(cx, topo, "/workflows/" ID, &kv), &err);
	expect_eq(workflow_read(&arena, kv.value, &back, &err), -1);
	expect_str(err.text, "workflow record: 'tables' is not an array");
	err_clear(&err);
}

/* A new move of the name is checked, and refused. */
static void
begin_anew(struct ctx *cx, struct workflow_texts *x, struct workflow_record *r)
{
	r->before = x->revision == 0 ? BEFORE_NOTHING : arena_slice_str(&arena, x->head);
	expect_ok(workflow_replace(cx, topo, x, r, NULL), &err);
}

STORE_TEST(store_keeps_the_parts_of_a_move_that_may_be_put_back)
{
	struct workflow_texts x = { .id = ID }, old;
	struct workflow_record first = a_set(130), second = a_set(1), third = a_set(2), back;

	expect_ok(workflow_replace(cx, topo, &x, &first, NULL), &err);
	begin_anew(cx, &x, &second);
	expect_eq(parts(cx), 3 + 2);
	expect_eq(whole(cx).tables_count, 1);
	third.before = second.before; /* asked for once more: the second was never made */
	expect_ok(workflow_replace(cx, topo, &x, &third, NULL), &err);
	expect_eq(parts(cx), 3 + 2);
	old = x;
	old.head = slice_str(third.before);
	expect_ok(workflow_assemble(&arena, &old, &back, &err), &err);
	expect_ok(workflow_replace(cx, topo, &x, &back, NULL), &err);
	expect_eq(parts(cx), 3);
	expect_str(whole(cx).tables[129].source_table, "t129");
	second.move = 0;
	begin_anew(cx, &x, &second);
	second.before = ""; /* past its check */
	expect_ok(workflow_replace(cx, topo, &x, &second, NULL), &err);
	expect_eq(parts(cx), 2);
}

/* ---- Read while somebody writes */

struct between {
	struct topo base;
	struct workflow_texts x;
	struct workflow_record r;
	int times;
};

static int
between_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	return topo_get(cx, topo, key, out);
}

/* Just before the parts are listed. */
static int
between_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	struct between *b = (struct between *)t;

	if (b->times-- > 0) {
		b->r.tables[0].rows_copied++;
		b->r.round += 2;
		expect_ok(workflow_replace(cx, topo, &b->x, &b->r, NULL), &err);
	}
	return topo_list(cx, topo, prefix, out);
}

STORE_TEST(store_reads_one_state_while_somebody_writes)
{
	static const struct topo_ops ops = { .get = between_get, .list = between_list };
	struct between b = { .base = { &ops }, .x = { .id = ID }, .r = a_set(3), .times = 2 };
	struct workflow_record r;

	expect_ok(workflow_replace(cx, topo, &b.x, &b.r, NULL), &err);
	expect_ok(workflow_whole(cx, &b.base, ID, &r), &err);
	expect_eq(r.tables[0].rows_copied, 2);
	expect_eq(r.round, 1 + 2 * r.tables[0].rows_copied);
}

STORE_TEST(store_says_when_a_part_is_lost)
{
	struct workflow_texts x = { .id = ID };
	struct workflow_record r = a_set(3);
	struct topo_kv kv;

	expect_ok(workflow_replace(cx, topo, &x, &r, NULL), &err);
	expect_ok(topo_get(cx, topo, x.parts[0].key, &kv), &err);
	expect_ok(
	    topo_delete(cx, topo, &(struct topo_compare){ x.parts[0].key, kv.modified }), &err);
	expect_eq(workflow_whole(cx, topo, ID, &r), -1);
	expect_str(err.text, "workflow '" ID "' has lost keys of its tables, or its journal");
	expect_eq(err.kind, ERR_CORRUPT);
	err_clear(&err);
}

STORE_TEST(store_makes_no_room_for_tables_that_are_not_there)
{
	struct workflow_texts x = { .id = ID };
	struct workflow_record r = a_set(3);
	struct slice was, rest;

	expect_ok(workflow_replace(cx, topo, &x, &r, NULL), &err);
	rest = slice_str(
	    strstr(arena_slice_str(&arena, x.head), "\"tables\":3") + strlen("\"tables\":3"));
	was = slice_cut(x.head, 0, x.head.len - rest.len - strlen("\"tables\":3"));
	x.head = slice_str(
	    arena_printf(&arena, "%.*s\"tables\":2147483647%.*s", SLICE_ARG(was), SLICE_ARG(rest)));
	expect_eq(workflow_assemble(&arena, &x, &r, &err), -1);
	expect_str(err.text,
	    "workflow '" ID "' has not the keys of the 2147483647 tables that its head says");
	err_clear(&err);
}
