/*
 * login_memory_test.c - when a login is over, no byte of this process's memory is of the password.
 *
 * The server is a process of its own, so that what it was shown is not found here.
 */
#include "base/mem.h"
#include "golden/golden.h"
#include "mysql/login.h"
#include "task/loop.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The password is this, but for one bit of each byte: it must not stand in the program itself. */
static const char inverse[] = "oncnex\041jonvr\041uihr\041nod\041ctu\041uid\041"
			      "uvn\041ng\041tr\055\041\140oe\041hu\041hr\041onu\041rinsu";
/* Its end is looked for: memory that was freed has its first bytes taken for the allocator's lists. */
enum { LEN = sizeof(inverse) - 1, END_LEN = 20 };

static void
put_password(struct secret *out)
{
	char bytes[LEN];

	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (char)(inverse[i] ^ 1);
	secret_set(out, slice_of(bytes, LEN));
	explicit_bzero(bytes, sizeof(bytes));
}

static size_t
count_in(const char *bytes, size_t len)
{
	size_t found = 0;
	const char *end = inverse + LEN - END_LEN;

	for (size_t at = 0; at + END_LEN <= len; at++) {
		size_t same = 0;

		while (same < END_LEN && bytes[at + same] == (char)(end[same] ^ 1))
			same++;
		found += same == END_LEN;
	}
	return found;
}

static size_t
count_in_run(int mem, unsigned long begin, size_t len)
{
	char *copy = mem_alloc(len);
	ssize_t got = pread(mem, copy, len, (off_t)begin);
	size_t found = got <= 0 ? 0 : count_in(copy, (size_t)got);

	explicit_bzero(copy, len);
	free(copy);
	return found;
}

/* In the pages that exist: to look at others would make them, and a stack's depth is told by its pages. */
static size_t
count_in_region(int mem, unsigned long begin, unsigned long end)
{
	enum { PAGE = 4096 };
	size_t pages = (end - begin) / PAGE, found = 0, run = 0;
	unsigned char *exists = mem_zalloc(pages + 1);

	if (mincore((void *)begin, end - begin, exists) != 0)
		memset(exists, 0, pages);
	for (size_t i = 0; i <= pages; i++) {
		if ((exists[i] & 1) != 0) {
			run++;
			continue;
		}
		if (run > 0)
			found += count_in_run(mem, begin + (i - run) * PAGE, run * PAGE);
		run = 0;
	}
	free(exists);
	return found;
}

/* Copies of the password in all memory that can be written. */
static size_t
count_copies(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long begin, end;
	size_t found = 0;
	char line[512];

	check(maps != NULL && mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 && mode[1] == 'w' &&
		    end - begin <= 64 << 20)
			found += count_in_region(mem, begin, end);
	}
	fclose(maps);
	close(mem);
	return found;
}

/* ---- the server: says these, and hears what comes before each but the first ---- */

static void
serve(int listener, struct slice *said, int count)
{
	int fd = accept(listener, NULL, NULL);
	char bytes[1024];

	for (int i = 0; i < count; i++) {
		if (i > 0 && read(fd, bytes, sizeof(bytes)) <= 0)
			_exit(1);
		if (write(fd, said[i].ptr, said[i].len) != (ssize_t)said[i].len)
			_exit(1);
	}
	_exit(read(fd, bytes, sizeof(bytes)) == 0 ? 0 : 1);
}

static pid_t
start_server(const char *path, struct slice *said, int count)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	expect(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0);
	pid = fork();
	expect(pid >= 0);
	if (pid == 0)
		serve(fd, said, count);
	close(fd);
	return pid;
}

/* ---- */

static void
log_in(void *arg)
{
	struct secret password = { .hidden_len = 0 };
	struct mysql_params params = { .address = arg, .user = "app", .password = &password };
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };
	struct packets p;
	struct login who;
	struct conn *conn;

	put_password(&password);
	expect_eq(count_copies(), 1);
	expect_ok(net_connect(&cx, params.address, &conn), &err);
	packets_init(&p, conn);
	expect_ok(login(&cx, &p, &params, &who), &err);
	expect_eq(count_copies(), 1);
	packets_done(&p);
	conn_close(conn);
	secret_done(&password);
	expect_eq(count_copies(), 0);
}

static void
expect_nothing_left(struct slice *said, int count)
{
	char path[100], address[120];
	struct err err;
	struct loop *l = loop_new(&err);
	struct task *t;
	pid_t server;
	int status;

	snprintf(path, sizeof(path), "%s/sock", test_dir());
	snprintf(address, sizeof(address), "unix:%s", path);
	server = start_server(path, said, count);
	t = task_spawn("logs in", log_in, address);
	expect(l != NULL && t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
	expect_eq(waitpid(server, &status, 0), server);
	expect_eq(status, 0);
	expect_eq(remove(path), 0);
}

TEST(no_copy_of_a_password_is_left)
{
	static const char switch_to_sha256[] = "\x26\0\0\x02\xfe"
					       "sha256_password\0"
					       "01234567890123456789";
	static const char ok_4[] = "\x07\0\0\x04\0\0\0\x02\0\0\0",
			  ok_6[] = "\x07\0\0\x06\0\0\0\x02\0\0\0";
	SCOPED(buf) struct buf greeting = BUF_INIT, full = BUF_INIT, key = BUF_INIT;

	golden_read("mysql/login.golden", "greeting", &greeting);
	golden_read("mysql/login.golden", "full", &full);
	golden_read("mysql/login.golden", "key", &key);
	/* It is shown as it is, */
	struct slice by_socket[] = { buf_slice(&greeting), buf_slice(&full), slice_of(ok_4, 11) };
	expect_nothing_left(by_socket, 3);
	/* and encrypted. */
	struct slice by_key[] = { buf_slice(&greeting),
		slice_of(switch_to_sha256, sizeof(switch_to_sha256)), buf_slice(&key),
		slice_of(ok_6, 11) };
	expect_nothing_left(by_key, 4);
}
