#include "rpc/tablet.h"

#include <stddef.h>

/* clang-format off */
static const struct member table_status_members[] = {
	{ .name = "state", .type = MEMBER_ENUM, .offset = offsetof(struct table_status, progress),
	    .words = table_progress_names },
	{ .name = "rows_estimate", .type = MEMBER_I64,
	    .offset = offsetof(struct table_status, rows_estimate) },
	{ .name = "rows_copied", .type = MEMBER_I64,
	    .offset = offsetof(struct table_status, rows_copied) },
	{ 0 },
};
/* clang-format on */
static const struct message table_status = { "status of a table", table_status_members,
	sizeof(struct table_status), NULL };

#define DDL(member) offsetof(struct ddl_status, member)

/* clang-format off */
static const struct member ddl_status_members[] = {
	{ .name = "table", .type = MEMBER_STR, .offset = DDL(table) },
	{ .name = "statement", .type = MEMBER_STR, .offset = DDL(statement) },
	{ .name = "state", .type = MEMBER_STR, .offset = DDL(state) },
	{ .name = "error", .type = MEMBER_STR, .offset = DDL(error) },
	{ .name = "position", .type = MEMBER_STR, .offset = DDL(position) },
	{ .name = "at_us", .type = MEMBER_I64, .offset = DDL(at_us) },
	{ 0 },
};
/* clang-format on */
const struct message ddl_status_message = { "DDL that a stream has met", ddl_status_members,
	sizeof(struct ddl_status), NULL };

#define STATUS(member) offsetof(struct stream_status_reply, member)

/* clang-format off */
static const struct member stream_status_reply_members[] = {
	{ .name = "state", .type = MEMBER_STATE, .offset = STATUS(phase), .states = &stream_phases },
	{ .name = "error", .type = MEMBER_STR, .offset = STATUS(error) },
	{ .name = "hint", .type = MEMBER_STR, .offset = STATUS(hint) },
	{ .name = "position", .type = MEMBER_STR, .offset = STATUS(position) },
	{ .name = "prepared", .type = MEMBER_STR, .offset = STATUS(prepared) },
	{ .name = "exact", .type = MEMBER_BOOL, .offset = STATUS(exact) },
	{ .name = "lag_ms", .type = MEMBER_I64, .offset = STATUS(lag_ms) },
	{ .name = "rows_copied", .type = MEMBER_I64, .offset = STATUS(rows_copied) },
	{ .name = "rows_total", .type = MEMBER_I64, .offset = STATUS(rows_total) },
	{ .name = "loaded_by", .type = MEMBER_STR, .offset = STATUS(loaded_by) },
	{ .name = "limits", .type = MEMBER_OBJECT, .offset = STATUS(limits),
	    .of = &throttle_limits_message },
	{ .name = "throttled", .type = MEMBER_STR, .offset = STATUS(throttled) },
	{ .name = "throttled_us", .type = MEMBER_I64, .offset = STATUS(throttled_us) },
	{ .name = "changes_applied", .type = MEMBER_I64, .offset = STATUS(changes_applied) },
	{ .name = "closed", .type = MEMBER_STR, .offset = STATUS(closed) },
	{ .name = "guard_lag_ms", .type = MEMBER_I64, .offset = STATUS(guard_lag_ms) },
	{ .name = "tables", .type = MEMBER_LIST, .offset = STATUS(tables), .of = &table_status,
	    .count = STATUS(tables_count) },
	{ .name = "on_ddl", .type = MEMBER_ENUM, .offset = STATUS(on_ddl), .words = on_ddl_names },
	{ .name = "ddl", .type = MEMBER_LIST, .offset = STATUS(ddl), .of = &ddl_status_message,
	    .count = STATUS(ddl_count) },
	{ 0 },
};
/* clang-format on */
const struct message stream_status_reply_message = { "reply to stream_status",
	stream_status_reply_members, sizeof(struct stream_status_reply), NULL };
