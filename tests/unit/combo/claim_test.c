#include "combo/claim.h"
#include "combo/report.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct places *
some_places(int port_base)
{
	struct places *p = calloc(1, sizeof *p);
	struct err err = { 0 };

	expect_ok(places_init(p, test_dir(), port_base, &err), &err);
	expect_ok(places_make(p, &err), &err);
	return p;
}

/* Could a program that asks for it as ours do listen there? */
static int
listen_at(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
port_is_free(int port)
{
	int fd = listen_at(port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A socket that holds the gate's port of a range whose other ports are free, below those that the
 * kernel gives to anybody. */
static int
take_gate_port(int *base)
{
	for (*base = 12000 + getpid() % 5000; *base < 30000; *base += 400) {
		struct sockaddr_in a = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			.sin_port = htons((uint16_t)(*base + PORT_GATE_MYSQL)) };
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (port_is_free(*base) && port_is_free(*base + PORT_GATE_HTTP) &&
		    bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

TEST(one_claim_per_data_directory)
{
	struct places *p = some_places(21000);
	struct claim *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);
	struct err err = { 0 };
	int base;

	expect_eq(claim_of(p, &base), 0);
	expect_eq(base, 0);
	expect_ok(claim_take(first, p, &err), &err);
	expect_eq(claim_of(p, &base), getpid());
	expect_eq(base, 21000);
	expect_eq(claim_take(second, p, &err), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "is in use by process") != NULL);
	claim_drop(second);
	claim_drop(first);
	expect_eq(claim_of(p, &base), 0);
	expect_eq(base, 21000); /* remembered */
	expect_ok(claim_take(second, p, &err), &err);
	claim_drop(second);
	free(first);
	free(second);
	free(p);
}

TEST(claim_ends_with_its_holder_and_not_with_asking)
{
	struct places *p = some_places(21000);
	struct claim *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	int base, go[2];
	char byte;
	pid_t pid;

	expect(pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		(void)!(claim_take(c, p, &err) == 0 && write(go[1], "x", 1) == 1);
		pause();
	}
	expect(read(go[0], &byte, 1) == 1);
	for (int i = 0; i < 100; i++)
		expect_eq(claim_of(p, &base), pid); /* asking takes nothing */
	expect_eq(claim_take(c, p, &err), -1);
	claim_drop(c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect_eq(claim_of(p, &base), 0);
	expect_ok(claim_take(c, p, &err), &err);
	claim_drop(c);
	free(c);
	free(p);
}

TEST(taken_port_is_refused_by_name)
{
	int base, fd = take_gate_port(&base), port = base + PORT_GATE_MYSQL;
	struct places *p = some_places(base);
	struct claim *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	char want[200];

	expect(!port_is_free(port));
	expect_eq(claim_take(c, p, &err), -1);
	snprintf(want, sizeof want, "port %d, for vtgate, is taken by another program", port);
	expect_str(err.text, want);
	claim_drop(c);
	close(fd);
	expect(port_is_free(port));
	free(c);
	free(p);
}

/* What an outgoing connection leaves behind, wherever the kernel put it: *port. */
static void
leave_time_wait(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ours, theirs;

	expect(bind(listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(listener, 1) == 0);
	expect(getsockname(listener, (struct sockaddr *)&a, &len) == 0);
	ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	expect(connect(ours, (struct sockaddr *)&a, sizeof a) == 0);
	theirs = accept(listener, NULL, NULL);
	len = sizeof a;
	expect(getsockname(ours, (struct sockaddr *)&a, &len) == 0);
	*port = ntohs(a.sin_port);
	close(ours); /* who closes first waits */
	close(theirs);
	close(listener);
}

/* Refused for vtgate's port, which an ended connection has; not for one of the ports beside it, which the
 * kernel may have given to anybody. */
static bool
is_refused_for_gate(struct err *err)
{
	struct claim *c = calloc(1, sizeof *c);
	char want[64];
	int port;

	leave_time_wait(&port);
	struct places *p = some_places(port - PORT_GATE_MYSQL);
	expect_eq(claim_take(c, p, err), -1);
	claim_drop(c);
	free(c);
	free(p);
	snprintf(want, sizeof want, "port %d, for vtgate, is taken", port);
	return strstr(err->text, want) != NULL;
}

TEST(port_of_a_connection_that_has_ended_is_refused_at_once)
{
	struct err err = { 0 };
	int tries = 1;

	while (!is_refused_for_gate(&err))
		expect(tries++ < 20);
	expect(strstr(err.hint, "among the ports that the kernel gives to outgoing connections") !=
	    NULL);
}

TEST(port_is_kept_while_its_program_is_away)
{
	struct claim *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	int base, fd = take_gate_port(&base), port = base + PORT_GATE_MYSQL;

	close(fd);
	struct places *p = some_places(base);
	expect_ok(claim_take(c, p, &err), &err);
	for (int i = 0; i < 3; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			.sin_port = htons((uint16_t)port) };
		int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		expect_eq(bind(other, (struct sockaddr *)&a, sizeof a), -1); /* nobody else gets it */
		close(other);
		fd = listen_at(port); /* ours does, again and again */
		expect(fd >= 0);
		close(fd);
	}
	claim_drop(c);
	expect(port_is_free(port));
	free(c);
	free(p);
}

TEST(uids_are_read_back)
{
	struct places *p = some_places(21000);
	struct claim *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	char path[PLACE_MAX];
	FILE *f;

	places_file(p, path, "tablets/%d", 7);
	f = fopen(path, "w");
	fprintf(f, "customer\n");
	fclose(f);
	places_file(p, path, "tablets/%d", 100); /* no uid of ours */
	f = fopen(path, "w");
	fprintf(f, "stranger\n");
	fclose(f);
	expect_ok(claim_take(c, p, &err), &err);
	expect_str(c->keyspaces[7], "customer");
	expect_str(c->keyspaces[1], "");
	claim_drop(c);
	free(c);
	free(p);
}

TEST(status_is_json_whatever_a_keyspace_is_called)
{
	struct places *p = some_places(21000);
	struct err err = { 0 };
	struct buf out = BUF_INIT;
	char path[PLACE_MAX];
	FILE *f;

	places_file(p, path, "tablets/%d", 7);
	f = fopen(path, "w");
	fprintf(f, "a\"b\\c\n");
	fclose(f);
	places_file(p, path, "run/server-%d.pid", 7);
	f = fopen(path, "w");
	fclose(f);
	expect_ok(report_status(p, true, &out, &err), &err);
	expect(strstr(out.data, "\"keyspace\":\"a\\\"b\\\\c\",") != NULL);
	buf_done(&out);
	free(p);
}
