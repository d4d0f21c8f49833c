/* Bytes and memory: slice, buf, arena, mem, secret. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/secret.h"
#include "test.h"

#include <stdlib.h>

TEST(slice_cut_clamps)
{
	struct slice s = slice_str("abcdef");

	expect_slice(slice_cut(s, 2, 4), slice_str("cd"));
	expect_slice(slice_cut(s, 4, 99), slice_str("ef"));
	expect_slice(slice_cut(s, 99, 100), slice_str(""));
	expect_slice(slice_cut(s, 4, 2), slice_str(""));
	expect(slice_is_null(slice_cut(SLICE_NULL, 0, 5)));
}

TEST(slice_order)
{
	expect(slice_cmp(slice_str("a"), slice_str("b")) < 0);
	expect(slice_cmp(slice_str("ab"), slice_str("a")) > 0);
	expect(slice_cmp(slice_str("a\xff"), slice_str("a\x01")) > 0); /* bytes are unsigned */
	expect_eq(slice_cmp(SLICE_NULL, slice_str("")), 0);
}

TEST(slice_words)
{
	struct slice head, rest;

	expect(slice_eq_nocase(slice_str("SeLeCt"), slice_str("sElEcT")));
	expect(!slice_eq_nocase(slice_str("\xc4"), slice_str("\xe4"))); /* ASCII only */
	expect(!slice_eq_nocase(slice_str("@"), slice_str("`")));       /* 32 apart, not letters */
	expect(slice_starts(slice_str("abc"), "ab") && !slice_starts(slice_str("a"), "ab"));
	expect(slice_starts_nocase(slice_str("ABc"), "ab"));
	expect_slice(slice_trim(slice_str(" \t\r\nx y\n ")), slice_str("x y"));
	expect_eq(slice_trim(slice_str("  \n")).len, 0);
	rest = slice_split(slice_str("a,b,c"), ',', &head);
	expect_slice(head, slice_str("a"));
	expect_slice(rest, slice_str("b,c"));
	rest = slice_split(slice_str("a,"), ',', &head);
	expect(rest.len == 0 && !slice_is_null(rest)); /* an empty last part is a part */
	rest = slice_split(slice_str("abc"), ',', &head);
	expect(slice_is_null(rest));
	expect_slice(head, slice_str("abc"));
}

TEST(buf_is_always_a_c_string)
{
	struct buf b = BUF_INIT;

	expect_str(b.data, "");
	buf_add_str(&b, "hello");
	expect_str(b.data, "hello");
	buf_addf(&b, " %d%c", 42, '!');
	expect_str(b.data, "hello 42!");
	buf_consume(&b, 6);
	expect_str(b.data, "42!");
	buf_truncate(&b, 2);
	expect_str(b.data, "42");
	buf_consume(&b, 2);
	expect_eq(b.len, 0);
	expect_str(b.data, "");
	buf_done(&b);
	buf_done(&b);
	buf_reset(&b);
	expect(b.data == buf_empty && b.cap == 0);
}

TEST(buf_grows_and_keeps_what_was_there)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	expect_eq(b.len, 100000);
	expect_eq(b.data[b.len], 0);
	for (int i = 0; i < 100000; i++)
		expect_eq(b.data[i], 'a' + i % 26);
	buf_done(&b);
}

TEST(buf_of_the_exact_size_keeps_the_spare_byte)
{
	for (size_t len = 0; len < 300; len++) {
		SCOPED(buf) struct buf b = BUF_INIT;

		memset(buf_grow(&b, len), 'x', len);
		expect(b.len == len && (b.cap == 0 || b.len < b.cap) && b.data[len] == '\0');
	}
}

TEST(buf_of_nothing_stays_shared)
{
	SCOPED(buf) struct buf b = BUF_INIT, c = BUF_INIT;

	buf_add(&b, NULL, 0);
	buf_add_slice(&b, SLICE_NULL);
	expect_eq(b.cap, 0);
	buf_add_str(&c, "c");
	buf_swap(&b, &c);
	expect_str(b.data, "c");
	expect_str(c.data, "");
	expect_eq(buf_empty[0], 0);
}

TEST(arena_aligns_and_does_not_overlap)
{
	struct rand r;
	struct arena a = ARENA_INIT;
	static char *pieces[400];
	static size_t sizes[400];

	rand_seed(&r, test_seed());
	for (int i = 0; i < 400; i++) {
		sizes[i] = rand_below(&r, i % 40 == 0 ? 200000 : 300);
		pieces[i] = arena_alloc(&a, sizes[i]);
		expect_eq((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], i & 127, sizes[i]);
	}
	for (int i = 0; i < 400; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			expect_eq(pieces[i][j], i & 127);
	arena_done(&a);
}

TEST(arena_reset_keeps_little)
{
	struct arena a = ARENA_INIT;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++)
			expect_eq(*(char *)arena_zalloc(&a, 500), 0);
		memset(arena_alloc(&a, 1 << 20), 0xff, 1 << 20);
		expect(a.used_bytes >= 1500000);
		arena_reset(&a);
		expect_eq(a.used_bytes, 0);
	}
	arena_done(&a);
	expect(a.blocks == NULL);
	arena_reset(&a);
	arena_done(&a);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

TEST(arena_poisons_what_is_not_handed_out)
{
	struct arena a = ARENA_INIT;
	char *piece = arena_alloc(&a, 5), *next = arena_alloc(&a, 5);

	expect(!__asan_address_is_poisoned(piece + 4) && __asan_address_is_poisoned(piece + 5));
	expect(__asan_address_is_poisoned(next - 1) && !__asan_address_is_poisoned(next));
	arena_reset(&a);
	expect(__asan_address_is_poisoned(piece) && __asan_address_is_poisoned(next));
	arena_done(&a);
}
#endif

TEST(arena_texts)
{
	struct arena a = ARENA_INIT;
	static char long_text[5000];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	expect_str(arena_strdup(&a, "abc"), "abc");
	expect_str(arena_strndup(&a, "abcdef", 3), "abc");
	expect_str(arena_slice_str(&a, SLICE_NULL), "");
	expect(slice_is_null(arena_dup(&a, SLICE_NULL)));
	expect(!slice_is_null(arena_dup(&a, slice_str(""))));
	expect_str(arena_printf(&a, "%s-%d", "a", 7), "a-7");
	expect_str(arena_printf(&a, "%s", long_text), long_text);
	arena_done(&a);
}

TEST(mem_grow_doubles)
{
	size_t cap = 0, moves = 0;
	int *array = NULL;

	for (size_t n = 1; n <= 1000; n++) {
		size_t was = cap;

		array = mem_grow(array, &cap, n, sizeof *array);
		moves += cap != was;
		expect(cap >= n);
		array[n - 1] = (int)n;
	}
	for (size_t n = 1; n <= 1000; n++)
		expect_eq(array[n - 1], n);
	expect(moves <= 8);
	free(array);
}

TEST(mem_strings)
{
	char *a = mem_strdup("abc"), *b = mem_strndup("abcdef", 2), *c = mem_strndup(NULL, 0);

	expect_str(a, "abc");
	expect_str(b, "ab");
	expect_str(c, "");
	free(a);
	free(b);
	free(c);
	free(mem_alloc(0));
}

TEST(secret_is_wiped)
{
	static const struct secret zero;
	struct secret s = { .hidden_len = 0 };
	char longest[SECRET_MAX];

	memset(longest, 'p', sizeof longest);
	secret_set(&s, slice_of(longest, sizeof longest));
	expect_slice(secret_reveal(&s), slice_of(longest, sizeof longest));
	secret_set(&s, slice_str("short"));
	expect_slice(secret_reveal(&s), slice_str("short"));
	expect(s.hidden[5] == 0 &&
	    s.hidden[SECRET_MAX - 1] == 0); /* nothing of the longer one is left */
	secret_done(&s);
	expect(memcmp(&s, &zero, sizeof s) == 0);
}

static void
longer_than_its_room(void)
{
	struct buf b = { .data = (char[4]){ "abc" }, .len = 4, .cap = 4 };

	buf_truncate(&b, 0);
}

TEST(a_buf_without_room_for_its_end_ends_the_process)
{
	expect_check_fails(longer_than_its_room, "b->len < b->cap");
}
