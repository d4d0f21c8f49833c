/* Who owns a row's changes while it is copied. */
#include "tablet/read/window.h"

#include "task/sim.h"
#include "test.h"

static struct windows ws;
static struct change change;
static struct source_txn txn = { .changes = &change, .count = 1 };

static const struct source_txn *
txn_of(int table, const char *before, const char *after)
{
	change = (struct change){ .table = table };
	if (before != NULL)
		change.key_before = slice_str(before);
	if (after != NULL)
		change.key_after = slice_str(after);
	return &txn;
}

TEST(keys_handed_on_while_a_window_is_open_are_touched)
{
	struct window *w, *other;

	windows_init(&ws);
	windows_touch(&ws, txn_of(0, NULL, "early"));
	w = window_open(&ws, 0, true);
	other = window_open(&ws, 1, true);
	windows_touch(&ws, txn_of(0, "old", "new"));
	expect(!window_touched(w, slice_str("early")));
	expect(window_touched(w, slice_str("old")) && window_touched(w, slice_str("new")));
	expect(!window_touched(other, slice_str("old")));
	windows_done(&ws);
}

TEST(only_a_sealed_window_blocks_and_only_its_keys)
{
	struct window *w;

	windows_init(&ws);
	w = window_open(&ws, 0, true);
	window_add(w, slice_str("a"));
	expect(!windows_blocked(&ws, txn_of(0, NULL, "a")));
	window_seal(w);
	expect(windows_blocked(&ws, txn_of(0, NULL, "a")));
	expect(windows_blocked(&ws, txn_of(0, "a", NULL)));
	expect(windows_blocked(&ws, txn_of(0, "b", "a")));
	expect(!windows_blocked(&ws, txn_of(0, NULL, "b")));
	expect(!windows_blocked(&ws, txn_of(1, NULL, "a")));
	window_close(w);
	expect(!windows_blocked(&ws, txn_of(0, NULL, "a")));
	windows_done(&ws);
}

TEST(a_collation_makes_any_sealed_chunk_of_the_table_block)
{
	struct window *w;

	windows_init(&ws);
	w = window_open(&ws, 0, false);
	window_add(w, slice_str("a"));
	expect(!windows_blocked(&ws, txn_of(0, NULL, "A")));
	window_seal(w);
	expect(windows_blocked(&ws, txn_of(0, NULL, "A")));
	expect(!windows_blocked(&ws, txn_of(1, NULL, "A")));
	windows_done(&ws);
}

TEST(touched_keys_are_bounded)
{
	struct window *w;
	char key[2000];

	windows_init(&ws);
	w = window_open(&ws, 0, true);
	memset(key, 'x', sizeof(key));
	key[sizeof(key) - 1] = 0;
	for (int i = 0; !w->overflowed; i++) {
		expect(w->touched_bytes <= WINDOW_BYTES_MAX);
		expect(i <= WINDOW_BYTES_MAX / 2000);
		memcpy(key, &(int){ 0x01010101 + i }, 4);
		windows_touch(&ws, txn_of(0, NULL, key));
	}
	expect_eq(w->touched.count, 0);
	windows_touch(&ws, txn_of(0, NULL, "later")); /* is no matter any more */
	expect_eq(w->touched.count, 0);
	windows_done(&ws);
}

static struct window *sealed[2];

static void
closes(void *arg)
{
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_ok(task_sleep(&cx, 1 * SECOND), &err);
	window_close(sealed[0]);
	expect_ok(task_sleep(&cx, 1 * SECOND), &err);
	window_close(sealed[1]);
}

static void
waits(void *arg)
{
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_ok(windows_wait(&cx, &ws, txn_of(0, NULL, "a")), &err);
	expect_eq(task_now(), 2 * SECOND);
	cx.deadline = task_now() + 1;
	sealed[0] = window_open(&ws, 0, false);
	window_seal(sealed[0]);
	expect_eq(windows_wait(&cx, &ws, &txn), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
}

TEST(a_change_waits_for_every_chunk_that_writes_its_row)
{
	struct task *t;

	sim_start(test_seed());
	windows_init(&ws);
	for (int i = 0; i < 2; i++) {
		sealed[i] = window_open(&ws, 0, true);
		window_add(sealed[i], slice_str("a"));
		window_seal(sealed[i]);
	}
	t = task_spawn("closes", closes, NULL);
	task_detach(t);
	t = task_spawn("waits", waits, NULL);
	task_detach(t);
	sim_run();
	windows_done(&ws);
	sim_stop();
}

/* ---- What windows_check() sees */

static struct window *
window_to_break(void)
{
	windows_init(&ws);
	return window_open(&ws, 0, true);
}

static void
seal_an_overflowed_one(void)
{
	struct window *w = window_to_break();

	w->overflowed = true;
	window_seal(w);
}

static void
touch_a_sealed_one(void)
{
	struct window *w = window_to_break();

	window_seal(w);
	map_put(&w->touched, slice_str("late"), w);
	windows_check(&ws);
}

static void
keep_more_than_the_bound(void)
{
	window_to_break()->touched_bytes = WINDOW_BYTES_MAX + 1;
	windows_touch(&ws, txn_of(0, NULL, "a"));
}

static void
give_two_the_same_number(void)
{
	struct window *w = window_to_break();

	window_open(&ws, 1, true)->id = w->id;
	(void)windows_blocked(&ws, txn_of(0, NULL, "a"));
}

TEST(a_window_that_breaks_its_invariants_ends_the_process)
{
	expect_check_fails(seal_an_overflowed_one, "!w->sealed && !w->overflowed");
	expect_check_fails(touch_a_sealed_one, "!w->sealed || w->touched.count == 0");
	expect_check_fails(keep_more_than_the_bound, "w->touched_bytes <= WINDOW_BYTES_MAX");
	expect_check_fails(give_two_the_same_number, "before < w->id");
}
