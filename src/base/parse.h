/*
 * parse.h - strict readers of short texts: the whole text is the value, or it is refused.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include "base/err.h"
#include "base/slice.h"

typedef int64_t usec; /* microseconds */
#define NEVER  INT64_MAX
#define MSEC   ((usec)1000)
#define SECOND ((usec)1000000)
#define MINUTE (60 * SECOND)

int parse_i64(struct slice s, int64_t *out, struct err *err) MUST_USE;
int parse_u64(struct slice s, uint64_t *out, struct err *err) MUST_USE;
int parse_int(struct slice s, int min, int max, int *out, struct err *err) MUST_USE;
int parse_bool(
    struct slice s, bool *out, struct err *err) MUST_USE; /* true/false, on/off, yes/no, 1/0 */
int parse_size(
    struct slice s, uint64_t *out, struct err *err) MUST_USE; /* 64k, 16M, 1G; powers of 1024 */
/* Go's durations as Vitess prints them: 30s, 1m30s, 250ms, 2h; a bare number is seconds. */
int parse_duration(struct slice s, usec *out, struct err *err) MUST_USE;
/* "host:port" or "[v6]:port"; host is NUL-terminated into host[256]. */
int parse_hostport(struct slice s, char host[256], int *port, struct err *err) MUST_USE;

/* An address that parse_hostport() takes, with the port that was bound: "[::1]:0" -> "[::1]:4711". */
void print_hostport(char *out, size_t size, const char *address, int port);
/* "1m30s", "250ms", "0s"; writes at most size bytes with NUL. */
void print_duration(char *out, size_t size, usec d);

#endif
