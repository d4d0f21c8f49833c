#include "test.h"

#include "base/clock.h"
#include "base/parse.h"
#include "base/rand.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	DEADLINE_S =
	    300,       /* a test that takes longer hangs: the dearest takes ten seconds of a core */
	NFTW_FDS = 16, /* folders held open while removing one */
	SHOWN_MAX = 160, /* bytes of a slice that a failure prints */
};

struct run {
	uint64_t seed;
	int deadline_ms;
	int passed, failed;
	const char *only;
	const char *base; /* asked once: how much room there is changes */
};

static struct test_case *first_case;
static uint64_t current_seed;
static char current_dir[128];

/* Constructors run in an order of the linker's; sorted by file and then as written is easier to read. */
void
test_register(struct test_case *t)
{
	struct test_case **at = &first_case;

	while (*at != NULL && strcmp((*at)->file, t->file) <= 0)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

uint64_t
test_seed(void)
{
	return current_seed;
}

const char *
test_dir(void)
{
	if (mkdir(current_dir, 0755) != 0 && errno != EEXIST)
		test_fail(__FILE__, __LINE__, "mkdir '%s': %s", current_dir, strerror(errno));
	return current_dir;
}

_Noreturn void
test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	_exit(1); /* not exit(): other threads may be running, and leaks no longer matter */
}

void
test_eq_int(const char *file, int line, const char *what, int64_t got, int64_t want)
{
	if (got != want)
		test_fail(
		    file, line, "%s: got %lld, want %lld", what, (long long)got, (long long)want);
}

static void
print_slice(const char *label, struct slice s)
{
	fprintf(stderr, "  %s (%zu) \"", label, s.len);
	for (size_t i = 0; i < s.len && i < SHOWN_MAX; i++) {
		if (s.ptr[i] >= ' ' && s.ptr[i] < 0x7f)
			fputc(s.ptr[i], stderr);
		else
			fprintf(stderr, "\\x%02x", s.ptr[i]);
	}
	fprintf(stderr, s.len > SHOWN_MAX ? "\"...\n" : "\"\n");
}

void
test_eq_slice(const char *file, int line, const char *what, struct slice got, struct slice want)
{
	if (slice_eq(got, want))
		return;
	print_slice("got ", got);
	print_slice("want", want);
	test_fail(file, line, "%s differs", what);
}

/* What fn wrote to stderr, and how its process ended. */
static int
run_apart(test_fn *fn, FILE *said)
{
	int status;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	check(pid >= 0);
	if (pid == 0) {
		check(dup2(fileno(said), STDERR_FILENO) >= 0);
		fn();
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid);
	return status;
}

void
test_check_fails(const char *file, int line, test_fn *fn, const char *part)
{
	static const char failed[] = "check failed: ";
	FILE *said = tmpfile();
	char text[512] = "";

	check(said != NULL);
	int status = run_apart(fn, said);

	rewind(said);
	while (strstr(text, failed) == NULL && fgets(text, sizeof text, said) != NULL)
		; /* what was logged before */
	fclose(said);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		test_fail(file, line, "no check failed, but '%s' was to", part);
	if (strstr(text, failed) == NULL || strstr(text, part) == NULL)
		test_fail(file, line, "not the check of '%s' failed, but %s", part, text);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path); /* best effort: what is left shows in /tmp */
	return 0;
}

static void
mask_child(int how)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	check(sigprocmask(how, &child, NULL) == 0);
}

/* Where tests make their folders, as tests/system/lib/datadir.py has it: in memory where there is room,
 * since a disk that is busy holds up a server for minutes. */
static const char *
base(void)
{
	static const char memory[] = "/dev/shm";
	const uint64_t enough = 8ULL << 30; /* several tests at once have a few hundred MB each */
	const char *wanted = getenv("SWITCHYARD_TEST_BASE");
	struct statvfs room;

	if (wanted != NULL && wanted[0] != 0)
		return wanted;
	if (statvfs(memory, &room) != 0 || (uint64_t)room.f_bavail * room.f_frsize < enough)
		return "/tmp";
	return memory;
}

static void
name_dir(char *out, size_t size, const struct run *r, pid_t pid)
{
	snprintf(out, size, "%s/switchyard-test.%d", r->base, (int)pid);
}

_Noreturn static void
run_child(const struct test_case *t, const struct run *r)
{
	setpgid(0, 0); /* so that what the test starts can be ended with it */
	mask_child(SIG_UNBLOCK);
	name_dir(current_dir, sizeof current_dir, r, getpid());
	t->fn();
	exit(0); /* exit(): sanitizers look for leaks in it */
}

/* What became of pid, or -1 when the deadline passed first. SIGCHLD is blocked. */
static int
wait_child(pid_t pid, int deadline_ms)
{
	usec end = clock_mono() + deadline_ms * MSEC;
	int status = -1;
	pid_t ended;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_mono() < end) {
		usec left = end - clock_mono();
		struct timespec t = { left / SECOND, left % SECOND * 1000 };

		check(left < 0 || sigtimedwait(&child, NULL, &t) >= 0 || errno == EAGAIN ||
		    errno == EINTR);
	}
	check(ended >= 0);
	kill(-pid, SIGKILL);
	if (ended == 0) {
		kill(pid, SIGKILL); /* it may not have made its group yet */
		check(waitpid(pid, NULL, 0) == pid);
		return -1;
	}
	return status;
}

static void
describe(const struct test_case *t, const struct run *r, int status)
{
	printf("FAIL %s (%s): ", t->name, t->file);
	if (status == -1)
		printf("no end after %d ms", r->deadline_ms);
	else if (WIFSIGNALED(status))
		printf("killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		printf("exit status %d", WEXITSTATUS(status));
	printf("; TEST_SEED=%llu\n", (unsigned long long)r->seed);
	fflush(stdout);
}

static void
run_case(const struct test_case *t, struct run *r)
{
	char dir[128];
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	check(pid >= 0);
	if (pid == 0)
		run_child(t, r);
	int status = wait_child(pid, r->deadline_ms);

	name_dir(dir, sizeof dir, r, pid);
	nftw(dir, remove_one, NFTW_FDS, FTW_DEPTH | FTW_PHYS);
	if (status == 0) {
		r->passed++;
		return;
	}
	r->failed++;
	describe(t, r, status);
}

static uint64_t
number_from_env(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	struct err err = { 0 };
	uint64_t v = fallback;

	if (text == NULL || parse_u64(slice_str(text), &v, &err) == 0)
		return v;
	fprintf(stderr, "$%s: %s\n", name, err.text);
	exit(2);
}

/* Of all tests that are asked for: every parts-th, from number part (1 is the first) on. */
static void
run_part(struct run *r, uint64_t part, uint64_t parts)
{
	uint64_t number = 0;

	if (part < 1 || part > parts) {
		fprintf(stderr, "$TEST_PART: not between 1 and $TEST_PARTS\n");
		exit(2);
	}
	for (const struct test_case *t = first_case; t != NULL; t = t->next)
		if ((r->only == NULL || strstr(t->name, r->only) != NULL) &&
		    number++ % parts == part - 1)
			run_case(t, r);
}

int
main(void)
{
	uint64_t fresh;
	struct run r = { .only = getenv("TEST_ONLY") };

	mask_child(SIG_BLOCK); /* wait_child() takes it when it comes */
	rand_secret(&fresh, sizeof fresh);
	r.seed = current_seed = number_from_env("TEST_SEED", fresh);
	r.base = base();
	r.deadline_ms = (int)number_from_env("TEST_DEADLINE_S", DEADLINE_S) * 1000;
	run_part(&r, number_from_env("TEST_PART", 1), number_from_env("TEST_PARTS", 1));
	printf("%d passed, %d failed\n", r.passed, r.failed);
	if (r.passed + r.failed == 0)
		fprintf(stderr, "no test is named like '%s'\n", r.only == NULL ? "" : r.only);
	return r.failed == 0 && r.passed > 0 ? 0 : 1;
}
