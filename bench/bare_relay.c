/*
 * bare_relay.c - the floor under every proxy: two sockets, one epoll, and no understanding of what passes.
 *
 * usage: bare_relay PORT TARGET_PORT      both on loopback; port 0: any, which is printed
 *
 * One thread copies what it reads on one socket of a pair to the other. Whatever a proxy
 * costs beyond this is its own doing. It ends when it is killed.
 */
#include "base/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, BYTES = 16 * 1024 };

struct side {
	int          fd;
	struct side *other;
};

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int
listen_on(int port)
{
	struct sockaddr_in a = loopback(port);
	socklen_t          len = sizeof a;
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
	check(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4096) == 0);
	check(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	printf("%d\n", ntohs(a.sin_port));
	check(fflush(stdout) == 0);
	return fd;
}

static int
connect_to(int port)
{
	struct sockaddr_in a = loopback(port);
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
	return fd;
}

static void
watch(int epoll_fd, int fd, struct side *side)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = side };
	int                one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* not of a listening one */
	check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0);
}

static void
add_pair(int epoll_fd, int client, int target_port)
{
	struct side *s = calloc(2, sizeof *s);

	check(s != NULL);
	s[0] = (struct side){ client, &s[1] };
	s[1] = (struct side){ connect_to(target_port), &s[0] };
	watch(epoll_fd, s[0].fd, &s[0]);
	watch(epoll_fd, s[1].fd, &s[1]);
}

/* Sockets that block: a peer that does not read stops everybody, which a benchmark's peers never do. */
static bool
move(const struct side *s, char *bytes)
{
	ssize_t n = recv(s->fd, bytes, BYTES, 0);

	return n > 0 && send(s->other->fd, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

/* The other end is told, and its own end ends this one in turn. Descriptors are few: they are kept. */
static void
end(int epoll_fd, const struct side *s)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	(void)shutdown(s->other->fd, SHUT_WR);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int                epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct side        door = { .fd = -1 };
	char              *bytes = malloc(BYTES);

	check(argc == 3 && bytes != NULL);
	door.fd = listen_on(atoi(argv[1]));
	watch(epoll_fd, door.fd, &door);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			const struct side *s = events[i].data.ptr;

			if (s == &door)
				add_pair(epoll_fd, accept(door.fd, NULL, NULL), atoi(argv[2]));
			else if (!move(s, bytes))
				end(epoll_fd, s);
		}
	}
}
