#include "base/option.h"
#include "base/parse.h"
#include "test.h"

#include <stdlib.h>

struct settings {
	bool verbose;
	int64_t port;
	usec timeout;
	uint64_t memory;
	const char *dir, *http;
	int on_lock;
	struct option_list cells;
};

#define FIELD(f) offsetof(struct settings, f)

/* clang-format off */
static const struct option table[] = {
	{ "verbose", OPT_BOOL, FIELD(verbose), NULL, 0, 0, NULL, NULL, "Says more." },
	{ "mysql-port", OPT_INT, FIELD(port), "3306", 1, 65535, NULL, "PORT", "Where to listen." },
	{ "timeout", OPT_DURATION, FIELD(timeout), "30s", 1, 60 * MINUTE, NULL, NULL, "How long to wait." },
	{ "memory", OPT_SIZE, FIELD(memory), "64M", 1024, INT64_C(1) << 40, NULL, "BYTES",
	    "How much memory the rows of one chunk may use before it is made smaller, "
	    "which is never less than one row." },
	{ "dir", OPT_STRING, FIELD(dir), NULL, 0, 0, NULL, "DIR", "Where." },
	{ "http", OPT_ADDRESS, FIELD(http), "127.0.0.1:0", 0, 0, NULL, "ADDR", "Where to serve." },
	{ "on-lock", OPT_ENUM, FIELD(on_lock), "wait", 0, 0, "abort|wait|kill", "WHAT", "What to do." },
	{ "cell", OPT_LIST, FIELD(cells), NULL, 0, 0, NULL, "NAME", "Which cells." },
	{ 0 },
};
/* clang-format on */

static struct err err;
static const char *rest[4];
static int rest_count;

static int
parse(struct settings *s, char **argv)
{
	rest_count = 4;
	expect_ok(option_defaults(table, s, &err), &err);
	return option_parse(table, s, argv, rest, &rest_count, &err);
}

#define ARGS(...) ((char *[]){ (char[]){ "prog" }, __VA_ARGS__, NULL })
#define A(text)   ((char[]){ text })

TEST(option_defaults_come_from_the_rows)
{
	struct settings s;

	memset(&s, 0xff, sizeof s);
	expect_ok(option_defaults(table, &s, &err), &err);
	expect(!s.verbose && s.port == 3306 && s.timeout == 30 * SECOND && s.memory == 64 << 20);
	expect_str(s.http, "127.0.0.1:0");
	expect(s.dir == NULL && s.on_lock == 1 && s.cells.count == 0);
}

TEST(option_ways_to_write_one)
{
	struct settings s;

	expect_ok(parse(&s,
		      ARGS(A("--mysql_port=1"), A("-timeout"), A("2s"), A("x"), A("--verbose"),
			  A("--dir="), A("--cell=a"), A("--cell"), A("b"), A("--on-lock=kill"),
			  A("--"), A("--dir"), A("-"))),
	    &err);
	expect(s.port == 1 && s.timeout == 2 * SECOND && s.verbose && s.on_lock == 2);
	expect_str(s.dir, "");
	expect_eq(s.cells.count, 2);
	expect_str(s.cells.items[1], "b");
	expect_eq(rest_count, 3);
	expect_str(rest[0], "x");
	expect_str(rest[1], "--dir");
	expect_str(rest[2], "-");
	expect_ok(parse(&s, ARGS(A("--verbose"), A("--no-verbose"))), &err);
	expect(!s.verbose);
	expect_ok(parse(&s, ARGS(A("--http=[::1]:80"))), &err);
	expect_str(s.http, "[::1]:80");
	expect_ok(parse(&s, ARGS(A("--verbose=on"))), &err);
	expect(s.verbose);
}

static void
refused(char **argv, const char *text)
{
	struct settings s;

	err_clear(&err);
	expect_eq(parse(&s, argv), -1);
	expect_str(err.text, text);
	expect_eq(err.kind, ERR_REFUSED);
}

TEST(option_refusals_name_the_option)
{
	refused(ARGS(A("--mysql-port=0")), "option '--mysql-port': 0 is not between 1 and 65535");
	refused(ARGS(A("--mysql-port=x")),
	    "option '--mysql-port': 'x' is not a whole number of 64 bits");
	refused(ARGS(A("--timeout=0")), "option '--timeout': the value is not between 1us and 1h");
	refused(ARGS(A("--memory=16777215T")),
	    "option '--memory': 9223372036854775807 is not between 1024 and 1099511627776");
	refused(
	    ARGS(A("--on-lock=ignore")), "option '--on-lock': 'ignore' is none of abort|wait|kill");
	refused(ARGS(A("--on-lock=abort|wait")),
	    "option '--on-lock': 'abort|wait' is none of abort|wait|kill");
	refused(ARGS(A("--http=here")),
	    "option '--http': 'here' is not an address such as 127.0.0.1:3306 or [::1]:3306");
	refused(ARGS(A("--dir")), "option '--dir' needs a value");
	refused(ARGS(A("--no-dir")), "unknown option '--no-dir'");
	refused(ARGS(A("--verbose=maybe")), "option '--verbose': 'maybe' is not true or false");
	refused(ARGS(A("a"), A("b"), A("c"), A("d"), A("e")), "unexpected argument 'e'");
}

TEST(option_suggestions)
{
	static const char *const names[] = { "create", "complete", "switchtraffic", NULL };

	refused(ARGS(A("--mysql-prt=1")), "unknown option '--mysql-prt'");
	expect_str(err.hint, "did you mean '--mysql-port'?");
	refused(ARGS(A("--xyzzy")), "unknown option '--xyzzy'");
	expect_str(err.hint, "");
	expect_str(option_suggest("crate", names), "create");
	expect_str(option_suggest("swichtrafic", names), "switchtraffic");
	expect(option_suggest("drop", names) == NULL);
	expect(option_suggest("", names) == NULL);
}

TEST(option_list_is_bounded)
{
	struct settings s;
	static char item[] = "--cell=x";
	char *argv[OPTION_LIST_MAX + 3] = { item };

	for (int i = 1; i <= OPTION_LIST_MAX + 1; i++)
		argv[i] = item;
	expect_eq(parse(&s, argv), -1);
	argv[OPTION_LIST_MAX + 1] = NULL;
	expect_ok(parse(&s, argv), &err);
	expect_eq(s.cells.count, OPTION_LIST_MAX);
}

TEST(option_help_fits_the_screen)
{
	char *text = NULL;
	size_t size = 0, column = 0;
	FILE *out = open_memstream(&text, &size);

	option_help(table, out);
	fclose(out);
	for (size_t i = 0; i < size; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		expect(column <= 80);
	}
	expect(strstr(text, "  --mysql-port=PORT             Where to listen. (default 3306)\n") !=
	    NULL);
	expect(strstr(text, "  --on-lock=abort|wait|kill     What to do. (default wait)\n") != NULL);
	expect(strstr(text, "  --cell=NAME                   Which cells. (may be repeated)\n") !=
	    NULL);
	free(text);
}

TEST(option_uses_are_read_as_they_were_written)
{
	struct settings s;
	struct option_use u;
	char **argv = ARGS(A("a"), A("--mysql_port=1"), A("-timeout"), A("--verbose"),
	    A("--no-verbose"), A("--verbose=on"), A("-"), A("--"), A("--dir=x"));

	expect_eq(parse(&s, argv), -1); /* the timeout is none, but it is taken for one */
	expect(option_given(table, argv, "mysql-port") && option_given(table, argv, "verbose"));
	expect(!option_given(table, argv, "dir") && !option_given(table, argv, "memory"));
	expect(option_next(table, &argv, &u));
	expect_str(u.option->name, "mysql-port");
	expect_str(u.value, "1");
	expect(option_next(table, &argv, &u));
	expect_str(u.value, "--verbose");
	expect(option_next(table, &argv, &u) && u.negated && u.value == NULL);
	expect(option_next(table, &argv, &u) && !u.negated);
	expect_str(u.value, "on");
	expect(!option_next(table, &argv, &u));
	argv = (char *[]){ A("prog"), NULL };
	expect(!option_next(table, &argv, &u) && !option_next(table, &argv, &u));
}
