#include "topo/message.h"

#include "base/check.h"
#include "topo/json.h"

#include <limits.h>

/* Where a member is in its struct. Values are moved by memcpy(), whatever their type is: a cast to a
 * pointer of the member's type would be an alias that the compiler need not expect. */
static const char *
at(const void *value, size_t offset)
{
	return (const char *)value + offset;
}

static void
get(void *out, const void *value, size_t offset, size_t size)
{
	memcpy(out, at(value, offset), size);
}

static void
set(void *value, size_t offset, const void *from, size_t size)
{
	memcpy((char *)value + offset, from, size);
}

/* ---- Writing */

static void
put_number(struct json_writer *w, const struct member *f, const void *value)
{
	int n = 0;
	int64_t signed_64 = 0;
	uint64_t unsigned_64 = 0;

	switch (f->type) {
	case MEMBER_INT:
		get(&n, value, f->offset, sizeof(n));
		json_put_i64(w, f->name, n);
		return;
	case MEMBER_I64:
		get(&signed_64, value, f->offset, sizeof(signed_64));
		json_put_i64(w, f->name, signed_64);
		return;
	case MEMBER_U64:
		get(&unsigned_64, value, f->offset, sizeof(unsigned_64));
		json_put_u64(w, f->name, unsigned_64);
		return;
	case MEMBER_ENUM:
		get(&n, value, f->offset, sizeof(n));
		json_put_str(w, f->name, f->words[n]);
		return;
	case MEMBER_STATE:
		get(&n, value, f->offset, sizeof(n));
		json_put_str(w, f->name, fsm_name(f->states, n));
		return;
	case MEMBER_STR:
	case MEMBER_BOOL:
	case MEMBER_OBJECT:
	case MEMBER_LIST:
	case MEMBER_TEXTS: break;
	}
	unreachable();
}

static void
put_texts(struct json_writer *w, const struct member *f, const void *value)
{
	const char **texts;
	size_t count;

	get(&texts, value, f->offset, sizeof(texts));
	get(&count, value, f->count, sizeof(count));
	json_put_open(w, f->name, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(w, NULL, texts[i]);
	json_put_close(w, ']');
}

/* One that has no members of its own. */
static void
put_plain(struct json_writer *w, const struct member *f, const void *value)
{
	const char *text;
	bool yes;

	if (f->type == MEMBER_STR) {
		get(&text, value, f->offset, sizeof(text));
		json_put_str(w, f->name, text);
	} else if (f->type == MEMBER_BOOL) {
		get(&yes, value, f->offset, sizeof(yes));
		json_put_bool(w, f->name, yes);
	} else if (f->type == MEMBER_TEXTS) {
		put_texts(w, f, value);
	} else {
		put_number(w, f, value);
	}
}

static void
put_members(struct json_writer *w, const struct message *m, const void *value)
{
	if (m->base != NULL)
		put_members(w, m->base, value);
	for (const struct member *f = m->members; f->name != NULL; f++) {
		const char *items = at(value, f->offset);
		size_t count = 1;

		if (f->of == NULL) {
			put_plain(w, f, value);
			continue;
		}
		if (f->type == MEMBER_LIST) {
			get(&items, value, f->offset, sizeof(items));
			get(&count, value, f->count, sizeof(count));
			json_put_open(w, f->name, '[');
		}
		for (size_t i = 0; i < count; i++) {
			json_put_open(w, f->type == MEMBER_LIST ? NULL : f->name, '{');
			put_members(w, f->of, items + i * f->of->size);
			json_put_close(w, '}');
		}
		if (f->type == MEMBER_LIST)
			json_put_close(w, ']');
	}
}

void
message_write(struct buf *out, const struct message *m, const void *value)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	put_members(&w, m, value);
	json_put_close(&w, '}');
}

/* ---- Reading */

static void
get_number(const struct json *j, const struct member *f, void *out)
{
	int n = 0;
	int64_t signed_64;
	uint64_t unsigned_64;

	switch (f->type) {
	case MEMBER_INT:
		n = json_get_int(j, f->name, 0, INT_MAX);
		set(out, f->offset, &n, sizeof(n));
		return;
	case MEMBER_I64:
		signed_64 = json_get_i64(j, f->name);
		set(out, f->offset, &signed_64, sizeof(signed_64));
		return;
	case MEMBER_U64:
		unsigned_64 = json_get_u64(j, f->name);
		set(out, f->offset, &unsigned_64, sizeof(unsigned_64));
		return;
	case MEMBER_ENUM:
		n = json_get_enum(j, f->name, f->words);
		set(out, f->offset, &n, sizeof(n));
		return;
	case MEMBER_STATE:
		n = json_get_state(j, f->name, f->states);
		set(out, f->offset, &n, sizeof(n));
		return;
	case MEMBER_STR:
	case MEMBER_BOOL:
	case MEMBER_OBJECT:
	case MEMBER_LIST:
	case MEMBER_TEXTS: break;
	}
	unreachable();
}

static void
get_texts(const struct json *j, struct arena *a, const struct member *f, void *out)
{
	struct json array = json_get_array(j, f->name);
	size_t count = json_count(&array);
	const char **texts = arena_array(a, const char *, count);

	for (size_t i = 0; i < count; i++)
		texts[i] = json_item_str(&array, i);
	set(out, f->offset, &texts, sizeof(texts));
	set(out, f->count, &count, sizeof(count));
}

static void
get_plain(const struct json *j, struct arena *a, const struct member *f, void *out)
{
	if (f->type == MEMBER_STR) {
		const char *text = json_get_str(j, f->name);

		set(out, f->offset, &text, sizeof(text));
	} else if (f->type == MEMBER_BOOL) {
		bool yes = json_get_bool(j, f->name);

		set(out, f->offset, &yes, sizeof(yes));
	} else if (f->type == MEMBER_TEXTS) {
		get_texts(j, a, f, out);
	} else {
		get_number(j, f, out);
	}
}

static void
get_members(const struct json *j, struct arena *a, const struct message *m, void *out)
{
	if (m->base != NULL)
		get_members(j, a, m->base, out);
	for (const struct member *f = m->members; f->name != NULL; f++) {
		if (f->needed)
			json_need(j, f->name);
		if (f->type == MEMBER_OBJECT) {
			struct json inside = json_get_object(j, f->name);

			get_members(&inside, a, f->of, (char *)out + f->offset);
		} else if (f->type == MEMBER_LIST) {
			struct json array = json_get_array(j, f->name);
			size_t count = json_count(&array);
			char *items = arena_zalloc(a, count * f->of->size);

			for (size_t i = 0; i < count; i++) {
				struct json item = json_item(&array, i);

				get_members(&item, a, f->of, items + i * f->of->size);
			}
			set(out, f->offset, &items, sizeof(items));
			set(out, f->count, &count, sizeof(count));
		} else {
			get_plain(j, a, f, out);
		}
	}
}

int
message_read(struct arena *a, const struct message *m, struct slice json, void *out, struct err *err)
{
	struct json_doc doc;

	TRY(json_open(&doc, m->what, json, a, err));
	struct json root = json_root(&doc);
	if (m->size > 0)
		memset(out, 0, m->size);
	get_members(&root, a, m, out);
	return json_close(&doc);
}
