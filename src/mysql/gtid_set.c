#include "mysql/gtid_set.h"

#include "base/mem.h"
#include "base/parse.h"
#include "mysql/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_TEXT_LEN = 36 };

#define NUMBER_MAX ((uint64_t)INT64_MAX - 1)

/* ---- Names */

/* Of uuid and tag. */
static int
name_cmp(const struct gtid_member *a, const struct gtid_member *b)
{
	int c = memcmp(a->uuid, b->uuid, GTID_UUID_BYTES);

	return c != 0 ? c : strcmp(a->tag, b->tag);
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_dash_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool
read_uuid(struct slice text, uint8_t out[GTID_UUID_BYTES])
{
	size_t digits = 0;

	if (text.len != UUID_TEXT_LEN)
		return false;
	memset(out, 0, GTID_UUID_BYTES);
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);

		if (is_dash_place(i) ? text.ptr[i] != '-' : digit < 0)
			return false;
		if (is_dash_place(i))
			continue;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | digit);
		digits++;
	}
	return true;
}

static bool
is_tag_byte(uint8_t c, bool first)
{
	bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	return letter || c == '_' || (!first && c >= '0' && c <= '9');
}

static bool
read_tag(struct slice text, char out[GTID_TAG_MAX + 1])
{
	if (text.len == 0 || text.len > GTID_TAG_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (!is_tag_byte(c, i == 0))
			return false;
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	out[text.len] = '\0';
	return true;
}

static void
print_uuid(struct buf *out, const uint8_t uuid[GTID_UUID_BYTES])
{
	for (size_t i = 0; i < GTID_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_add_char(out, '-');
		buf_addf(out, "%02x", uuid[i]);
	}
}

void
gtid_member_print(struct buf *out, const struct gtid_member *m)
{
	print_uuid(out, m->uuid);
	if (m->tag[0] != '\0')
		buf_addf(out, ":%s", m->tag);
	buf_addf(out, ":%" PRIu64, m->number);
}

/* ---- Intervals */

void
gtid_set_done(struct gtid_set *s)
{
	free(s->items);
	*s = (struct gtid_set){ 0 };
}

/* The first interval that does not lie wholly before m. */
static size_t
place_of(const struct gtid_set *s, const struct gtid_member *m)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct gtid_interval *i = &s->items[middle];
		int c = name_cmp(&i->first, m);

		if (c < 0 || (c == 0 && i->last < m->number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
gtid_set_contains(const struct gtid_set *s, const struct gtid_member *m)
{
	size_t i = place_of(s, m);

	return i < s->count && name_cmp(&s->items[i].first, m) == 0 &&
	    s->items[i].first.number <= m->number;
}

/* Does the interval at i end just before m? */
static bool
ends_before(const struct gtid_set *s, size_t i, const struct gtid_member *m)
{
	return i < s->count && name_cmp(&s->items[i].first, m) == 0 &&
	    s->items[i].last + 1 == m->number;
}

static bool
begins_behind(const struct gtid_set *s, size_t i, const struct gtid_member *m, uint64_t last)
{
	return i < s->count && name_cmp(&s->items[i].first, m) == 0 &&
	    s->items[i].first.number == last + 1;
}

static void
take_out(struct gtid_set *s, size_t i)
{
	memmove(s->items + i, s->items + i + 1, (s->count - i - 1) * sizeof(*s->items));
	s->count--;
}

static int
put_in(struct gtid_set *s, size_t i, const struct gtid_interval *new, struct err *err)
{
	if (s->count == GTID_INTERVALS_MAX)
		return err_set(
		    err, ERR_CORRUPT, "a GTID set of more than %d intervals", GTID_INTERVALS_MAX);
	s->items = mem_grow(s->items, &s->cap, s->count + 1, sizeof(*s->items));
	memmove(s->items + i + 1, s->items + i, (s->count - i) * sizeof(*s->items));
	s->items[i] = *new;
	s->count++;
	return 0;
}

/* new does not meet any interval, but may touch its neighbours, with which it becomes one. */
static int
add_interval(struct gtid_set *s, const struct gtid_interval *new, struct err *err)
{
	size_t i = place_of(s, &new->first);

	if (begins_behind(s, i, &new->first, new->last)) {
		s->items[i].first.number = new->first.number;
		if (i > 0 && ends_before(s, i - 1, &new->first)) {
			s->items[i - 1].last = s->items[i].last;
			take_out(s, i);
		}
		return 0;
	}
	if (i > 0 && ends_before(s, i - 1, &new->first)) {
		s->items[i - 1].last = new->last;
		return 0;
	}
	return put_in(s, i, new, err);
}

static bool
meets(const struct gtid_set *s, const struct gtid_interval *new)
{
	size_t i = place_of(s, &new->first);

	return i < s->count && name_cmp(&s->items[i].first, &new->first) == 0 &&
	    s->items[i].first.number <= new->last;
}

int
gtid_set_add(struct gtid_set *s, const struct gtid_member *m, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct gtid_interval one = { *m, m->number };

	if (!gtid_set_contains(s, m))
		return add_interval(s, &one, err);
	gtid_member_print(&text, m);
	return err_set(err, ERR_CORRUPT, "GTID %s a second time", text.data);
}

bool
gtid_set_same(const struct gtid_set *a, const struct gtid_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct gtid_interval *x = &a->items[i], *y = &b->items[i];

		if (name_cmp(&x->first, &y->first) != 0 || x->first.number != y->first.number ||
		    x->last != y->last)
			return false;
	}
	return true;
}

/* No two intervals of a name touch, so each of part lies in one of whole. */
bool
gtid_set_covers(const struct gtid_set *whole, const struct gtid_set *part)
{
	for (size_t i = 0; i < part->count; i++) {
		const struct gtid_interval *p = &part->items[i];
		size_t at = place_of(whole, &p->first);

		if (!gtid_set_contains(whole, &p->first) || whole->items[at].last < p->last)
			return false;
	}
	return true;
}

/* ---- Text */

static int
refuse(struct slice text, const char *why, struct err *err)
{
	return err_set(
	    err, ERR_REFUSED, "GTID set '%.*s' %s", SLICE_ARG(slice_cut(text, 0, 100)), why);
}

static bool
read_number(struct slice text, uint64_t *out)
{
	struct err ignored = { 0 };

	return parse_u64(text, out, &ignored) == 0 && *out > 0 && *out <= NUMBER_MAX;
}

/* "5" or "1-5" */
static int
read_interval(struct gtid_set *s, const struct gtid_member *name, struct slice text, struct err *err)
{
	struct slice first, last = slice_split(text, '-', &first);
	struct gtid_interval new = { .first = *name };

	if (!read_number(first, &new.first.number))
		return refuse(text, "has no number where one is due", err);
	new.last = new.first.number;
	if (!slice_is_null(last) && (!read_number(last, &new.last) || new.last < new.first.number))
		return refuse(text, "has an interval that ends before it begins", err);
	if (meets(s, &new))
		return refuse(text, "has a number twice", err);
	return add_interval(s, &new, err);
}

/* A part behind the uuid: an interval of the name so far, or a tag, for those that follow. */
static int
read_part(struct gtid_set *s, struct gtid_member *name, struct slice part, struct err *err)
{
	if (part.len > 0 && is_tag_byte(part.ptr[0], true)) {
		if (!read_tag(part, name->tag))
			return refuse(part, "has a tag that is none", err);
		return 0;
	}
	return read_interval(s, name, part, err);
}

/* "uuid:1-5:7:tag:1-2" */
static int
read_uuid_set(struct gtid_set *s, struct slice text, struct err *err)
{
	struct gtid_member name = { 0 };
	struct slice part, rest = slice_split(text, ':', &part);

	if (!read_uuid(slice_trim(part), name.uuid))
		return refuse(text, "does not begin with a uuid", err);
	if (slice_is_null(rest))
		return refuse(text, "has no number", err);
	while (!slice_is_null(rest)) {
		rest = slice_split(rest, ':', &part);
		TRY(read_part(s, &name, slice_trim(part), err));
	}
	return 0;
}

int
gtid_set_parse(struct gtid_set *s, struct slice text, struct err *err)
{
	struct slice one;

	s->count = 0;
	text = slice_trim(text);
	if (text.len == 0)
		return 0;
	while (!slice_is_null(text)) {
		text = slice_split(text, ',', &one);
		TRY(read_uuid_set(s, slice_trim(one), err));
	}
	return 0;
}

void
gtid_set_print(struct buf *out, const struct gtid_set *s)
{
	const struct gtid_member *before = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct gtid_member *first = &s->items[i].first;
		bool new_uuid =
		    before == NULL || memcmp(before->uuid, first->uuid, GTID_UUID_BYTES) != 0;

		if (new_uuid) {
			if (before != NULL)
				buf_add_char(out, ',');
			print_uuid(out, first->uuid);
		}
		if (first->tag[0] != '\0' && (new_uuid || strcmp(before->tag, first->tag) != 0))
			buf_addf(out, ":%s", first->tag);
		buf_addf(out, ":%" PRIu64, first->number);
		if (s->items[i].last != first->number)
			buf_addf(out, "-%" PRIu64, s->items[i].last);
		before = first;
	}
}

/* ---- The protocol */

/* Of the name at i. */
static size_t
intervals_of(const struct gtid_set *s, size_t i)
{
	size_t end = i;

	while (end < s->count && name_cmp(&s->items[i].first, &s->items[end].first) == 0)
		end++;
	return end - i;
}

static void
encode_name(struct buf *out, const struct gtid_set *s, size_t from, bool tagged)
{
	const struct gtid_member *name = &s->items[from].first;
	size_t count = intervals_of(s, from);

	buf_add(out, name->uuid, GTID_UUID_BYTES);
	if (tagged) {
		buf_add_char(out, (char)(strlen(name->tag) * 2));
		buf_add_str(out, name->tag);
	}
	wire_put_int(out, count, 8);
	for (size_t i = from; i < from + count; i++) {
		wire_put_int(out, s->items[i].first.number, 8);
		wire_put_int(out, s->items[i].last + 1, 8);
	}
}

void
gtid_set_encode(struct buf *out, const struct gtid_set *s)
{
	size_t names = 0;
	bool tagged = false;

	for (size_t i = 0; i < s->count; i += intervals_of(s, i)) {
		names++;
		tagged = tagged || s->items[i].first.tag[0] != '\0';
	}
	if (tagged) {
		buf_add_char(out, 1);
		wire_put_int(out, names, 6);
		buf_add_char(out, 1);
	} else {
		wire_put_int(out, names, 8);
	}
	for (size_t i = 0; i < s->count; i += intervals_of(s, i))
		encode_name(out, s, i, tagged);
}

static void
take_name(struct wire_reader *r, bool tagged, struct gtid_member *out)
{
	struct slice uuid = wire_bytes(r, GTID_UUID_BYTES), tag;

	*out = (struct gtid_member){ 0 };
	if (uuid.len > 0)
		memcpy(out->uuid, uuid.ptr, GTID_UUID_BYTES);
	if (!tagged)
		return;
	tag = wire_bytes(r, wire_u8(r) / 2);
	if (tag.len > 0)
		r->failed |= !read_tag(tag, out->tag);
}

static int
decode_name(struct gtid_set *s, struct wire_reader *r, bool tagged, struct err *err)
{
	struct gtid_interval new;

	take_name(r, tagged, &new.first);
	for (uint64_t n = wire_u64(r); n > 0 && !r->failed; n--) {
		new.first.number = wire_u64(r);
		new.last = wire_u64(r) - 1;
		r->failed |= new.first.number == 0 || new.last < new.first.number ||
		    new.last > NUMBER_MAX || meets(s, &new);
		if (!r->failed)
			TRY(add_interval(s, &new, err));
	}
	return r->failed ? err_set(err, ERR_CORRUPT, "a binary GTID set that cannot be read") : 0;
}

int
gtid_set_decode(struct gtid_set *s, struct slice bytes, struct err *err)
{
	struct wire_reader r = wire_reader(bytes);
	uint64_t head = wire_u64(&r);
	/* A number of names has no bit there: they would not fit into an event. */
	bool tagged = head >> 56 == 1 && (head & 0xff) == 1;
	uint64_t names = tagged ? head << 8 >> 16 : head;

	s->count = 0;
	for (; names > 0 && !r.failed; names--)
		TRY(decode_name(s, &r, tagged, err));
	return r.failed || wire_left(&r) > 0
	    ? err_set(err, ERR_CORRUPT, "a binary GTID set that cannot be read")
	    : 0;
}
