#include "topo/moved_routine.h"

#include "topo/name.h"

const char *const routine_kind_names[] = { "procedure", "function", "event", NULL };

/* clang-format off */
static const struct member moved_routine_members[] = {
	{ .name = "name", .type = MEMBER_STR, .offset = offsetof(struct moved_routine, name),
	    .needed = true },
	{ .name = "kind", .type = MEMBER_ENUM, .offset = offsetof(struct moved_routine, kind),
	    .words = routine_kind_names },
	{ .name = "both", .type = MEMBER_BOOL, .offset = offsetof(struct moved_routine, both) },
	{ .name = "kept", .type = MEMBER_BOOL, .offset = offsetof(struct moved_routine, kept) },
	{ 0 },
};
/* clang-format on */
const struct message moved_routine_message = { "routine that moves", moved_routine_members,
	sizeof(struct moved_routine), NULL };

const char *
moved_routine_rule(struct arena *a, const struct moved_routine *r)
{
	return r->kind == ROUTINE_EVENT ? name_of_event(a, slice_str(r->name))
					: name_of_routine(a, slice_str(r->name));
}
