/*
 * json.h - JSON texts read strictly and written correctly.
 *
 * Reading: json_open() parses, json_root() is the outermost object, the
 * json_get_ functions take members out of it, json_close() frees and returns
 * 0, or -1 with the first thing that was wrong, as in
 *
 *   tablet record: 'tables[2].state' is not a string
 *
 * After a wrong member the getters go on returning zero values, so that a
 * record is read without a branch per member. A missing member is zero ("",
 * 0, false, no items) unless json_need() asked for it; null is the same as
 * missing; a member of the wrong type is an error. Members nobody asks for
 * are ignored. Strings are copied to the arena and NUL-terminated; a text
 * with NUL inside is refused. Nesting deeper than JSON_DEPTH_MAX is refused before
 * the parser, which recurses, sees it.
 *
 * Writing: appends to a buf, commas by itself. A NULL key for items of an
 * array. Bytes that are not UTF-8 become U+FFFD.
 */
#ifndef TOPO_JSON_H
#define TOPO_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fsm.h"

enum {
	JSON_DEPTH_MAX = 32
}; /* our deepest record has 4; the parser's frames must fit a 64 kB stack */

struct json_doc {
	const char *what; /* "tablet record", for errors */
	void *root;       /* the parser's */
	struct arena *arena;
	struct err *err;
	bool failed;
};

/* A value inside a document; valid until json_close(). parent must outlive it. */
struct json {
	struct json_doc *doc;
	const void *value; /* the parser's; NULL: missing */
	const struct json *parent;
	const char *key; /* in parent, or NULL: item index of it */
	size_t index;
};

/* what names the text in errors; it, a and err are used until json_close(), text is not. -1 with
 * ERR_CORRUPT: not JSON, not an object, a member twice, too deep. Then there is nothing to close. */
int json_open(struct json_doc *d, const char *what, struct slice text, struct arena *a,
    struct err *err) MUST_USE;
/* The outermost object. */
struct json json_root(struct json_doc *d);
/* Ends the document and all struct json of it; strings stay in the arena. -1 with ERR_CORRUPT where any
 * member was wrong: what was read is then not to be used. */
int json_close(struct json_doc *d) MUST_USE;

void json_need(const struct json *j, const char *key); /* missing is an error */
bool json_has(const struct json *j, const char *key);
/* One member each, of an object that may itself be missing: then all of its members are. */
const char *json_get_str(const struct json *j, const char *key);
bool json_get_bool(const struct json *j, const char *key);
int64_t json_get_i64(const struct json *j, const char *key);
uint64_t json_get_u64(const struct json *j, const char *key); /* past 2^63-1 as a string of digits */
int json_get_int(const struct json *j, const char *key, int min, int max); /* missing: 0, unchecked */
/* Index of a name in names (NULL-terminated); missing: 0. */
int json_get_enum(const struct json *j, const char *key, const char *const *names);
int json_get_state(const struct json *j, const char *key, const struct fsm *states);
/* j must outlive what these two return: paths in errors are found through it. */
struct json json_get_object(const struct json *j, const char *key);
struct json json_get_array(const struct json *j, const char *key);
size_t json_count(const struct json *array);
struct json json_item(const struct json *array, size_t i);     /* an object */
const char *json_item_str(const struct json *array, size_t i); /* a string */
/* For values that break a rule of the caller's: "'tables[2].state' <what>". */
void json_wrong(const struct json *j, const char *key, const char *what);

/* The same text without members that say nothing: "", 0, "0", false, null, and what is empty without
 * them. For answers that people read; appended to out. -1 with ERR_CORRUPT, and out as it was. */
int json_prune(struct buf *out, struct slice text, struct err *err) MUST_USE;

/* Is it UTF-8 throughout, so that it is written as it is? */
bool json_is_text(struct slice s);

/* ---- Writing. Nothing here can fail; that brackets match is the caller's care. */
struct json_writer {
	struct buf *out;
	bool comma; /* something stands before on this level */
};

struct json_writer json_to(struct buf *out);
void json_put_open(struct json_writer *w, const char *key, char bracket);     /* '{' or '[' */
void json_put_close(struct json_writer *w, char bracket);                     /* '}' or ']' */
void json_put_str(struct json_writer *w, const char *key, const char *value); /* NULL is "" */
void json_put_slice(struct json_writer *w, const char *key, struct slice value);
void json_put_i64(struct json_writer *w, const char *key, int64_t value);
void json_put_u64(struct json_writer *w, const char *key, uint64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_double(struct json_writer *w, const char *key, double value);   /* not finite: null */
void json_put_raw(struct json_writer *w, const char *key, struct slice json); /* already JSON */

#endif
