/*
 * address.h - "host:port" and "unix:/path" to what the kernel wants, and back.
 */
#ifndef TASK_ADDRESS_H
#define TASK_ADDRESS_H

#include "task/task.h"

#include <sys/socket.h>

enum {
	ADDRESS_TEXT_MAX = 112, /* "unix:" with sun_path's 108 less its NUL; "[v6]:port" is shorter */
	ADDRESS_FOUND_MAX = 4, /* of one name: v6, v4 and one more of each */
};

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* Numeric and unix addresses only: never waits. ERR_NOT_FOUND: it is a name. */
int address_parse(const char *text, struct address *out, struct err *err) MUST_USE;
/* Names too, through the system's resolver: fills found[*count], 1 to ADDRESS_FOUND_MAX. -1: ERR_RETRY
 * for a name that is not known now, ERR_REFUSED for what is no address. Waits for the resolver, whatever
 * cx's deadline says (offload.h). */
int address_resolve(
    struct ctx *cx, const char *text, struct address found[ADDRESS_FOUND_MAX], int *count) MUST_USE;
/* "127.0.0.1:3306", "[::1]:3306", "unix:/path"; what address_parse() reads, but for an unnamed socket's
 * "unix". */
void address_print(const struct address *a, char text[ADDRESS_TEXT_MAX]);
bool address_is_unix(const struct address *a);
bool address_is_loopback(const struct address *a); /* of this machine for sure; unix sockets too */
int address_port(const struct address *a);         /* 0 for unix */

#endif
