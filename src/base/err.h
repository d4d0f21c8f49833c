/*
 * err.h - what went wrong, and what the caller may do about it.
 *
 * A function that can fail returns 0 or -1. On -1 it has filled an err: a
 * kind, which code acts on, and a sentence, which people read. Callers add
 * context with err_wrap() on the way up; only the top of a task logs.
 * Sentences start in lower case with what failed and quote their subject:
 * "connecting to '127.0.0.1:3306': connection refused".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
	ERR_NONE = 0,
	ERR_RETRY,     /* the other side went away; the same call may succeed later */
	ERR_TIMEOUT,   /* the deadline passed */
	ERR_CANCELLED, /* someone asked this task to stop */
	ERR_REFUSED,   /* the request is wrong; retrying will not help */
	ERR_CORRUPT,   /* bytes that no correct peer sends */
	ERR_CONFLICT,  /* a compare-and-swap lost, a lock is held, an attempt is outdated */
	ERR_NOT_FOUND, /* what was named does not exist */
	ERR_SERVER,    /* a database server answered with an error; mysql_errno says which */
};

enum {
	ERR_TEXT_MAX =
	    512, /* a sentence with two quoted names of 64 characters and a server's message */
	ERR_HINT_MAX = 200, /* one imperative sentence */
};

/* Copied by value; owns nothing. */
struct err {
	enum err_kind kind;
	int mysql_errno;  /* to put in an ERR packet, or 0 */
	char sqlstate[6]; /* five characters and NUL, or "" */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX]; /* what to do next, or "" */
	const char *cause;       /* the same for all of a kind, for counting: a constant; or NULL */
};

/* All of these return -1, so that they end a function: return err_set(...); cold: what leads to them is laid
 * out apart from what runs for every statement. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((cold, format(printf, 3, 4)));
/* "context: text"; kind, errno, sqlstate and hint stay. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((cold, format(printf, 2, 3)));
/* Sets the hint of an err already set. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((cold, format(printf, 2, 3)));
int err_copy(struct err *to, const struct err *from);
/* ERR_RETRY or other kind by errno, text "<act>: <strerror>". */
int err_errno(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((cold, format(printf, 3, 4)));
void err_clear(struct err *err);
const char *err_kind_name(enum err_kind kind); /* "retry", "timeout", ... */

/* TRY(f()) - go on if f() is 0, return -1 if not. The one macro that returns. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		if (__builtin_expect((call) != 0, 0))                                              \
			return -1;                                                                 \
	} while (0)

#define MUST_USE __attribute__((warn_unused_result))

/* SCOPED(buf) struct buf b = BUF_INIT; - calls buf_done(&b) when the block ends. */
#define SCOPED(type) __attribute__((cleanup(type##_done)))

#endif
