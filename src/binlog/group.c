#include "binlog/group.h"

#include "binlog/checksum.h"

enum { MARK_BYTES = 64 }; /* of a body, at each end */

bool
group_begins(uint8_t type)
{
	return type == EVENT_GTID || type == EVENT_MYSQL_GTID || type == EVENT_MYSQL_GTID_TAGGED ||
	    type == EVENT_MYSQL_ANONYMOUS;
}

static int
read_mysql(const struct event *e, struct group_begin *out, struct err *err)
{
	struct mysql_gtid_event g;

	TRY(mysql_gtid_event_read(e, &g, err));
	if (g.is_anonymous) {
		err_set(err, ERR_REFUSED, "the binlog has a transaction without a GTID");
		return err_hint(err, "SET PERSIST gtid_mode=ON, step by step, then move anew");
	}
	*out = (struct group_begin){ .id = { .form = GTID_FORM_SET, .member = g.id },
		.frame = GROUP_BY_QUERY };
	return 0;
}

int
group_begin_read(const struct event *e, struct group_begin *out, struct err *err)
{
	struct gtid_event g;

	if (e->type != EVENT_GTID)
		return read_mysql(e, out, err);
	TRY(gtid_event_read(e, &g, err));
	*out = (struct group_begin){
		.id = { .form = GTID_FORM_LIST, .plain = g.id },
		.frame = (g.flags & GTID_STANDALONE) != 0 ? GROUP_STATEMENT : GROUP_TRANSACTION,
		.is_no_change =
		    (g.extra & (GTID_EXTRA_START_ALTER | GTID_EXTRA_ROLLBACK_ALTER)) != 0,
	};
	return 0;
}

enum group_frame
group_frame_of(struct slice sql)
{
	bool begins = slice_eq_str(sql, "BEGIN") || slice_starts(sql, "XA START ");

	return begins ? GROUP_TRANSACTION : GROUP_STATEMENT;
}

uint32_t
group_mark(uint32_t before, const struct event *e)
{
	struct {
		uint32_t before, timestamp, server_id, type;
		uint64_t len;
		uint8_t body[2 * MARK_BYTES];
	} of = { before, e->timestamp, e->server_id, e->type, e->body.len, { 0 } };
	size_t head = e->body.len < MARK_BYTES ? e->body.len : MARK_BYTES;

	if (e->type == EVENT_HEARTBEAT || e->type == EVENT_HEARTBEAT_V2)
		return before;
	if (head > 0) {
		memcpy(of.body, e->body.ptr, head);
		memcpy(of.body + MARK_BYTES, e->body.ptr + e->body.len - head, head);
	}
	return checksum_crc32(slice_of(&of, sizeof(of)));
}
