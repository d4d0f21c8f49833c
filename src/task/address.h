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
/* Names too, through the system's resolver: fills found[*count]. */
int address_resolve(
    struct ctx *cx, const char *text, struct address found[ADDRESS_FOUND_MAX], int *count) MUST_USE;
void address_print(const struct address *a, char text[ADDRESS_TEXT_MAX]);
bool address_is_unix(const struct address *a);
bool address_is_loopback(const struct address *a);
int address_port(const struct address *a); /* 0 for unix */

#endif
