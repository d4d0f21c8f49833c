#include "binlog/event_packed.h"

#include "base/check.h"
#include "binlog/control.h"
#include "binlog/packed.h"
#include "binlog/rows.h"

enum { KINDS = 3 }; /* write, update, delete */

bool
event_is_packed(uint8_t type)
{
	return type >= EVENT_QUERY_COMPRESSED && type <= EVENT_ROWS_COMPRESSED_LAST;
}

static uint8_t
type_unpacked(uint8_t type)
{
	unsigned n = (unsigned)type - EVENT_ROWS_COMPRESSED;

	if (type == EVENT_QUERY_COMPRESSED)
		return EVENT_QUERY;
	return (uint8_t)(n < KINDS ? EVENT_WRITE_ROWS_V1 + n : EVENT_WRITE_ROWS_V2 + n - KINDS);
}

/* What of the body is packed: its end. */
static int
find_packed(const struct event *e, struct slice *packed, struct err *err)
{
	struct query_event q;
	struct rows rows;

	if (e->type == EVENT_QUERY) {
		TRY(query_event_read(e->body, &q, err));
		*packed = q.sql;
		return 0;
	}
	TRY(rows_read_head(e, &rows, err));
	*packed = cursor_rest(&rows.data);
	return 0;
}

int
event_unpack(const struct event *e, struct buf *room, struct event *out, struct err *err)
{
	size_t at = room->len;
	struct slice packed;

	check(event_is_packed(e->type));
	*out = *e;
	out->type = type_unpacked(e->type);
	TRY(find_packed(out, &packed, err));
	buf_add_slice(room, slice_cut(e->body, 0, e->body.len - packed.len));
	if (!packed_add(packed, room))
		return err_set(err, ERR_CORRUPT, "%s event: its %zu bytes cannot be unpacked",
		    event_name(e->type), packed.len);
	out->body = slice_cut(buf_slice(room), at, room->len);
	return 0;
}
