#include "rpc/tablet.h"

#include "topo/name.h"

static const char *const side_names[] = { "from", "to", NULL };

#define MESSAGE(name, what, type)                                                                  \
	static const struct message name = { what, name##_members, sizeof(type), NULL }

/* ---- What requests have in common */

static const struct member end_members[] = {
	{ .name = "server", .type = MEMBER_STR, .offset = offsetof(struct move_end, server) },
	{ .name = "database", .type = MEMBER_STR, .offset = offsetof(struct move_end, database) },
	{ .name = "sidecar", .type = MEMBER_STR, .offset = offsetof(struct move_end, sidecar) },
	{ 0 },
};
MESSAGE(end, "end of a move", struct move_end);

/* clang-format off */
static const struct member names_members[] = {
	{ .name = "from", .type = MEMBER_STR,
	    .offset = offsetof(struct moved_names, from), .needed = true },
	{ .name = "to", .type = MEMBER_STR, .offset = offsetof(struct moved_names, to), .needed = true },
	{ 0 },
};
/* clang-format on */
MESSAGE(names, "names of a table", struct moved_names);

/* clang-format off */
static const struct member move_members[] = {
	{ .name = "timeout", .type = MEMBER_I64, .offset = offsetof(struct move_request, head.timeout) },
	{ .name = "workflow", .type = MEMBER_STR, .offset = offsetof(struct move_request, workflow),
	    .needed = true },
	{ .name = "round", .type = MEMBER_INT, .offset = offsetof(struct move_request, round) },
	{ .name = "attempt", .type = MEMBER_INT, .offset = offsetof(struct move_request, attempt) },
	{ .name = "side", .type = MEMBER_ENUM, .offset = offsetof(struct move_request, side),
	    .words = side_names },
	{ .name = "from", .type = MEMBER_OBJECT,
	    .offset = offsetof(struct move_request, from), .of = &end },
	{ .name = "to", .type = MEMBER_OBJECT, .offset = offsetof(struct move_request, to), .of = &end },
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct move_request, tables),
	    .of = &names, .count = offsetof(struct move_request, tables_count) },
	{ .name = "views", .type = MEMBER_TEXTS, .offset = offsetof(struct move_request, views),
	    .count = offsetof(struct move_request, views_count) },
	{ .name = "routines", .type = MEMBER_LIST, .offset = offsetof(struct move_request, routines),
	    .of = &moved_routine_message, .count = offsetof(struct move_request, routines_count) },
	{ .name = "away", .type = MEMBER_TEXTS, .offset = offsetof(struct move_request, away),
	    .count = offsetof(struct move_request, away_count) },
	{ .name = "room", .type = MEMBER_BOOL, .offset = offsetof(struct move_request, room) },
	{ .name = "limits", .type = MEMBER_OBJECT, .offset = offsetof(struct move_request, limits),
	    .of = &throttle_limits_message },
	{ .name = "on_ddl", .type = MEMBER_ENUM, .offset = offsetof(struct move_request, on_ddl),
	    .words = on_ddl_names },
	{ 0 },
};
/* clang-format on */
MESSAGE(move, "request about a move", struct move_request);

static const struct member tablet_members[] = {
	{ .name = "timeout", .type = MEMBER_I64, .offset = offsetof(struct tablet_request, timeout) },
	{ 0 },
};
MESSAGE(tablet, "request to a tablet", struct tablet_request);

static const struct member nothing_members[] = { { 0 } };
static const struct message nothing = { "a tablet's reply", nothing_members, 0, NULL };

/* Of a request that begins with a move. */
#define MOVE_MESSAGE(name, what, type)                                                             \
	static const struct message name = { what, name##_members, sizeof(type), &move }

/* ---- Triggers of clients */

static const struct member triggers_read_reply_members[] = {
	{ TRIGGER_MEMBER(struct triggers_read_reply) },
	{ 0 },
};
MESSAGE(triggers_read_reply, "reply to triggers_read", struct triggers_read_reply);

static const struct member triggers_try_members[] = {
	{ TRIGGER_MEMBER(struct triggers_try_request) },
	{ 0 },
};
MOVE_MESSAGE(triggers_try, "request to triggers_try", struct triggers_try_request);

/* ---- Checks */

static const struct member check_from_members[] = {
	{ .name = "force", .type = MEMBER_BOOL, .offset = offsetof(struct check_from_request, force) },
	{ .name = "drop_foreign_keys",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, drop_foreign_keys) },
	{ .name = "common",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, common) },
	{ .name = "with_views",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, with_views) },
	{ .name = "with_routines",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, with_routines) },
	{ .name = "to_innodb",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, to_innodb) },
	{ .name = "way_back",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct check_from_request, way_back) },
	{ 0 },
};
MOVE_MESSAGE(check_from, "request to check_from", struct check_from_request);

/* clang-format off */
static const struct member facts_members[] = {
	{ .name = "definition", .type = MEMBER_STR, .offset = offsetof(struct table_facts, definition) },
	{ .name = "strict", .type = MEMBER_STR, .offset = offsetof(struct table_facts, strict) },
	{ .name = "converted", .type = MEMBER_STR, .offset = offsetof(struct table_facts, converted) },
	{ .name = "rows_estimate", .type = MEMBER_I64,
	    .offset = offsetof(struct table_facts, rows_estimate) },
	{ 0 },
};
/* clang-format on */
MESSAGE(facts, "facts of a table", struct table_facts);

/* clang-format off */
static const struct member check_from_reply_members[] = {
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct check_from_reply, tables),
	    .of = &facts, .count = offsetof(struct check_from_reply, tables_count) },
	{ .name = "passed", .type = MEMBER_STR, .offset = offsetof(struct check_from_reply, passed) },
	{ .name = "dropped", .type = MEMBER_STR, .offset = offsetof(struct check_from_reply, dropped) },
	{ .name = "restore", .type = MEMBER_STR, .offset = offsetof(struct check_from_reply, restore) },
	{ .name = "views", .type = MEMBER_TEXTS, .offset = offsetof(struct check_from_reply, views),
	    .count = offsetof(struct check_from_reply, views_count) },
	{ .name = "staying", .type = MEMBER_STR, .offset = offsetof(struct check_from_reply, staying) },
	{ TRIGGER_MEMBER(struct check_from_reply) },
	{ ROUTINE_MEMBER(struct check_from_reply) },
	{ 0 },
};
/* clang-format on */
MESSAGE(check_from_reply, "reply to check_from", struct check_from_reply);

static const struct member check_to_members[] = {
	{ .name = "definitions",
	    .type = MEMBER_TEXTS,
	    .offset = offsetof(struct check_to_request, definitions),
	    .count = offsetof(struct check_to_request, definitions_count) },
	{ .name = "common", .type = MEMBER_BOOL, .offset = offsetof(struct check_to_request, common) },
	{ TRIGGER_MEMBER(struct check_to_request) },
	{ ROUTINE_MEMBER(struct check_to_request) },
	{ 0 },
};
MOVE_MESSAGE(check_to, "request to check_to", struct check_to_request);

/* clang-format off */
static const struct member check_to_reply_members[] = {
	{ .name = "kept", .type = MEMBER_LIST, .offset = offsetof(struct check_to_reply, kept),
	    .of = &moved_routine_message, .count = offsetof(struct check_to_reply, kept_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(check_to_reply, "reply to check_to", struct check_to_reply);

static const struct member survey_members[] = {
	{ .name = "bytes", .type = MEMBER_I64, .offset = offsetof(struct survey_request, bytes) },
	{ .name = "before_copy",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct survey_request, before_copy) },
	{ 0 },
};
MOVE_MESSAGE(survey, "request to survey", struct survey_request);

/* clang-format off */
static const struct member survey_reply_members[] = {
	{ .name = "findings", .type = MEMBER_LIST, .offset = offsetof(struct survey_reply, findings.items),
	    .of = &finding_message, .count = offsetof(struct survey_reply, findings.count) },
	{ .name = "bytes", .type = MEMBER_I64, .offset = offsetof(struct survey_reply, bytes) },
	{ 0 },
};
/* clang-format on */
MESSAGE(survey_reply, "reply to survey", struct survey_reply);

/* ---- Streams */

/* clang-format off */
static const struct member place_members[] = {
	{ .name = "position", .type = MEMBER_STR, .offset = offsetof(struct place_of, position),
	    .needed = true },
	{ .name = "file", .type = MEMBER_STR, .offset = offsetof(struct place_of, file) },
	{ .name = "offset", .type = MEMBER_I64, .offset = offsetof(struct place_of, offset) },
	{ 0 },
};
/* clang-format on */
MESSAGE(place, "place in a binlog", struct place_of);

/* clang-format off */
static const struct member stream_prepare_members[] = {
	{ .name = "guard_from", .type = MEMBER_STR,
	    .offset = offsetof(struct stream_prepare_request, guard_from), .needed = true },
	{ .name = "start", .type = MEMBER_OBJECT,
	    .offset = offsetof(struct stream_prepare_request, start), .of = &place,
	    .needed = true },
	{ 0 },
};
/* clang-format on */
MOVE_MESSAGE(stream_prepare, "request to stream_prepare", struct stream_prepare_request);

static const struct member stream_delete_members[] = {
	{ .name = "drop",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct stream_delete_request, drop) },
	{ 0 },
};
MOVE_MESSAGE(stream_delete, "request to stream_delete", struct stream_delete_request);

/* ---- A cutover's */

static const struct member fence_install_members[] = {
	{ .name = "force",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct fence_install_request, force) },
	{ .name = "drop_foreign_keys",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct fence_install_request, drop_foreign_keys) },
	{ .name = "way_back",
	    .type = MEMBER_BOOL,
	    .offset = offsetof(struct fence_install_request, way_back) },
	{ 0 },
};
MOVE_MESSAGE(fence_install, "request to fence_install", struct fence_install_request);

/* clang-format off */
static const struct member objects_read_reply_members[] = {
	{ .name = "view_texts", .type = MEMBER_LIST, .offset = offsetof(struct objects_read_reply, views),
	    .of = &view_message, .count = offsetof(struct objects_read_reply, views_count) },
	{ ROUTINE_MEMBER(struct objects_read_reply) },
	{ 0 },
};
MESSAGE(objects_read_reply, "reply to objects_read", struct objects_read_reply);

static const struct member objects_make_members[] = {
	{ .name = "view_texts", .type = MEMBER_LIST, .offset = offsetof(struct objects_make_request, views),
	    .of = &view_message, .count = offsetof(struct objects_make_request, views_count) },
	{ ROUTINE_MEMBER(struct objects_make_request) },
	{ 0 },
};
/* clang-format on */
MOVE_MESSAGE(objects_make, "request to objects_make", struct objects_make_request);

static const struct member next_members[] = {
	{ .name = "next", .type = MEMBER_U64, .offset = offsetof(struct auto_next, next) },
	{ 0 },
};
MESSAGE(next, "next value", struct auto_next);

/* clang-format off */
static const struct member next_values_reply_members[] = {
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct next_values_reply, tables),
	    .of = &next, .count = offsetof(struct next_values_reply, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(next_values_reply, "reply to next_values", struct next_values_reply);

/* clang-format off */
static const struct member set_next_values_members[] = {
	{ .name = "values", .type = MEMBER_LIST,
	    .offset = offsetof(struct set_next_values_request, values),
	    .of = &next, .count = offsetof(struct set_next_values_request, values_count) },
	{ 0 },
};
/* clang-format on */
MOVE_MESSAGE(set_next_values, "request to set_next_values", struct set_next_values_request);

/* clang-format off */
static const struct member freeze_members[] = {
	{ .name = "position", .type = MEMBER_STR, .offset = offsetof(struct freeze_request, position),
	    .needed = true },
	{ .name = "values", .type = MEMBER_LIST, .offset = offsetof(struct freeze_request, values),
	    .of = &next, .count = offsetof(struct freeze_request, values_count) },
	{ TRIGGER_MEMBER(struct freeze_request) },
	{ 0 },
};

static const struct member freeze_reply_members[] = {
	{ .name = "place", .type = MEMBER_OBJECT, .offset = offsetof(struct freeze_reply, place),
	    .of = &place, .needed = true },
	{ 0 },
};

static const struct member lock_reply_members[] = {
	{ .name = "position", .type = MEMBER_STR, .offset = offsetof(struct lock_reply, position) },
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct lock_reply, tables),
	    .of = &next, .count = offsetof(struct lock_reply, tables_count) },
	{ 0 },
};
/* clang-format on */
MOVE_MESSAGE(freeze, "request to freeze", struct freeze_request);
MESSAGE(freeze_reply, "reply to freeze", struct freeze_reply);
MESSAGE(lock_reply, "reply to lock", struct lock_reply);

static const struct member fence_status_members[] = {
	{ .name = "room_us",
	    .type = MEMBER_I64,
	    .offset = offsetof(struct fence_status_request, room_us) },
	{ 0 },
};
MOVE_MESSAGE(fence_status, "request to fence_status", struct fence_status_request);

static const struct member fence_status_reply_members[] = {
	{ .name = "waits", .type = MEMBER_BOOL, .offset = offsetof(struct fence_status_reply, waits) },
	{ .name = "asks", .type = MEMBER_BOOL, .offset = offsetof(struct fence_status_reply, asks) },
	{ 0 },
};
MESSAGE(fence_status_reply, "reply to fence_status", struct fence_status_reply);

static const struct member lock_status_reply_members[] = {
	{ .name = "held", .type = MEMBER_BOOL, .offset = offsetof(struct lock_status_reply, held) },
	{ 0 },
};
MESSAGE(lock_status_reply, "reply to lock_status", struct lock_status_reply);

/* ---- Comparisons */

static const struct member vdiff_members[] = {
	{ .name = "uuid", .type = MEMBER_STR, .offset = offsetof(struct vdiff_request, uuid) },
	{ .name = "options",
	    .type = MEMBER_OBJECT,
	    .offset = offsetof(struct vdiff_request, options),
	    .of = &vdiff_options_message },
	{ 0 },
};
MOVE_MESSAGE(vdiff, "request about a comparison", struct vdiff_request);

/* ---- About a server */

static const struct member status_reply_members[] = {
	{ .name = "healthy", .type = MEMBER_BOOL, .offset = offsetof(struct status_reply, healthy) },
	{ .name = "reason", .type = MEMBER_STR, .offset = offsetof(struct status_reply, reason) },
	{ 0 },
};
MESSAGE(status_reply, "reply to status", struct status_reply);

/* clang-format off */
static const struct member validate_members[] = {
	{ .name = "timeout", .type = MEMBER_I64,
	    .offset = offsetof(struct validate_request, head.timeout) },
	{ .name = "database", .type = MEMBER_STR, .offset = offsetof(struct validate_request, database),
	    .needed = true },
	{ 0 },
};
MESSAGE(validate, "request to validate", struct validate_request);

static const struct member validate_reply_members[] = {
	{ .name = "flavour", .type = MEMBER_STR, .offset = offsetof(struct validate_reply, flavour) },
	{ .name = "version", .type = MEMBER_STR, .offset = offsetof(struct validate_reply, version) },
	{ .name = "requirements", .type = MEMBER_LIST,
	    .offset = offsetof(struct validate_reply, list.items),
	    .of = &requirement_message, .count = offsetof(struct validate_reply, list.count) },
	{ 0 },
};
/* clang-format on */
const struct message validate_reply_message = { "reply to validate", validate_reply_members,
	sizeof(struct validate_reply), NULL };

/* clang-format off */
static const struct member tables_members[] = {
	{ .name = "timeout", .type = MEMBER_I64,
	    .offset = offsetof(struct tables_request, head.timeout) },
	{ .name = "database", .type = MEMBER_STR, .offset = offsetof(struct tables_request, database),
	    .needed = true },
	{ .name = "tables", .type = MEMBER_TEXTS, .offset = offsetof(struct tables_request, tables),
	    .count = offsetof(struct tables_request, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(tables, "request about tables", struct tables_request);

#define RENAME(member) offsetof(struct table_rename_request, member)

/* clang-format off */
static const struct member table_rename_members[] = {
	{ .name = "timeout", .type = MEMBER_I64, .offset = RENAME(head.timeout) },
	{ .name = "database", .type = MEMBER_STR, .offset = RENAME(database), .needed = true },
	{ .name = "table", .type = MEMBER_STR, .offset = RENAME(table), .needed = true },
	{ .name = "to", .type = MEMBER_STR, .offset = RENAME(to), .needed = true },
	{ 0 },
};
/* clang-format on */
MESSAGE(table_rename, "request to table_rename", struct table_rename_request);

static const struct member found_members[] = {
	{ .name = "exists", .type = MEMBER_BOOL, .offset = offsetof(struct table_found, exists) },
	{ 0 },
};
MESSAGE(found, "a table that was looked for", struct table_found);

/* clang-format off */
static const struct member table_find_reply_members[] = {
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct table_find_reply, tables),
	    .of = &found, .count = offsetof(struct table_find_reply, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(table_find_reply, "reply to table_find", struct table_find_reply);

static const struct member size_members[] = {
	{ .name = "bytes", .type = MEMBER_I64, .offset = offsetof(struct table_size, bytes) },
	{ 0 },
};
MESSAGE(size, "size of a table", struct table_size);

/* clang-format off */
static const struct member table_sizes_reply_members[] = {
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct table_sizes_reply, tables),
	    .of = &size, .count = offsetof(struct table_sizes_reply, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(table_sizes_reply, "reply to table_sizes", struct table_sizes_reply);

/* clang-format off */
static const struct member table_list_reply_members[] = {
	{ .name = "tables", .type = MEMBER_TEXTS, .offset = offsetof(struct table_list_reply, tables),
	    .count = offsetof(struct table_list_reply, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(table_list_reply, "reply to table_list", struct table_list_reply);

const struct tablet_call tablet_calls[TABLET_METHODS] = {
	[TABLET_STATUS] = { "status", &tablet, &status_reply },
	[TABLET_VALIDATE] = { "validate", &validate, &validate_reply_message },
	[TABLET_CHECK_FROM] = { "check_from", &check_from, &check_from_reply },
	[TABLET_CHECK_TO] = { "check_to", &check_to, &check_to_reply },
	[TABLET_SURVEY] = { "survey", &survey, &survey_reply },
	[TABLET_STREAM_CREATE] = { "stream_create", &move, &nothing },
	[TABLET_STREAM_PREPARE] = { "stream_prepare", &stream_prepare, &nothing },
	[TABLET_STREAM_START] = { "stream_start", &move, &nothing },
	[TABLET_STREAM_STATUS] = { "stream_status", &move, &stream_status_reply_message },
	[TABLET_STREAM_THROTTLE] = { "stream_throttle", &move, &nothing },
	[TABLET_THROTTLE_TRY] = { "throttle_try", &move, &nothing },
	[TABLET_STREAM_SUSPEND] = { "stream_suspend", &move, &nothing },
	[TABLET_STREAM_DELETE] = { "stream_delete", &stream_delete, &nothing },
	[TABLET_FENCE_INSTALL] = { "fence_install", &fence_install, &nothing },
	[TABLET_FENCE_REMOVE] = { "fence_remove", &move, &nothing },
	[TABLET_FENCE_STATUS] = { "fence_status", &fence_status, &fence_status_reply },
	[TABLET_OBJECTS_READ] = { "objects_read", &move, &objects_read_reply },
	[TABLET_OBJECTS_MAKE] = { "objects_make", &objects_make, &nothing },
	[TABLET_OBJECTS_DROP] = { "objects_drop", &move, &nothing },
	[TABLET_EVENTS_OFF] = { "events_off", &move, &nothing },
	[TABLET_EVENTS_ON] = { "events_on", &move, &nothing },
	[TABLET_TRIGGERS_READ] = { "triggers_read", &move, &triggers_read_reply },
	[TABLET_TRIGGERS_TRY] = { "triggers_try", &triggers_try, &nothing },
	[TABLET_TRIGGERS_DROP] = { "triggers_drop", &move, &nothing },
	[TABLET_NEXT_VALUES] = { "next_values", &move, &next_values_reply },
	[TABLET_SET_NEXT_VALUES] = { "set_next_values", &set_next_values, &nothing },
	[TABLET_LOCK_PREPARE] = { "lock_prepare", &move, &nothing },
	[TABLET_LOCK] = { "lock", &move, &lock_reply },
	[TABLET_ARM] = { "arm", &move, &nothing },
	[TABLET_LOCK_STATUS] = { "lock_status", &move, &lock_status_reply },
	[TABLET_UNLOCK] = { "unlock", &move, &nothing },
	[TABLET_DISARM] = { "disarm", &move, &nothing },
	[TABLET_FREEZE] = { "freeze", &freeze, &freeze_reply },
	[TABLET_THAW] = { "thaw", &move, &nothing },
	[TABLET_FINISH] = { "finish", &move, &nothing },
	[TABLET_VDIFF_CREATE] = { "vdiff_create", &vdiff, &nothing },
	[TABLET_VDIFF_SHOW] = { "vdiff_show", &vdiff, &vdiff_reply_message },
	[TABLET_VDIFF_STOP] = { "vdiff_stop", &vdiff, &nothing },
	[TABLET_VDIFF_RESUME] = { "vdiff_resume", &vdiff, &nothing },
	[TABLET_VDIFF_DELETE] = { "vdiff_delete", &vdiff, &nothing },
	[TABLET_TABLE_FIND] = { "table_find", &tables, &table_find_reply },
	[TABLET_TABLE_LIST] = { "table_list", &tables, &table_list_reply },
	[TABLET_TABLE_SIZES] = { "table_sizes", &tables, &table_sizes_reply },
	[TABLET_TABLE_DROP] = { "table_drop", &tables, &nothing },
	[TABLET_TABLE_RENAME] = { "table_rename", &table_rename, &nothing },
};

int
move_round(const struct move_request *r)
{
	return r->round == 0 ? 1 : r->round;
}

/* ---- On disk */

void
stored_request_write(struct buf *out, const struct move_request *r)
{
	message_write(out, &move, r);
}

/* As release 0.1 wrote it, and all before requests had two ends. */
/* clang-format off */
static const struct member old_names_members[] = {
	{ .name = "source_table", .type = MEMBER_STR, .offset = offsetof(struct moved_names, from),
	    .needed = true },
	{ .name = "target_table", .type = MEMBER_STR, .offset = offsetof(struct moved_names, to),
	    .needed = true },
	{ 0 },
};
/* clang-format on */
MESSAGE(old_names, "names of a table", struct moved_names);

/* clang-format off */
static const struct member old_move_members[] = {
	{ .name = "workflow", .type = MEMBER_STR, .offset = offsetof(struct move_request, workflow),
	    .needed = true },
	{ .name = "attempt", .type = MEMBER_INT, .offset = offsetof(struct move_request, attempt) },
	{ .name = "source_server", .type = MEMBER_STR,
	    .offset = offsetof(struct move_request, from.server),
	    .needed = true },
	{ .name = "source_database", .type = MEMBER_STR,
	    .offset = offsetof(struct move_request, from.database) },
	{ .name = "source_sidecar", .type = MEMBER_STR,
	    .offset = offsetof(struct move_request, from.sidecar) },
	{ .name = "target_database", .type = MEMBER_STR,
	    .offset = offsetof(struct move_request, to.database) },
	{ .name = "tables", .type = MEMBER_LIST, .offset = offsetof(struct move_request, tables),
	    .of = &old_names, .count = offsetof(struct move_request, tables_count) },
	{ 0 },
};
/* clang-format on */
MESSAGE(old_move, "stored request", struct move_request);

int
stored_request_read(struct arena *a, struct slice json, struct move_request *out, struct err *err)
{
	struct err ignored = { 0 };

	if (message_read(a, &old_move, json, out, &ignored) != 0)
		TRY(message_read(a, &move, json, out, err));
	out->round = move_round(out);
	out->from.sidecar = sidecar_or_default(out->from.sidecar);
	return 0;
}
