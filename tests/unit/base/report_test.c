/* What people and machines read: err, log, check, metric, fsm, fault. */
#include "base/err.h"
#include "base/fault.h"
#include "base/fsm.h"
#include "base/log.h"
#include "base/metric.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(err_gathers_context_and_keeps_its_kind)
{
	struct err err = { 0 }, copy;

	expect_eq(err_set(&err, ERR_SERVER, "query failed: '%s'", "x"), -1);
	err.mysql_errno = 1205;
	memcpy(err.sqlstate, "HY000", 6);
	expect_eq(err_hint(&err, "try %d", 2), -1);
	expect_eq(err_wrap(&err, "copying '%s'", "users"), -1);
	expect_str(err.text, "copying 'users': query failed: 'x'");
	expect_str(err.hint, "try 2");
	expect(err.kind == ERR_SERVER && err.mysql_errno == 1205 &&
	    strcmp(err.sqlstate, "HY000") == 0);
	expect_eq(err_copy(&copy, &err), -1);
	expect_str(copy.text, err.text);
	expect_eq(err_set(&err, ERR_RETRY, "again after: %s", err.text), -1); /* from its own text */
	expect_str(err.text, "again after: copying 'users': query failed: 'x'");
	expect(err.mysql_errno == 0 && err.hint[0] == '\0' && err.sqlstate[0] == '\0');
	err_clear(&err);
	expect_eq(err.kind, ERR_NONE);
}

TEST(err_cuts_what_does_not_fit)
{
	struct err err = { 0 };
	char longest[2000];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (size_t len = ERR_TEXT_MAX - 4; len < ERR_TEXT_MAX + 4; len++) {
		err_set(&err, ERR_REFUSED, "%s", longest);
		expect_eq(strlen(err.text), ERR_TEXT_MAX - 1);
		err_wrap(&err, "%.*s", (int)len, longest);
		expect(strlen(err.text) >= len || strlen(err.text) == ERR_TEXT_MAX - 1);
		expect(strlen(err.text) < ERR_TEXT_MAX);
	}
	err_wrap(&err, "context");
	expect(strncmp(err.text, "context: xxx", 12) == 0);
}

TEST(err_of_system_calls)
{
	struct err err = { 0 };

	expect_eq(err_errno(&err, ECONNREFUSED, "connecting to '%s'", "h:1"), -1);
	expect_str(err.text, "connecting to 'h:1': Connection refused");
	expect_eq(err.kind, ERR_RETRY);
	err_errno(&err, ENOENT, "opening");
	expect_eq(err.kind, ERR_NOT_FOUND);
	err_errno(&err, ETIMEDOUT, "reading");
	expect_eq(err.kind, ERR_TIMEOUT);
	err_errno(&err, EINVAL, "binding");
	expect_eq(err.kind, ERR_REFUSED);
}

TEST(err_kinds_have_names_of_their_own)
{
	for (int i = ERR_NONE; i <= ERR_SERVER; i++)
		for (int k = ERR_NONE; k < i; k++)
			expect(strcmp(err_kind_name((enum err_kind)i),
				   err_kind_name((enum err_kind)k)) != 0);
	expect_str(err_kind_name(ERR_NOT_FOUND), "not found");
}

/* Runs fn with stderr in a file and returns what it wrote, in out. */
static int
captured(void (*fn)(void), char *out, size_t size)
{
	char path[128];
	int status;

	snprintf(path, sizeof path, "%s/stderr", test_dir());
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

		dup2(fd, STDERR_FILENO);
		fn();
		_exit(0);
	}
	expect(waitpid(pid, &status, 0) == pid);
	FILE *in = fopen(path, "r");

	expect(in != NULL);
	out[fread(out, 1, size - 1, in)] = '\0';
	fclose(in);
	return status;
}

static const char *
who_users(void)
{
	return "stream 3 users";
}

static void
log_some(void)
{
	log_debug("not shown");
	log_set_who(who_users);
	log_info("copy done rows=%d", 7);
	log_set_who(NULL);
	errno = EBADF;
	log_warn("a\nb\tc\x1b[31m\x7f");
	check(errno == EBADF);
	log_set_level(LOG_ERROR);
	log_warn("not shown");
	log_error("last");
	log_set_level(LOG_OFF);
	log_error("not shown");
}

TEST(log_lines)
{
	static char out[4096];
	char *line = out;
	/* clang-format off */
	static const char *const want[] = {
		" INFO  stream 3 users: copy done rows=7", " WARN  a\\nb\\tc\\x1b[31m\\x7f", " ERROR last" };

	expect_eq(captured(log_some, out, sizeof out), 0);
	for (int i = 0; i < 3; i++) {
		char *end = strchr(line, '\n');

		expect(end != NULL && end - line > 27);
		*end = '\0';
		expect(line[10] == 'T' && line[26] == 'Z' && line[19] == '.');
		expect_str(line + 27, want[i]);
		line = end + 1;
	}
	/* clang-format on */
	expect_str(line, "");
}

static void
log_long(void)
{
	static char longest[10000];

	memset(longest, '\n', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	log_info("%s", longest);
}

TEST(log_line_of_any_length_is_one_line)
{
	static char out[8192];

	expect_eq(captured(log_long, out, sizeof out), 0);
	size_t len = strlen(out);

	expect(len > 1500 && len <= 2048 && strchr(out, '\n') == out + len - 1);
}

static void
break_a_promise(void)
{
	check(1 + 1 == 3);
}

TEST(check_says_what_and_where)
{
	static char out[8192];
	int status = captured(break_a_promise, out, sizeof out);

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	expect(strstr(out, "report_test.c:") != NULL &&
	    strstr(out, "check failed: 1 + 1 == 3\n") != NULL);
}

TEST(histogram_buckets_and_quantiles)
{
	struct histogram h = { .total = 0 };

	expect_eq(histogram_quantile(&h, 0.5), 0);
	histogram_add(&h, 100); /* a bound belongs to its bucket */
	histogram_add(&h, 101);
	histogram_add(&h, -5);
	histogram_add(&h, 300 * SECOND); /* past the last bound */
	expect(
	    h.counts[0] == 2 && h.counts[1] == 1 && h.counts[METRIC_BUCKETS] == 1 && h.total == 4);
	expect_eq(h.max, 300 * SECOND);
	expect_eq(histogram_quantile(&h, 0.5), 100);
	expect_eq(histogram_quantile(&h, 0.75), 200);
	expect_eq(histogram_quantile(&h, 1), 300 * SECOND);
	expect_eq(histogram_quantile(&h, 0), 100);
}

TEST(metrics_in_prometheus_text)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct histogram h = { .total = 0 };

	metric_print(&out, "sy_rows_total", "Rows\ncopied.", "table=\"users\"", 12345678901.0);
	metric_print(&out, "sy_rows_total", NULL, "table=\"orders\"", 0.5);
	metric_print(&out, "sy_lag", "Lag.", NULL, 1e300 * 1e300);
	expect_str(out.data,
	    "# HELP sy_rows_total Rows\\ncopied.\n# TYPE sy_rows_total counter\n"
	    "sy_rows_total{table=\"users\"} 12345678901\nsy_rows_total{table=\"orders\"} 0.5\n"
	    "# HELP sy_lag Lag.\n# TYPE sy_lag gauge\nsy_lag +Inf\n");
	buf_reset(&out);
	histogram_add(&h, 250);
	histogram_add(&h, 500 * SECOND);
	metric_print_histogram(&out, "sy_wait", "Wait.", &h);
	expect(strstr(out.data,
		   "sy_wait_bucket{le=\"0.0001\"} 0\nsy_wait_bucket{le=\"0.0002\"} 0\n"
		   "sy_wait_bucket{le=\"0.0004\"} 1\n") != NULL);
	expect(strstr(out.data,
		   "sy_wait_bucket{le=\"104.8576\"} 1\nsy_wait_bucket{le=\"+Inf\"} 2\n"
		   "sy_wait_sum 500.00025\nsy_wait_count 2\n") != NULL);
}

TEST(metric_labels)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	SCOPED(buf) struct buf labels = BUF_INIT;
	struct histogram h = { .total = 0 };

	metric_label(&labels, "step", "hold");
	metric_label(&labels, "table", "a\"b\\c\nd");
	expect_str(labels.data, "step=\"hold\",table=\"a\\\"b\\\\c\\nd\"");
	histogram_add(&h, 250);
	metric_print_histogram_of(&out, "sy_step", NULL, "step=\"hold\"", &h);
	expect(strncmp(out.data, "sy_step_bucket{step=\"hold\",le=\"0.0001\"} 0\n", 42) == 0);
	expect(strstr(out.data,
		   "sy_step_bucket{step=\"hold\",le=\"+Inf\"} 1\n"
		   "sy_step_sum{step=\"hold\"} 0.00025\nsy_step_count{step=\"hold\"} 1\n") != NULL);
}

enum { IDLE, RUNNING, DONE };

static const struct fsm_state states[] = {
	[IDLE] = { "idle", FSM_TO(RUNNING), "nothing runs" },
	[RUNNING] = { "running", FSM_TO(IDLE) | FSM_TO(DONE), "it runs" },
	[DONE] = { "done", 0, "it ran" },
};
static const struct fsm toy = { "toy", states, 3 };

static void
move_where_no_edge_is(void)
{
	fsm_check(&toy, IDLE, DONE);
}

static void
move_along(void)
{
	fsm_moved(&toy, "train", RUNNING, RUNNING);
	fsm_moved(&toy, "train", RUNNING, DONE);
}

TEST(fsm_goes_along_its_edges_only)
{
	static char out[8192];

	expect(fsm_may(&toy, IDLE, RUNNING) && !fsm_may(&toy, IDLE, DONE) &&
	    fsm_may(&toy, IDLE, IDLE));
	expect(fsm_may(&toy, RUNNING, IDLE) && !fsm_may(&toy, DONE, IDLE));
	fsm_check(&toy, RUNNING, DONE);
	expect_str(fsm_name(&toy, DONE), "done");
	expect_eq(fsm_find(&toy, "running"), RUNNING);
	expect_eq(fsm_find(&toy, "runnin"), -1);
	int status = captured(move_where_no_edge_is, out, sizeof out);

	expect(WIFSIGNALED(status) && strstr(out, "a toy does not go from idle to done") != NULL);
	expect(strstr(out, "fsm_may") != NULL);
	expect_eq(captured(move_along, out, sizeof out), 0);
	expect(strstr(out, "toy train: running -> done: it ran\n") != NULL);
	expect(strstr(out, "-> running") == NULL);
}

TEST(fault_acts_on_its_passage_once)
{
	struct err err = { 0 };

	expect(!fault("a.before"));
	expect_ok(fault_arm("a.before=error@2, b.after=sleep:250", &err), &err);
	expect(!fault("a.before") && !fault("a") && !fault("a.before.x"));
	expect(fault("a.before"));
	expect(!fault("a.before"));
	expect_eq(fault_sleep_ms("a.before"), 0);
	expect(!fault("b.after"));
	expect_eq(fault_sleep_ms("b.after"), 250);
	expect_eq(fault_sleep_ms("b.after"), 0);
	expect_ok(fault_arm("c.x=error", &err), &err);
	fault_disarm_all();
	expect(!fault("c.x"));
}

TEST(fault_with_a_star_is_of_all_that_begin_so)
{
	struct err err = { 0 };

	expect_ok(fault_arm("a.b*=error@2", &err), &err);
	expect(!fault("a.c") && !fault("a.bc") && !fault("a"));
	expect(fault("a.b"));
	expect(!fault("a.b"));
}

static void
wait_stopped(pid_t child)
{
	int status;

	expect(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	expect(kill(child, SIGCONT) == 0);
}

TEST(fault_stops_at_every_passage_until_somebody_lets_it_go_on)
{
	struct err err = { 0 };
	int status;

	expect_ok(fault_arm("a.*=stop@2", &err), &err);
	pid_t child = fork();

	if (child == 0)
		_exit(fault("a.b") || fault("a.c") || fault("a.d") || fault("b"));
	wait_stopped(child);
	wait_stopped(child);
	expect(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(fault_refuses_what_it_does_not_understand)
{
	static const char *const wrong[] = { "a", "a=", "=kill", "a=explode", "a=error@0",
		"a=error@", "a=sleep", "a=sleep:-1", "a=kill,b", "a=error@x" };
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (fault_arm(wrong[i], &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' is accepted", wrong[i]);
	expect(!fault("a")); /* a list with one wrong item arms nothing */
	expect_ok(fault_arm("", &err), &err);
}

static void
die_of_the_environment(void)
{
	setenv("SWITCHYARD_FAULTS", "x.y.before=kill@2", 1);
	check(!fault("x.y.before"));
	fault("x.y.before");
}

static void
misspell(void)
{
	setenv("SWITCHYARD_FAULTS", "x.y.before=kil", 1);
	fault("z");
}

TEST(fault_reads_the_environment)
{
	static char out[4096];
	int status = captured(die_of_the_environment, out, sizeof out);

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = captured(misspell, out, sizeof out);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}
