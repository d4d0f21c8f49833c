#include "task/address.h"

#include "task/offload.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

static int
parse_unix(const char *path, struct address *out, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(un.sun_path))
		return err_set(err, ERR_REFUSED, "address 'unix:%.120s': a path has 1 to %zu bytes",
		    path, sizeof(un.sun_path) - 1);
	memcpy(un.sun_path, path, len);
	memcpy(&out->storage, &un, sizeof(un));
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return 0;
}

static bool
parse_numeric(const char *host, int port, struct address *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(&out->storage, &v4, sizeof(v4));
		out->len = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(&out->storage, &v6, sizeof(v6));
		out->len = sizeof(v6);
		return true;
	}
	return false;
}

int
address_parse(const char *text, struct address *out, struct err *err)
{
	char host[256];
	int port;

	*out = (struct address){ 0 };
	if (slice_starts(slice_str(text), "unix:"))
		return parse_unix(text + strlen("unix:"), out, err);
	TRY(parse_hostport(slice_str(text), host, &port, err));
	if (!parse_numeric(host, port, out))
		return err_set(err, ERR_NOT_FOUND, "'%s' is not a numeric address", host);
	return 0;
}

/* What the helper thread reads and writes. */
struct lookup {
	const char *host;
	int rc;
	struct addrinfo *list;
};

static void
look_up(void *arg)
{
	struct lookup *l = arg;
	/* SOCK_STREAM: else each address comes once for each kind of socket. AI_ADDRCONFIG: no v6
	 * addresses on a machine without v6, where each would be a connect that fails first. */
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };

	l->rc = getaddrinfo(l->host, NULL, &hints, &l->list);
}

static void
set_port(struct address *a, int port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (a->storage.ss_family == AF_INET) {
		memcpy(&v4, &a->storage, sizeof(v4));
		v4.sin_port = htons((uint16_t)port);
		memcpy(&a->storage, &v4, sizeof(v4));
	} else {
		memcpy(&v6, &a->storage, sizeof(v6));
		v6.sin6_port = htons((uint16_t)port);
		memcpy(&a->storage, &v6, sizeof(v6));
	}
}

static int
resolve_name(struct ctx *cx, const char *text, struct address *found, int *count)
{
	char host[256];
	int port;
	struct lookup l = { .host = host };

	TRY(parse_hostport(slice_str(text), host, &port, cx->err));
	offload(cx, look_up, &l);
	if (l.rc != 0)
		return err_set(cx->err, ERR_RETRY, "resolving '%s': %s", host, gai_strerror(l.rc));
	for (struct addrinfo *i = l.list; i != NULL && *count < ADDRESS_FOUND_MAX; i = i->ai_next) {
		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		struct address *a = &found[(*count)++];
		memcpy(&a->storage, i->ai_addr, i->ai_addrlen);
		a->len = i->ai_addrlen;
		set_port(a, port);
	}
	freeaddrinfo(l.list);
	return *count > 0 ? 0 : err_set(cx->err, ERR_RETRY, "resolving '%s': no address", host);
}

int
address_resolve(
    struct ctx *cx, const char *text, struct address found[ADDRESS_FOUND_MAX], int *count)
{
	*count = 0;
	if (address_parse(text, &found[0], cx->err) == 0) {
		*count = 1;
		return 0;
	}
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	return resolve_name(cx, text, found, count);
}

int
address_port(const struct address *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (a->storage.ss_family) {
	case AF_INET: memcpy(&v4, &a->storage, sizeof(v4)); return ntohs(v4.sin_port);
	case AF_INET6: memcpy(&v6, &a->storage, sizeof(v6)); return ntohs(v6.sin6_port);
	default: return 0;
	}
}

static void
print_unix(const struct address *a, char text[ADDRESS_TEXT_MAX])
{
	struct sockaddr_un un;

	memcpy(&un, &a->storage, sizeof(un));
	size_t max = sizeof(un.sun_path) - 1, offset = offsetof(struct sockaddr_un, sun_path);
	size_t len = a->len <= offset ? 0 : strnlen(un.sun_path, max);
	snprintf(text, ADDRESS_TEXT_MAX, len == 0 ? "unix" : "unix:%.*s", (int)len, un.sun_path);
}

void
address_print(const struct address *a, char text[ADDRESS_TEXT_MAX])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char host[INET6_ADDRSTRLEN] = "?";

	switch (a->storage.ss_family) {
	case AF_INET:
		memcpy(&v4, &a->storage, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT_MAX, "%s:%d", host, address_port(a));
		return;
	case AF_INET6:
		memcpy(&v6, &a->storage, sizeof(v6));
		inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%d", host, address_port(a));
		return;
	default: print_unix(a, text);
	}
}

bool
address_is_unix(const struct address *a)
{
	return a->storage.ss_family == AF_UNIX;
}

bool
address_is_loopback(const struct address *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (a->storage.ss_family) {
	case AF_INET:
		memcpy(&v4, &a->storage, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		memcpy(&v6, &a->storage, sizeof(v6));
		return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
	default: return true;
	}
}
