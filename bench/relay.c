/*
 * relay.c - what a relayed statement and an idle client cost, without any protocol.
 *
 * usage: relay [CONNECTIONS [SECONDS [IDLE]]]      defaults 8, 5, 5000
 *
 * A child process relays: one task per client, as a gate has. This process is
 * the client and the server, both plain epoll. The same is done with a relay
 * of bare epoll callbacks for comparison. A "statement" is 100 bytes there and
 * 200 bytes back. Then IDLE clients connect, and the child's memory is read
 * before and after their stacks have been trimmed. The last line is JSON.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "task/bufpool.h"
#include "task/group.h"
#include "task/loop.h"
#include "task/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASK = 100, ANSWER = 200, EVENTS = 64, TRIMMED_AFTER_S = 12 };

/* ---- our relay ---- */

struct relay {
	struct listener *listener;
	struct group     clients;
	char             target[32];
};

struct client {
	struct relay *relay;
	struct conn  *conn;
};

static int
pass(struct ctx *cx, struct conn *from, struct conn *to, size_t len)
{
	struct buf *b = bufpool_take();
	char       *room = buf_grow(b, len);
	int         rc = conn_read_full(cx, from, room, len);

	if (rc == 0)
		rc = conn_write(cx, to, room, len);
	bufpool_give(b);
	return rc;
}

static void
client_main(void *arg)
{
	struct client c = *(struct client *)arg;
	struct err    err;
	struct ctx    cx = { .deadline = NEVER, .err = &err };
	struct conn  *server = NULL;

	free(arg);
	while (net_wait_readable(&cx, c.conn) == 0) {
		if (server == NULL && net_connect(&cx, c.relay->target, &server) != 0)
			break;
		if (pass(&cx, c.conn, server, ASK) != 0 || pass(&cx, server, c.conn, ANSWER) != 0)
			break;
	}
	conn_close(server);
	conn_close(c.conn);
}

static void
accept_main(void *arg)
{
	struct relay  *r = arg;
	struct err     err;
	struct ctx     cx = { .deadline = NEVER, .err = &err };
	struct client *c = mem_new(struct client);

	while (net_accept(&cx, r->listener, &c->conn) == 0) {
		c->relay = r;
		check(group_spawn(&r->clients, "client", client_main, c, &err) == 0);
		c = mem_new(struct client);
	}
}

static void
relay_by_tasks(int port, int target_port)
{
	struct err   err;
	struct relay r;
	char         address[32];

	struct loop *l = loop_new(&err);
	check(l != NULL);
	group_init(&r.clients);
	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	snprintf(r.target, sizeof(r.target), "127.0.0.1:%d", target_port);
	r.listener = net_listen(address, false, &err);
	check(r.listener != NULL);
	check(task_spawn("accept", accept_main, &r) != NULL);
	loop_run(l);
}

/* ---- plain sockets, for the other three ---- */

static int
listen_on(int port, int *got)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	socklen_t          len = sizeof(a);
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	check(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 4096) == 0);
	check(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	*got = ntohs(a.sin_port);
	return fd;
}

static int
connect_to(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int                one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int tries = 0; tries < 200; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
			check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
			return fd;
		}
		close(fd);
		usleep(10000);     /* the relay is starting */
	}
	check_failed(__FILE__, __LINE__, "nobody listens");
}

static void
watch(int epoll_fd, int fd, void *data)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = data };

	check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0);
}

/* Small enough that blocking sockets never block in the middle. */
static bool
move(int from, int to)
{
	char    bytes[2048];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);

	return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

struct side {
	int          fd;
	struct side *other;
};

static void
add_pair(int epoll_fd, int client, int target_port)
{
	struct side *s = mem_zalloc(2 * sizeof(*s));

	s[0] = (struct side){ client, &s[1] };
	s[1] = (struct side){ connect_to(target_port), &s[0] };
	watch(epoll_fd, s[0].fd, &s[0]);
	watch(epoll_fd, s[1].fd, &s[1]);
}

static void
relay_by_callbacks(int port, int target_port)
{
	struct epoll_event events[EVENTS];
	int                epoll_fd = epoll_create1(0), got, one = 1;
	struct side        door = { .fd = listen_on(port, &got) };

	watch(epoll_fd, door.fd, &door);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct side *s = events[i].data.ptr;
			if (s == &door) {
				int fd = accept(door.fd, NULL, NULL);
				check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
				add_pair(epoll_fd, fd, target_port);
			} else if (!move(s->fd, s->other->fd)) {
				(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
			}
		}
	}
}

static void *
server_main(void *arg)
{
	struct epoll_event events[EVENTS];
	int                listen_fd = *(int *)arg, epoll_fd = epoll_create1(0), one = 1;
	static const char  answer[ANSWER];
	char               ask[ASK];

	watch(epoll_fd, listen_fd, NULL);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = (int)(intptr_t)events[i].data.ptr;
			if (events[i].data.ptr == NULL) {
				fd = accept(listen_fd, NULL, NULL);
				check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
				watch(epoll_fd, fd, (void *)(intptr_t)fd);
			} else if (recv(fd, ask, ASK, MSG_WAITALL) != ASK
			    || send(fd, answer, ANSWER, MSG_NOSIGNAL) < 0) {
				close(fd);
			}
		}
	}
	return NULL;
}

/* Each connection asks again when it has its answer. Returns statements. */
static int64_t
load(int port, int connections, usec duration)
{
	struct epoll_event events[EVENTS];
	int                epoll_fd = epoll_create1(0);
	static const char  ask[ASK];
	char               answer[ANSWER];
	int64_t            statements = 0;
	usec               end = clock_mono() + duration;

	for (int i = 0; i < connections; i++) {
		int fd = connect_to(port);
		watch(epoll_fd, fd, (void *)(intptr_t)fd);
		check(send(fd, ask, ASK, MSG_NOSIGNAL) == ASK);
	}
	while (clock_mono() < end) {
		int n = epoll_wait(epoll_fd, events, EVENTS, 100);
		for (int i = 0; i < n; i++) {
			int fd = (int)(intptr_t)events[i].data.ptr;
			check(recv(fd, answer, ANSWER, MSG_WAITALL) == ANSWER);
			check(send(fd, ask, ASK, MSG_NOSIGNAL) == ASK);
			statements++;
		}
	}
	close(epoll_fd);     /* the connections end with the relay */
	return statements;
}

/* ---- measuring ---- */

typedef void relay_fn(int port, int target_port);

static pid_t
start(relay_fn *relay, int port, int target_port)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		relay(port, target_port);
		_exit(0);
	}
	return pid;
}

static double
cpu_of(pid_t pid)
{
	struct rusage u;

	kill(pid, SIGKILL);
	check(wait4(pid, NULL, 0, &u) == pid);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
	    + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static long
rss_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	check(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	fclose(f);
	return kb;
}

static int
free_port(void)
{
	int port, fd = listen_on(0, &port);

	close(fd);
	return port;
}

static double
measure(const char *name, relay_fn *relay, int target_port, int connections, int seconds)
{
	int     port = free_port();
	pid_t   pid = start(relay, port, target_port);
	int64_t n = load(port, connections, seconds * SECOND);
	double  us = cpu_of(pid) * 1e6 / (double)n;

	printf("%-10s %3d connections: %8.0f statements/s, %5.1f us of CPU each\n", name, connections,
	    (double)n / seconds, us);
	fflush(stdout);
	return us;
}

static void
measure_idle(int target_port, int count, double *fresh, double *trimmed)
{
	int   port = free_port();
	pid_t pid = start(relay_by_tasks, port, target_port);
	close(connect_to(port));
	usleep(100000);
	long before = rss_kb(pid);
	for (int i = 0; i < count; i++)
		(void)connect_to(port);    /* kept open to the end of this process */
	sleep(1);
	*fresh = (double)(rss_kb(pid) - before) / count;
	sleep(TRIMMED_AFTER_S);
	*trimmed = (double)(rss_kb(pid) - before) / count;
	(void)cpu_of(pid);
	printf("%d idle clients: %.1f KiB each at first, %.1f KiB after %d s\n", count, *fresh, *trimmed,
	    TRIMMED_AFTER_S);
}

static int
argument(char **argv, int argc, int i, int fallback)
{
	return argc > i ? (int)strtol(argv[i], NULL, 10) : fallback;
}

int
main(int argc, char **argv)
{
	int           connections = argument(argv, argc, 1, 8), seconds = argument(argv, argc, 2, 5);
	int           idle = argument(argv, argc, 3, 5000), target_port;
	int           listen_fd = listen_on(0, &target_port);
	struct rlimit files = { 65536, 65536 };
	pthread_t     server;
	double        fresh, trimmed;

	(void)setrlimit(RLIMIT_NOFILE, &files);    /* refused: IDLE may be too many, and says so */
	check(pthread_create(&server, NULL, server_main, &listen_fd) == 0);
	double plain = measure("callbacks", relay_by_callbacks, target_port, connections, seconds);
	double ours = measure("tasks", relay_by_tasks, target_port, connections, seconds);
	measure_idle(target_port, idle, &fresh, &trimmed);
	printf("{\"bench\":\"relay\",\"us\":%.1f,\"best\":%.1f,\"ratio\":%.2f,\"connections\":%d,"
	    "\"idle_kib\":%.1f,\"idle_trimmed_kib\":%.1f}\n", ours, plain, ours / plain, connections, fresh,
	    trimmed);
	return 0;
}
