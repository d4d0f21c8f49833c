#include "rpc/requirements.h"

#include "base/check.h"

#include <string.h>

const char *const requirement_state_names[] = { "met", "warns", "not known", "not met", NULL };

/* clang-format off */
static const struct member requirement_members[] = {
	{ .name = "what", .type = MEMBER_STR, .offset = offsetof(struct requirement, what) },
	{ .name = "state", .type = MEMBER_ENUM, .offset = offsetof(struct requirement, state),
	    .words = requirement_state_names },
	{ .name = "why", .type = MEMBER_STR, .offset = offsetof(struct requirement, why) },
	{ .name = "mend", .type = MEMBER_STR, .offset = offsetof(struct requirement, mend) },
	{ 0 },
};
/* clang-format on */
const struct message requirement_message = { "requirement", requirement_members,
	sizeof(struct requirement), NULL };

void
requirements_add(struct arena *a, struct requirements *list, const struct requirement *one)
{
	check(list->count < REQUIREMENTS_MAX);
	if (list->items == NULL)
		list->items = arena_array(a, struct requirement, REQUIREMENTS_MAX);
	list->items[list->count++] = (struct requirement){
		.what = arena_strdup(a, one->what),
		.state = one->state,
		.why = arena_strdup(a, one->why == NULL ? "" : one->why),
		.mend = arena_strdup(a, one->mend == NULL ? "" : one->mend),
	};
}

const struct requirement *
requirements_unmet(const struct requirements *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].state == REQUIREMENT_NOT_MET)
			return &list->items[i];
	}
	return NULL;
}

static const char *
sentence_of(const struct requirement *r, struct buf *both)
{
	if (r->state == REQUIREMENT_MET || r->why[0] == '\0')
		return r->what;
	if (r->state != REQUIREMENT_NOT_KNOWN)
		return r->why;
	buf_addf(both, "%s: %s", r->what, r->why);
	return both->data;
}

/* Does a later one tell it too? */
static bool
told_later(const struct requirements *list, size_t at)
{
	for (size_t i = at + 1; i < list->count; i++) {
		if (strcmp(list->items[i].mend, list->items[at].mend) == 0)
			return true;
	}
	return false;
}

void
requirements_print(struct buf *out, const struct requirements *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct requirement *r = &list->items[i];
		SCOPED(buf) struct buf both = BUF_INIT;

		buf_addf(out, "%-10s%s\n", requirement_state_names[r->state], sentence_of(r, &both));
		if (r->mend[0] != '\0' && !told_later(list, i))
			buf_addf(out, "%-10s%s\n", "", r->mend);
	}
}
