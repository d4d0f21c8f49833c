#include "binlog/event.h"

#include "binlog/checksum.h"
#include "binlog/cursor.h"

/* clang-format off */
static const char *const names[256] = {
	[EVENT_QUERY]              = "Query",
	[EVENT_STOP]               = "Stop",
	[EVENT_ROTATE]             = "Rotate",
	[EVENT_INTVAR]             = "Intvar",
	[EVENT_RAND]               = "Rand",
	[EVENT_USER_VAR]           = "User_var",
	[EVENT_FORMAT_DESCRIPTION] = "Format_description",
	[EVENT_XID]                = "Xid",
	[EVENT_BEGIN_LOAD_QUERY]   = "Begin_load_query",
	[EVENT_EXECUTE_LOAD_QUERY] = "Execute_load_query",
	[EVENT_TABLE_MAP]          = "Table_map",
	[EVENT_WRITE_ROWS_V1]      = "Write_rows_v1",
	[EVENT_UPDATE_ROWS_V1]     = "Update_rows_v1",
	[EVENT_DELETE_ROWS_V1]     = "Delete_rows_v1",
	[EVENT_INCIDENT]           = "Incident",
	[EVENT_HEARTBEAT]          = "Heartbeat",
	[EVENT_IGNORABLE]          = "Ignorable",
	[EVENT_ROWS_QUERY]         = "Rows_query",
	[EVENT_WRITE_ROWS_V2]      = "Write_rows",
	[EVENT_UPDATE_ROWS_V2]     = "Update_rows",
	[EVENT_DELETE_ROWS_V2]     = "Delete_rows",
	[EVENT_MYSQL_GTID]         = "Gtid (MySQL)",
	[EVENT_MYSQL_ANONYMOUS]    = "Anonymous_gtid",
	[EVENT_MYSQL_PREVIOUS]     = "Previous_gtids",
	[EVENT_MYSQL_CONTEXT]      = "Transaction_context",
	[EVENT_MYSQL_VIEW_CHANGE]  = "View_change",
	[EVENT_XA_PREPARE]         = "XA_prepare",
	[EVENT_PARTIAL_UPDATE]     = "Partial_update_rows",
	[EVENT_MYSQL_PAYLOAD]      = "Transaction_payload",
	[EVENT_HEARTBEAT_V2]       = "Heartbeat_v2",
	[EVENT_MYSQL_GTID_TAGGED]  = "Gtid_tagged",
	[EVENT_ANNOTATE_ROWS]      = "Annotate_rows",
	[EVENT_BINLOG_CHECKPOINT]  = "Binlog_checkpoint",
	[EVENT_GTID]               = "Gtid",
	[EVENT_GTID_LIST]          = "Gtid_list",
	[EVENT_START_ENCRYPTION]   = "Start_encryption",
	[EVENT_QUERY_COMPRESSED]   = "Query_compressed",
	[166]                      = "Write_rows_compressed_v1",
	[167]                      = "Update_rows_compressed_v1",
	[168]                      = "Delete_rows_compressed_v1",
	[169]                      = "Write_rows_compressed",
	[170]                      = "Update_rows_compressed",
	[171]                      = "Delete_rows_compressed",
};
/* clang-format on */

const char *
event_name(uint8_t type)
{
	return names[type];
}

uint64_t
position_advance(uint64_t before, uint32_t end_pos)
{
	uint64_t after = (before & ~(uint64_t)UINT32_MAX) | end_pos;

	return after < before ? after + ((uint64_t)1 << 32) : after;
}

static int
take_checksum(struct slice bytes, struct event *out, struct err *err)
{
	size_t covered = bytes.len - EVENT_CHECKSUM_BYTES;
	struct cursor c = cursor_of(slice_cut(bytes, covered, bytes.len));
	uint32_t computed = checksum_crc32(slice_cut(bytes, 0, covered));

	out->checksum = (uint32_t)cursor_le(&c, EVENT_CHECKSUM_BYTES);
	out->body.len -= EVENT_CHECKSUM_BYTES;
	if (computed != out->checksum)
		return err_set(err, ERR_CORRUPT,
		    "event of type %d ending at %u: checksum %08x, computed %08x", out->type,
		    out->end_pos, out->checksum, computed);
	return 0;
}

/*
 * A format description always has room for a checksum, and in the byte before it says whether
 * events have one.
 */
static enum event_checksum
own_checksum(const struct event *e)
{
	if (e->body.len < EVENT_CHECKSUM_BYTES + 1)
		return EVENT_CHECKSUM_NONE;
	return e->body.ptr[e->body.len - EVENT_CHECKSUM_BYTES - 1] == EVENT_CHECKSUM_CRC32
	    ? EVENT_CHECKSUM_CRC32
	    : EVENT_CHECKSUM_NONE;
}

int
event_read(enum event_checksum checksum, struct slice bytes, struct event *out, struct err *err)
{
	struct cursor c = cursor_of(bytes);

	*out = (struct event){ .timestamp = (uint32_t)cursor_le(&c, 4) };
	out->type = (uint8_t)cursor_le(&c, 1);
	out->server_id = (uint32_t)cursor_le(&c, 4);
	out->length = (uint32_t)cursor_le(&c, 4);
	out->end_pos = (uint32_t)cursor_le(&c, 4);
	out->flags = (uint16_t)cursor_le(&c, 2);
	out->body = cursor_rest(&c);
	if (c.failed || out->length != bytes.len)
		return err_set(err, ERR_CORRUPT, "event of %zu bytes whose header says %u",
		    bytes.len, out->length);
	if (out->type == EVENT_FORMAT_DESCRIPTION) {
		checksum = own_checksum(out);
		if (checksum == EVENT_CHECKSUM_NONE && out->body.len >= EVENT_CHECKSUM_BYTES)
			out->body.len -= EVENT_CHECKSUM_BYTES; /* the room is there, unused */
	}
	if (checksum == EVENT_CHECKSUM_NONE)
		return 0;
	if (out->body.len < EVENT_CHECKSUM_BYTES)
		return err_set(
		    err, ERR_CORRUPT, "event of %zu bytes has no room for its checksum", bytes.len);
	return take_checksum(bytes, out, err);
}

bool
event_changes_nothing(const struct event *e)
{
	/* clang-format off */
	static const uint8_t types[] = {
		EVENT_STOP, EVENT_INTVAR, EVENT_RAND, EVENT_USER_VAR, EVENT_FORMAT_DESCRIPTION,
		    EVENT_HEARTBEAT, EVENT_HEARTBEAT_V2, EVENT_MYSQL_PREVIOUS,
		EVENT_IGNORABLE, EVENT_ROWS_QUERY, EVENT_ANNOTATE_ROWS, EVENT_BINLOG_CHECKPOINT,
		    EVENT_GTID_LIST,
		EVENT_START_ENCRYPTION,
	};
	/* clang-format on */

	return memchr(types, e->type, sizeof(types)) != NULL ||
	    (e->flags & EVENT_FLAG_IGNORABLE) != 0;
}
