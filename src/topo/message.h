/*
 * message.h - structs to JSON objects and back, each by a table of its members.
 *
 *   static const struct member lock_reply_members[] = {
 *           { "position", MEMBER_STR, offsetof(struct lock_reply, position) },
 *           { 0 },
 *   };
 *   const struct message lock_reply = { "reply to lock", lock_reply_members, sizeof(struct lock_reply) };
 *
 * Reading is json.h's: strict about types, a missing member is zero unless it is needed, unknown ones
 * are ignored, the first thing that is wrong is named with its path. Strings are never NULL.
 *
 * So a request or a reply of two programs' is a struct and one table, which both sides use: no member can be
 * written under one name and read under another. A table is a constant and has no state.
 */
#ifndef TOPO_MESSAGE_H
#define TOPO_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fsm.h"

#include <stddef.h>

enum member_type {
	MEMBER_STR,    /* const char * */
	MEMBER_INT,    /* int, from 0 */
	MEMBER_I64,    /* int64_t; usec too */
	MEMBER_U64,    /* uint64_t */
	MEMBER_BOOL,   /* bool */
	MEMBER_ENUM,   /* an enum or int: index into words */
	MEMBER_STATE,  /* the same: a state of states */
	MEMBER_OBJECT, /* a struct that stands inside: of */
	MEMBER_LIST,   /* a pointer to structs (of), their number at count */
	MEMBER_TEXTS,  /* const char **, their number at count */
};

struct message;

/* Rows end with { 0 }. */
struct member {
	const char *name;
	enum member_type type;
	size_t offset;
	const struct message *of;
	size_t count;             /* offset of a size_t */
	const char *const *words; /* NULL-terminated */
	const struct fsm *states;
	bool needed;
};

struct message {
	const char *what; /* "request to lock", for errors */
	const struct member *members;
	size_t size; /* of the struct */
	/* The struct begins with that one's, and so does the object; NULL: none */
	const struct message *base;
};

/* Appends one object. A NULL string is written as "". An enum beyond its words is a mistake of ours, and
 * not looked for. */
void message_write(struct buf *out, const struct message *m, const void *value);
/* Into *out, which has the message's size (0: out may be NULL) and is zeroed first; what it points to is
 * in the arena. -1 with ERR_CORRUPT: *out is then half read and not to be used. */
int message_read(struct arena *a, const struct message *m, struct slice json, void *out,
    struct err *err) MUST_USE;

#endif
