#include "tablet/table/json_meaning.h"

#include "base/arena.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

/* Left is what is still to be read. */
struct reader {
	struct slice left;
	int depth;
	struct arena *scratch;
	bool (*value)(struct reader *r, struct buf *out); /* read_value(): values stand in values */
};

/* A member of an object. */
struct named {
	struct slice name, meaning;
	size_t at; /* the how manieth */
};

enum { NUMBER_MAX = 1200 }; /* 1,075 digits say any double; nobody writes more */

static void
skip(struct reader *r, size_t n)
{
	r->left = slice_cut(r->left, n, r->left.len);
}

static void
skip_space(struct reader *r)
{
	size_t n = 0;

	while (n < r->left.len && strchr(" \t\r\n", r->left.ptr[n]) != NULL && r->left.ptr[n] != 0)
		n++;
	skip(r, n);
}

static bool
take(struct reader *r, char c)
{
	skip_space(r);
	if (r->left.len == 0 || r->left.ptr[0] != (uint8_t)c)
		return false;
	skip(r, 1);
	return true;
}

/* ---- Strings */

static bool
read_hex4(struct reader *r, uint32_t *out)
{
	char digits[5] = { 0 };
	char *end;

	if (r->left.len < 4)
		return false;
	memcpy(digits, r->left.ptr, 4);
	*out = (uint32_t)strtoul(digits, &end, 16);
	skip(r, 4);
	return end == digits + 4;
}

static void
add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t heads[] = { 0, 0xc0, 0xe0, 0xf0 };

	buf_add_char(out, (char)(heads[more] | (c >> (6 * more))));
	while (more-- > 0)
		buf_add_char(out, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* Behind "\u". */
static bool
read_unicode(struct reader *r, struct buf *out)
{
	uint32_t c, low;

	if (!read_hex4(r, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (r->left.len < 6 || r->left.ptr[0] != '\\' || r->left.ptr[1] != 'u')
			return false;
		skip(r, 2);
		if (!read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	add_utf8(out, c);
	return true;
}

static bool
read_escape(struct reader *r, struct buf *out)
{
	static const char said[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at;
	char c;

	if (r->left.len == 0)
		return false;
	c = (char)r->left.ptr[0];
	skip(r, 1);
	if (c == 'u')
		return read_unicode(r, out);
	at = c == '\0' ? NULL : strchr(said, c);
	if (at != NULL)
		buf_add_char(out, meant[at - said]);
	return at != NULL;
}

/* Without its quotes and escapes. */
static bool
read_string(struct reader *r, struct buf *out)
{
	if (!take(r, '"'))
		return false;
	while (r->left.len > 0) {
		char c = (char)r->left.ptr[0];

		skip(r, 1);
		if (c == '"')
			return true;
		if (c != '\\')
			buf_add_char(out, c);
		else if (!read_escape(r, out))
			return false;
	}
	return false;
}

/* ---- Numbers and words */

/* 's', 'i' or 'd', a length and the bytes: no two of them run into each other. */
static void
add_scalar(struct buf *out, char kind, const void *bytes, size_t len)
{
	buf_addf(out, "%c%zu:", kind, len);
	buf_add(out, bytes, len);
}

static bool
add_integer(struct buf *out, const char *text)
{
	uint64_t bits;
	char *end;

	errno = 0;
	if (text[0] == '-')
		bits = (uint64_t)strtoll(text, &end, 10);
	else
		bits = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	add_scalar(out, text[0] == '-' && bits != 0 ? 'n' : 'i', &bits, sizeof(bits));
	return true;
}

static bool
read_number(struct reader *r, struct buf *out)
{
	char text[NUMBER_MAX];
	char *end;
	double d;
	size_t len = 0;

	while (len < r->left.len && len + 1 < sizeof(text) && r->left.ptr[len] != 0 &&
	    strchr("0123456789+-.eE", r->left.ptr[len]) != NULL)
		len++;
	memcpy(text, r->left.ptr, len);
	text[len] = '\0';
	skip(r, len);
	if (len == 0 || (strpbrk(text, ".eE") == NULL && add_integer(out, text)))
		return len > 0;
	d = strtod(text, &end);
	add_scalar(out, 'd', &d, sizeof(d));
	return *end == '\0';
}

static bool
read_word(struct reader *r, struct buf *out)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (r->left.len < len || memcmp(r->left.ptr, words[i], len) != 0)
			continue;
		buf_add_char(out, words[i][0]);
		skip(r, len);
		return true;
	}
	return false;
}

/* ---- Arrays and objects */

static bool
read_array(struct reader *r, struct buf *out)
{
	buf_add_char(out, '[');
	if (take(r, ']')) {
		buf_add_char(out, ']');
		return true;
	}
	do {
		if (!r->value(r, out))
			return false;
	} while (take(r, ','));
	buf_add_char(out, ']');
	return take(r, ']');
}

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t least = x->name.len < y->name.len ? x->name.len : y->name.len;
	int way = least == 0 ? 0 : memcmp(x->name.ptr, y->name.ptr, least);

	if (way == 0 && x->name.len != y->name.len)
		way = x->name.len < y->name.len ? -1 : 1;
	return way != 0 ? way : x->at < y->at ? -1 : 1;
}

static void
add_members(struct buf *out, struct named *items, size_t count)
{
	if (count > 0)
		qsort(items, count, sizeof(*items), by_name);
	buf_add_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && slice_eq(items[i].name, items[i + 1].name))
			continue; /* the last one counts */
		add_scalar(out, 's', items[i].name.ptr, items[i].name.len);
		buf_add_slice(out, items[i].meaning);
	}
	buf_add_char(out, '}');
}

static bool
read_member(struct reader *r, struct named *out)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf meaning = BUF_INIT;

	if (!read_string(r, &name) || !take(r, ':') || !r->value(r, &meaning))
		return false;
	out->name = arena_dup(r->scratch, buf_slice(&name));
	out->meaning = arena_dup(r->scratch, buf_slice(&meaning));
	return true;
}

static bool
read_members(struct reader *r, struct named **items, size_t *count)
{
	size_t cap = 0;

	if (take(r, '}'))
		return true;
	do {
		*items = mem_grow(*items, &cap, *count + 1, sizeof(**items));
		(*items)[*count].at = *count;
		if (!read_member(r, &(*items)[*count]))
			return false;
		++*count;
	} while (take(r, ','));
	return take(r, '}');
}

static bool
read_object(struct reader *r, struct buf *out)
{
	struct named *items = NULL;
	size_t count = 0;
	bool good = read_members(r, &items, &count);

	if (good)
		add_members(out, items, count);
	free(items);
	return good;
}

static bool
read_inner(struct reader *r, struct buf *out)
{
	if (r->depth == JSON_MEANING_DEPTH)
		return false;
	r->depth++;
	bool good = take(r, '{') ? read_object(r, out) : take(r, '[') && read_array(r, out);
	r->depth--;
	return good;
}

static bool
read_value(struct reader *r, struct buf *out)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	skip_space(r);
	if (r->left.len == 0)
		return false;
	switch (r->left.ptr[0]) {
	case '{':
	case '[': return read_inner(r, out);
	case '"':
		if (!read_string(r, &text))
			return false;
		add_scalar(out, 's', text.data, text.len);
		return true;
	case 't':
	case 'f':
	case 'n': return read_word(r, out);
	default: return read_number(r, out);
	}
}

bool
json_meaning(struct buf *out, struct slice text)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct reader r = { .left = text, .scratch = &scratch, .value = read_value };

	if (!read_value(&r, out))
		return false;
	skip_space(&r);
	return r.left.len == 0;
}
