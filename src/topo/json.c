#include "topo/json.h"

#include "base/check.h"
#include "base/parse.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The only file that sees Jansson; its names begin with json_ too, ours take a struct json. */

enum { PATH_MAX_BYTES = 200 }; /* of the member that an error names: four levels of long names */

/* Depth of brackets outside of strings; the parser checks everything else. */
static bool
too_deep(struct slice text)
{
	int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		/* A quote behind a backslash ends nothing; what else follows one does not matter
			 * here. */
		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

int
json_open(struct json_doc *d, const char *what, struct slice text, struct arena *a, struct err *err)
{
	json_error_t why;

	*d = (struct json_doc){ .what = what, .arena = a, .err = err };
	if (too_deep(text))
		return err_set(err, ERR_CORRUPT, "%s: nested deeper than %d", what, JSON_DEPTH_MAX);
	/* A member twice is refused: parsers differ in which of the two they believe. */
	d->root = json_loadb(
	    text.len == 0 ? "" : (const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	if (d->root == NULL)
		return err_set(err, ERR_CORRUPT, "%s: not JSON: %s (line %d, column %d)", what,
		    why.text, why.line, why.column);
	if (json_is_object((const json_t *)d->root))
		return 0;
	json_decref(d->root);
	d->root = NULL;
	return err_set(err, ERR_CORRUPT, "%s: not a JSON object", what);
}

struct json
json_root(struct json_doc *d)
{
	check(d->root != NULL);
	return (struct json){ .doc = d, .value = d->root };
}

int
json_close(struct json_doc *d)
{
	json_decref(d->root);
	d->root = NULL;
	return d->failed ? -1 : 0;
}

/* "tables[2].state" of j's member key; bounded by the depth of the document. */
static void
print_path(char *out, size_t size, const struct json *j, const char *key)
{
	const struct json *steps[JSON_DEPTH_MAX];
	int count = 0;
	size_t len = 0;

	for (; j->parent != NULL && count < JSON_DEPTH_MAX; j = j->parent)
		steps[count++] = j;
	out[0] = '\0';
	while (count > 0 && len < size) {
		const struct json *s = steps[--count];

		if (s->key != NULL)
			len += (size_t)snprintf(
			    out + len, size - len, "%s%s", len > 0 ? "." : "", s->key);
		else
			len += (size_t)snprintf(out + len, size - len, "[%zu]", s->index);
	}
	if (key != NULL && len < size)
		snprintf(out + len, size - len, "%s%s", len > 0 ? "." : "", key);
}

void
json_wrong(const struct json *j, const char *key, const char *what)
{
	char path[PATH_MAX_BYTES];

	if (j->doc->failed)
		return; /* the first one is told */
	print_path(path, sizeof path, j, key);
	err_set(j->doc->err, ERR_CORRUPT, "%s: '%s' %s", j->doc->what, path, what);
	j->doc->failed = true;
}

/* The member, or NULL when it is missing or null. */
static const json_t *
member(const struct json *j, const char *key)
{
	const json_t *v = j->value == NULL ? NULL : json_object_get(j->value, key);

	return v == NULL || json_is_null(v) ? NULL : v;
}

void
json_need(const struct json *j, const char *key)
{
	if (member(j, key) == NULL)
		json_wrong(j, key, "is missing");
}

bool
json_has(const struct json *j, const char *key)
{
	return member(j, key) != NULL;
}

static const char *
copy_string(const struct json *j, const char *key, const json_t *v)
{
	if (!json_is_string(v)) {
		json_wrong(j, key, "is not a string");
		return "";
	}
	return arena_strndup(j->doc->arena, json_string_value(v), json_string_length(v));
}

const char *
json_get_str(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);

	return v == NULL ? "" : copy_string(j, key, v);
}

bool
json_get_bool(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);

	if (v != NULL && !json_is_boolean(v))
		json_wrong(j, key, "is not true or false");
	return v != NULL && json_is_true(v);
}

int64_t
json_get_i64(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);

	if (v == NULL)
		return 0;
	if (!json_is_integer(v)) {
		json_wrong(j, key, "is not a whole number");
		return 0;
	}
	return json_integer_value(v);
}

uint64_t
json_get_u64(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);
	struct err ignored;
	uint64_t number = 0;

	if (v != NULL && json_is_string(v)) {
		if (parse_u64(slice_of(json_string_value(v), json_string_length(v)), &number,
			&ignored) == 0)
			return number;
		json_wrong(j, key, "is not a whole number");
		return 0;
	}
	int64_t small = json_get_i64(j, key);

	if (small < 0) {
		json_wrong(j, key, "is negative");
		return 0;
	}
	return (uint64_t)small;
}

int
json_get_int(const struct json *j, const char *key, int min, int max)
{
	int64_t v = json_get_i64(j, key);
	char what[64];

	if (member(j, key) == NULL || (v >= min && v <= max))
		return (int)v;
	snprintf(what, sizeof what, "is not between %d and %d", min, max);
	json_wrong(j, key, what);
	return 0;
}

static int
find_name(const char *const *names, const char *name)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static int
one_of_known(const struct json *j, const char *key, int found)
{
	if (found >= 0)
		return found;
	json_wrong(j, key, "is none of the known values");
	return 0;
}

int
json_get_enum(const struct json *j, const char *key, const char *const *names)
{
	return member(j, key) == NULL ? 0
				      : one_of_known(j, key, find_name(names, json_get_str(j, key)));
}

int
json_get_state(const struct json *j, const char *key, const struct fsm *states)
{
	return member(j, key) == NULL ? 0
				      : one_of_known(j, key, fsm_find(states, json_get_str(j, key)));
}

struct json
json_get_object(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);

	if (v != NULL && !json_is_object(v)) {
		json_wrong(j, key, "is not an object");
		v = NULL;
	}
	return (struct json){ .doc = j->doc, .value = v, .parent = j, .key = key };
}

struct json
json_get_array(const struct json *j, const char *key)
{
	const json_t *v = member(j, key);

	if (v != NULL && !json_is_array(v)) {
		json_wrong(j, key, "is not an array");
		v = NULL;
	}
	return (struct json){ .doc = j->doc, .value = v, .parent = j, .key = key };
}

size_t
json_count(const struct json *array)
{
	return array->value == NULL ? 0 : json_array_size(array->value);
}

struct json
json_item(const struct json *array, size_t i)
{
	struct json j = { .doc = array->doc,
		.value = json_array_get(array->value, i),
		.parent = array,
		.index = i };

	if (!json_is_object((const json_t *)j.value)) {
		json_wrong(&j, NULL, "is not an object");
		j.value = NULL;
	}
	return j;
}

const char *
json_item_str(const struct json *array, size_t i)
{
	struct json j = { .doc = array->doc,
		.value = json_array_get(array->value, i),
		.parent = array,
		.index = i };

	check(j.value != NULL);
	return copy_string(&j, NULL, j.value);
}

struct json_writer
json_to(struct buf *out)
{
	return (struct json_writer){ .out = out };
}

/* Length of the UTF-8 sequence at s (RFC 3629: shortest form, no surrogates, to U+10FFFF), or 0. */
static size_t
utf8_length(struct slice s)
{
	/* clang-format off */
	static const struct { uint8_t first, last, low, high, len; } rows[] = {
		{ 0x20, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	/* clang-format on */

	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
		if (s.ptr[0] < rows[r].first || s.ptr[0] > rows[r].last)
			continue;
		if (s.len < rows[r].len ||
		    (rows[r].len > 1 && (s.ptr[1] < rows[r].low || s.ptr[1] > rows[r].high)))
			return 0;
		for (size_t i = 2; i < rows[r].len; i++)
			if ((s.ptr[i] & 0xc0) != 0x80)
				return 0;
		return rows[r].len;
	}
	return 0;
}

bool
json_is_text(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		size_t len = utf8_length(slice_cut(s, i, s.len));

		if (len == 0 && s.ptr[i] >= 0x20)
			return false;
		i += len == 0 ? 1 : len;
	}
	return true;
}

static void
put_control(struct buf *out, uint8_t c)
{
	if (c == '\n')
		buf_add_str(out, "\\n");
	else if (c == '\t')
		buf_add_str(out, "\\t");
	else if (c < 0x20)
		buf_addf(out, "\\u%04x", c);
	else
		buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD: it was not UTF-8 */
}

static void
put_quoted(struct buf *out, struct slice s)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len;) {
		size_t len = utf8_length(slice_cut(s, i, s.len));

		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_add_char(out, '\\');
		if (len == 0)
			put_control(out, s.ptr[i++]);
		buf_add(out, s.ptr + i, len);
		i += len;
	}
	buf_add_char(out, '"');
}

/* The comma and the key before a value. */
static void
put_key(struct json_writer *w, const char *key)
{
	if (w->comma)
		buf_add_char(w->out, ',');
	w->comma = true;
	if (key == NULL)
		return;
	put_quoted(w->out, slice_str(key));
	buf_add_char(w->out, ':');
}

void
json_put_open(struct json_writer *w, const char *key, char bracket)
{
	check(bracket == '{' || bracket == '[');
	put_key(w, key);
	buf_add_char(w->out, bracket);
	w->comma = false;
}

void
json_put_close(struct json_writer *w, char bracket)
{
	check(bracket == '}' || bracket == ']');
	buf_add_char(w->out, bracket);
	w->comma = true;
}

void
json_put_slice(struct json_writer *w, const char *key, struct slice value)
{
	put_key(w, key);
	put_quoted(w->out, value);
}

void
json_put_str(struct json_writer *w, const char *key, const char *value)
{
	json_put_slice(w, key, slice_str(value == NULL ? "" : value));
}

void
json_put_i64(struct json_writer *w, const char *key, int64_t value)
{
	put_key(w, key);
	buf_addf(w->out, "%lld", (long long)value);
}

void
json_put_u64(struct json_writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	buf_addf(w->out, value > INT64_MAX ? "\"%llu\"" : "%llu", (unsigned long long)value);
}

void
json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put_key(w, key);
	buf_add_str(w->out, value ? "true" : "false");
}

void
json_put_double(struct json_writer *w, const char *key, double value)
{
	char text[32];

	put_key(w, key);
	/* 15 digits are exact for what people write; 17 for all, and 5.9344409999999996 for 5.934441. */
	(void)snprintf(text, sizeof text, "%.15g", value);
	if (strtod(text, NULL) != value)
		(void)snprintf(text, sizeof text, "%.17g", value);
	buf_add_str(w->out, isfinite(value) ? text : "null");
}

void
json_put_raw(struct json_writer *w, const char *key, struct slice json)
{
	put_key(w, key);
	buf_add_slice(w->out, json);
}

/* ---- Without what says nothing */

static bool
says_nothing(const json_t *v)
{
	const char *text = json_string_value(v);

	if (text != NULL)
		return text[0] == '\0' || strcmp(text, "0") == 0;
	if (json_is_object(v))
		return json_object_size(v) == 0;
	if (json_is_array(v))
		return json_array_size(v) == 0;
	return json_is_null(v) || json_is_false(v) ||
	    (json_is_number(v) && json_number_value(v) == 0);
}

/* No deeper than JSON_DEPTH_MAX (too_deep()). Items of arrays stay, whatever they say. */
static void
prune(json_t *v)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;

	json_array_foreach(v, i, member)
	{
		prune(member);
	}
	json_object_foreach_safe(v, next, key, member)
	{
		prune(member);
		if (says_nothing(member))
			(void)json_object_del(v, key);
	}
}

int
json_prune(struct buf *out, struct slice text, struct err *err)
{
	json_error_t why;
	json_t *root = too_deep(text)
	    ? NULL
	    : json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);

	if (root == NULL)
		return err_set(err, ERR_CORRUPT, "the answer is not JSON, or nested too deep");
	prune(root);
	char *dumped = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	check(dumped != NULL);
	buf_add_str(out, dumped);
	free(dumped);
	return 0;
}
