/*
 * test.h - one process per test, a deadline for each, no longjmp.
 *
 * TEST(name) { ... } registers itself. Each runs in a forked child with a
 * deadline (300 s, $TEST_DEADLINE_S); the parent prints one line per failure
 * and ends with "N passed, N failed". $TEST_ONLY=substring picks tests,
 * $TEST_PART=2 with $TEST_PARTS=3 the second, fifth, eighth of them and so on,
 * $TEST_SEED sets test_seed(), which is printed when a test fails.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include "base/check.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

typedef void test_fn(void);

struct test_case {
	const char *name, *file;
	test_fn *fn;
	struct test_case *next;
};

void test_register(struct test_case *t);
uint64_t test_seed(void);
/* An empty folder of this test's own, removed when the test has ended. */
const char *test_dir(void);

#define TEST(test_name)                                                                            \
	static void test_##test_name(void);                                                        \
	__attribute__((constructor)) static void register_##test_name(void)                        \
	{                                                                                          \
		static struct test_case t = { #test_name, __FILE__, test_##test_name, 0 };         \
		test_register(&t);                                                                 \
	}                                                                                          \
	static void test_##test_name(void)

/* fn, in a process of its own, ends by a check() whose text has this part; anything else fails the test. */
void test_check_fails(const char *file, int line, test_fn *fn, const char *part);

_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void test_eq_int(const char *file, int line, const char *what, int64_t got, int64_t want);
void test_eq_slice(
    const char *file, int line, const char *what, struct slice got, struct slice want);

#define expect(expr) ((expr) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #expr))
#define expect_eq(got, want)                                                                       \
	test_eq_int(__FILE__, __LINE__, #got " == " #want, (int64_t)(got), (int64_t)(want))
#define expect_check_fails(fn, part) test_check_fails(__FILE__, __LINE__, (fn), (part))
#define expect_str(got, want)                                                                      \
	test_eq_slice(__FILE__, __LINE__, #got, slice_str(got), slice_str(want))
#define expect_slice(got, want) test_eq_slice(__FILE__, __LINE__, #got, (got), (want))
/* The call returned 0; prints the err otherwise. */
#define expect_ok(call, err_ptr)                                                                   \
	((call) == 0 ? (void)0 : test_fail(__FILE__, __LINE__, "%s: %s", #call, (err_ptr)->text))

#endif
