/* Keys, transactions and watches: what every store promises. */
#include "unit/topo/topo_conformance.h"

#include "base/mem.h"
#include "task/group.h"

#include <stdio.h>
#include <stdlib.h>

static struct topo_kv
get(struct ctx *cx, struct topo *t, const char *key)
{
	struct topo_kv kv;

	expect_ok(topo_get(cx, t, key, &kv), cx->err);
	return kv;
}

CONFORMS(revisions_rise_with_each_change)
{
	expect_eq(list_of(cx, a, "/").revision, 0);
	expect_eq(set(cx, a, "/k", "1"), 1);
	expect_eq(set(cx, b, "/k", "1"), 2);        /* the same value is a change too */
	expect_eq(set(cx, a, "/nothing", NULL), 2); /* a delete of what is not there is none */
	expect_eq(set(cx, b, "/l", "x"), 3);
	struct topo_kv kv = get(cx, a, "/k");

	expect(kv.created == 1 && kv.modified == 2 && kv.lease == 0);
	expect_eq(set(cx, a, "/k", NULL), 4);
	expect_value(cx, b, "/k", NULL);
	expect_eq(set(cx, b, "/k", "2"), 5);
	kv = get(cx, a, "/k");
	expect(kv.created == 5 && kv.modified == 5); /* a new life */
	expect_eq(list_of(cx, b, "/").revision, 5);
}

CONFORMS(a_transaction_reads_what_it_has_made)
{
	struct topo_compare compare = { "/folder/a", 0 };
	struct topo_op ops[] = { { "/folder/a", slice_str("1"), 0 },
		{ "/folder/b", SLICE_NULL, 0 } };
	struct topo_read read = { .prefix = "/folder/" };
	struct topo_txn txn = {
		.compares = &compare, .compares_count = 1, .ops = ops, .ops_count = 2, .read = &read
	};
	struct topo_result r;

	set(cx, b, "/folder/b", "gone");
	set(cx, b, "/folder/c", "2");
	set(cx, b, "/folderless", "3");
	expect_ok(topo_txn(cx, a, &txn, &r), cx->err);
	expect(r.succeeded && read.out.revision == r.revision && read.out.count == 2);
	expect_slice(read.out.items[0].key, slice_str("/folder/a"));
	expect_slice(read.out.items[0].value, slice_str("1"));
	expect_slice(read.out.items[1].key, slice_str("/folder/c"));

	/* One that does nothing has read nothing. */
	read.out.count = 99;
	expect_ok(topo_txn(cx, a, &txn, &r), cx->err);
	expect(!r.succeeded && read.out.count == 99);
	read.prefix = "folder/";
	expect_eq(topo_txn(cx, a, &txn, &r), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
}

CONFORMS(transactions_compare_several_keys_and_do_all_or_nothing)
{
	struct topo_compare compares[3] = { { "/a", 0 }, { "/b", 0 }, { "/c", 0 } };
	/* clang-format off */
	struct topo_op      ops[3] = {
		{ "/a", slice_str("1"), 0 }, { "/b", slice_str("2"), 0 }, { "/gone", SLICE_NULL,
		    0 } };
	struct topo_txn     txn = { compares, 3, ops, 3, false, NULL };
	struct topo_result  r;

	set(cx, a, "/gone", "x");
	expect_ok(topo_txn(cx, a, &txn, &r), cx->err);
	expect(r.succeeded && r.revision == 2);
	/* one revision for all */
	expect(get(cx, b, "/a").modified == 2 && get(cx, b, "/b").modified == 2);
	expect_value(cx, b, "/gone", NULL);
	compares[0].modified = compares[1].modified = 2;
	set(cx, b, "/b", "3");
	ops[0].value = ops[1].value = slice_str("9");
	expect_ok(topo_txn(cx, a, &txn, &r), cx->err);
	expect(!r.succeeded && r.revision == 3);
	expect_value(cx, a, "/a", "1");
	expect_value(cx, a, "/b", "3");
	compares[1].modified = 3;
	compares[2].modified = 1;                       /* of a key that does not exist */
	expect_ok(topo_txn(cx, a, &txn, &r), cx->err);
	expect(!r.succeeded && r.revision == 3);
	txn.compares_count = 2;
	txn.ops_count = 0;
	expect_ok(topo_txn(cx, b, &txn, &r), cx->err);  /* only asking */
	expect(r.succeeded && r.revision == 3);
}

CONFORMS(a_transaction_with_an_ended_lease_does_nothing)
{
	struct topo_op     ops[2] = { { "/a", slice_str("1"), 0 }, { "/b", slice_str("2"), 4711 } };
	struct topo_txn    txn = { NULL, 0, ops, 2, false, NULL };
	struct topo_result r;

	expect_eq(topo_txn(cx, a, &txn, &r), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	expect_value(cx, a, "/a", NULL);
	expect_eq(list_of(cx, b, "/").revision, 0);
}

CONFORMS(put_and_delete_compare_and_swap)
{
	int64_t revision;

	expect_ok(topo_put(cx, a, &(struct topo_compare){ "/k", 0 }, slice_str("1"), 0, &revision),
	    cx->err);
	expect_eq(topo_put(cx, b, &(struct topo_compare){ "/k", 0 }, slice_str("2"), 0, NULL), -1);
	expect_eq(cx->err->kind, ERR_CONFLICT);
	expect_ok(topo_put(cx, b, &(struct topo_compare){ "/k", revision }, slice_str("2"), 0,
	    NULL), cx->err);
	expect_eq(topo_delete(cx, a, &(struct topo_compare){ "/k", revision }), -1);
	expect_eq(cx->err->kind, ERR_CONFLICT);
	expect_value(cx, a, "/k", "2");
	expect_ok(topo_set(cx, a, "/k", slice_str("3"), 0), cx->err);
	expect_ok(topo_delete(cx, a, &(struct topo_compare){ "/k", revision + 2 }), cx->err);
	expect_value(cx, b, "/k", NULL);
}

CONFORMS(lists_are_prefixes_in_key_order)
{
	static const char *const keys[] = { "/t/b", "/t/a", "/t/a/x", "/t", "/u", "/t/c", "/s/z",
	    "/t~" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		set(cx, a, keys[i], keys[i]);
	struct topo_list l = list_of(cx, b, "/t/");

	expect_eq(l.count, 4);
	expect_slice(l.items[0].key, slice_str("/t/a"));
	expect_slice(l.items[1].key, slice_str("/t/a/x"));
	expect_slice(l.items[2].value, slice_str("/t/b"));
	expect_slice(l.items[3].key, slice_str("/t/c"));
	expect_eq(l.items[3].modified, 6);
	expect_eq(l.revision, 8);
	expect_eq(list_of(cx, b, "/t").count, 6);   /* a prefix is text: "/t" and "/t~" too */
	expect_eq(list_of(cx, b, "/v").count, 0);
	expect_eq(list_of(cx, b, "/").count, 8);
}

CONFORMS(values_are_any_bytes)
{
	static const char bytes[] = "a\0\xff\n'\"%";
	struct topo_kv    kv;

	expect_ok(topo_set(cx, a, "/bytes", slice_of(bytes, sizeof bytes), 0), cx->err);
	expect_ok(topo_set(cx, a, "/empty", slice_str(""), 0), cx->err);
	kv = get(cx, b, "/bytes");
	expect_slice(kv.value, slice_of(bytes, sizeof bytes));
	kv = get(cx, b, "/empty");
	expect(kv.value.len == 0 && !slice_is_null(kv.value));   /* empty is not deleted */
	struct topo_events e;

	expect_ok(topo_watch(cx, b, "/empty", 0, &e), cx->err);
	expect(e.count == 1 && e.items[0].kv.value.len == 0 && !slice_is_null(e.items[0].kv.value));
}

static void
refused(struct ctx *cx, int rc)
{
	expect_eq(rc, -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	err_clear(cx->err);
}

CONFORMS(limits_of_keys_and_values)
{
	struct topo_list letters;
	char  key[TOPO_KEY_MAX + 2];
	char *value = mem_zalloc(TOPO_VALUE_MAX + 1);

	memset(key, 'k', sizeof key);
	key[0] = '/';
	key[TOPO_KEY_MAX + 1] = '\0';
	refused(cx, topo_set(cx, a, key, slice_str("x"), 0));
	key[TOPO_KEY_MAX] = '\0';
	expect_ok(topo_set(cx, a, key, slice_of(value, TOPO_VALUE_MAX), 0), cx->err);
	expect_eq(get(cx, b, key).value.len, TOPO_VALUE_MAX);
	refused(cx, topo_set(cx, a, key, slice_of(value, TOPO_VALUE_MAX + 1), 0));
	refused(cx, topo_set(cx, a, "", slice_str("x"), 0));
	refused(cx, topo_set(cx, a, "k", slice_str("x"), 0));
	refused(cx, topo_set(cx, a, "/a b", slice_str("x"), 0));
	refused(cx, topo_set(cx, a, "/a\x7f", slice_str("x"), 0));
	refused(cx, topo_set(cx, a, "/a\x1f", slice_str("x"), 0));
	expect_ok(topo_set(cx, a, "/\xc3\xa4/\xe6\xbc\xa2", slice_str("x"), 0), cx->err);
	expect_ok(topo_set(cx, a, "/\xc3\xa5/b", slice_str("x"), 0), cx->err);
	expect_ok(topo_list(cx, a, "/\xc3\xa4/", &letters), cx->err);
	expect_eq(letters.count, 1);
	expect_eq(list_of(cx, b, "/").revision, 3); /* of those three that were taken */
	free(value);
}

CONFORMS(limits_of_transactions)
{
	static char           keys[TOPO_OPS_MAX + 1][16];
	static struct topo_op ops[TOPO_OPS_MAX + 1];
	struct topo_op        twice[2] = { { "/x", slice_str("1"), 0 }, { "/x", SLICE_NULL, 0 } };
	struct topo_result    r;

	for (int i = 0; i <= TOPO_OPS_MAX; i++) {
		snprintf(keys[i], sizeof keys[i], "/k%d", i);
		ops[i] = (struct topo_op){ keys[i], slice_str(keys[i]), 0 };
	}
	/* clang-format on */
	refused(cx,
	    topo_txn(cx, a, &(struct topo_txn){ .ops = ops, .ops_count = TOPO_OPS_MAX + 1 }, &r));
	expect_ok(topo_txn(cx, a, &(struct topo_txn){ .ops = ops, .ops_count = TOPO_OPS_MAX }, &r),
	    cx->err);
	expect_eq(list_of(cx, b, "/k").count, TOPO_OPS_MAX);
	refused(cx, topo_txn(cx, a, &(struct topo_txn){ .ops = twice, .ops_count = 2 }, &r));
}

/* ---- Watches */

CONFORMS(watches_deliver_the_past_in_order)
{
	struct topo_events e;

	set(cx, a, "/w/a", "1");
	set(cx, b, "/other", "x");
	set(cx, a, "/w/b", "2");
	set(cx, b, "/w/a", NULL);
	set(cx, b, "/w/a", "3");
	set(cx, a, "/other", "y");
	expect_ok(topo_watch(cx, b, "/w/", 0, &e), cx->err);
	expect_str(events_text(cx, &e), "+/w/a=1 +/w/b=2 -/w/a +/w/a=3");
	expect(!e.compacted && e.revision == 6);
	expect(e.items[0].revision == 1 && e.items[2].revision == 4 && e.items[3].kv.created == 5);
	expect_ok(topo_watch(cx, a, "/w/", 3, &e), cx->err);
	expect_str(events_text(cx, &e), "-/w/a +/w/a=3");
}

struct writer {
	struct topo *topo;
	int count;
	usec pause;
};

static void
write_numbers(void *arg)
{
	const struct writer *w = arg;
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	char text[16];

	for (int i = 1; i <= w->count; i++) {
		expect_ok(task_sleep(&cx, w->pause), &err);
		snprintf(text, sizeof text, "%d", i);
		set(&cx, w->topo, i % 3 == 0 ? "/unwatched" : "/w/n", text);
	}
	arena_done(&arena);
}

/* Follows /w/ until number last; every number once and in order. */
static void
follow_numbers(struct ctx *cx, struct topo *t, int last)
{
	int64_t revision = 0, seen = 0;

	while (seen < last) {
		struct topo_events e;

		expect_ok(topo_watch(cx, t, "/w/", revision, &e), cx->err);
		expect(e.count > 0 && e.revision > revision);
		for (size_t i = 0; i < e.count; i++) {
			seen += seen % 3 == 2 ? 2 : 1;
			expect_eq(atoll(arena_slice_str(cx->arena, e.items[i].kv.value)), seen);
		}
		revision = e.revision;
	}
}

CONFORMS(watches_wait_for_changes_of_both_handles)
{
	struct group g;
	struct writer w = { b, 20, 7 * MSEC };

	group_init(&g);
	expect_ok(group_spawn(&g, "writer", write_numbers, &w, cx->err), cx->err);
	follow_numbers(cx, a, 20);
	expect_ok(group_wait(cx, &g), cx->err);
	w.topo = a;
	expect_eq(set(cx, a, "/w/n", NULL) > 0, true);
	group_done(&g);
}

CONFORMS(watches_of_ones_own_changes_are_woken_at_once)
{
	struct group g;
	struct writer w = { a, 20, 1 * MSEC };

	group_init(&g);
	expect_ok(group_spawn(&g, "writer", write_numbers, &w, cx->err), cx->err);
	follow_numbers(cx, a, 20);
	expect_ok(group_wait(cx, &g), cx->err);
	group_done(&g);
}

CONFORMS(watches_end_at_their_deadline)
{
	struct ctx soon = ctx_within(cx, 50 * MSEC);
	struct topo_events e;
	usec begun = task_now();

	set(cx, b, "/elsewhere", "x");
	expect_eq(topo_watch(&soon, a, "/w/", 0, &e), -1);
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	expect(task_now() - begun >= 50 * MSEC);
	expect_eq(list_of(cx, a, "/").count, 1); /* the handle is as good as before */
}

static void
watch_for_ever(void *arg)
{
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct topo_events e;

	expect_eq(topo_watch(&cx, arg, "/w/", 0, &e), -1);
	expect_eq(err.kind, ERR_CANCELLED);
	arena_done(&arena);
}

CONFORMS(watches_can_be_cancelled)
{
	struct group g;

	group_init(&g);
	expect_ok(group_spawn(&g, "watch", watch_for_ever, a, cx->err), cx->err);
	expect_ok(task_sleep(cx, 30 * MSEC), cx->err);
	group_done(&g);
	set(cx, b, "/w/a", "1");
	expect_value(cx, a, "/w/a", "1");
}

CONFORMS(long_histories_come_in_whole_revisions)
{
	static char keys[100][16];
	struct topo_op ops[100];
	struct topo_result r;
	struct topo_events e = { .revision = 0 };
	size_t seen = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(keys[i], sizeof keys[i], "/w/%d", i);
		ops[i] = (struct topo_op){ keys[i], slice_str("x"), 0 };
	}
	for (int i = 0; i < 13; i++)
		expect_ok(topo_txn(cx, a, &(struct topo_txn){ .ops = ops, .ops_count = 100 }, &r),
		    cx->err);
	while (seen < 1300) {
		expect_ok(topo_watch(cx, b, "/w/", e.revision, &e), cx->err);
		expect(e.count > 0 && e.count % 100 == 0);
		seen += e.count;
	}
	expect(seen == 1300 && e.revision == 13);
}

CONFORMS(what_is_no_longer_kept_is_compacted)
{
	enum { WRITES = TOPO_HISTORY_BYTES / TOPO_VALUE_MAX + 3 };
	char *value = mem_zalloc(TOPO_VALUE_MAX);
	struct topo_events e;

	set(cx, a, "/w/small", "1");
	for (int i = 0; i < WRITES; i++)
		expect_ok(topo_set(cx, a, "/big", slice_of(value, TOPO_VALUE_MAX), 0), cx->err);
	struct ctx at_once = ctx_within(cx, 10 * SECOND);

	expect_ok(topo_watch(&at_once, b, "/w/", 0, &e), cx->err);
	expect(e.compacted && e.count == 0);
	struct topo_list l = list_of(cx, b, "/w/");

	expect_eq(l.count, 1); /* only the past is lost */
	expect_eq(l.revision, WRITES + 1);
	set(cx, a, "/w/small", "2");
	expect_ok(topo_watch(cx, b, "/w/", l.revision, &e), cx->err);
	expect(!e.compacted);
	expect_str(events_text(cx, &e), "+/w/small=2");
	expect_ok(topo_watch(cx, b, "/w/", l.revision + 1000, &e), cx->err);
	/* a revision of another store, or of the future */
	expect(e.compacted);
	free(value);
}

/* ---- Several tasks at once */

struct adder {
	struct topo *topo;
	int adds;
};

static void
add_numbers(void *arg)
{
	const struct adder *w = arg;
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	char text[32];

	for (int done = 0; done < w->adds;) {
		struct topo_kv kv = get(&cx, w->topo, "/n");
		struct topo_compare old = { "/n", kv.modified };

		snprintf(text, sizeof text, "%lld", atoll(arena_slice_str(&arena, kv.value)) + 1);
		if (topo_put(&cx, w->topo, &old, slice_str(text), 0, NULL) == 0)
			done++;
		else
			expect_eq(err.kind, ERR_CONFLICT);
		arena_reset(&arena);
	}
	arena_done(&arena);
}

CONFORMS(racing_tasks_lose_no_compare_and_swap)
{
	struct group g;
	struct adder adders[2] = { { a, 20 }, { b, 20 } };

	set(cx, a, "/n", "0");
	group_init(&g);
	for (int i = 0; i < 6; i++)
		expect_ok(group_spawn(&g, "adder", add_numbers, &adders[i % 2], cx->err), cx->err);
	expect_ok(group_wait(cx, &g), cx->err);
	group_done(&g);
	expect_value(cx, a, "/n", "120");
	expect_eq(get(cx, b, "/n").modified, 121);
}
