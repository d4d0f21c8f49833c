#include "mysql/command.h"

#include "base/check.h"

/* clang-format off */
static const char *const names[] = {
	[COM_SLEEP] = "Sleep", [COM_QUIT] = "Quit", [COM_INIT_DB] = "Init DB",
	[COM_QUERY] = "Query",
	[COM_FIELD_LIST] = "Field List", [COM_CREATE_DB] = "Create DB", [COM_DROP_DB] = "Drop DB",
	[COM_REFRESH] = "Refresh", [COM_SHUTDOWN] = "Shutdown", [COM_STATISTICS] = "Statistics",
	[COM_PROCESS_INFO] = "Processlist", [COM_CONNECT] = "Connect", [COM_PROCESS_KILL] = "Kill",
	[COM_DEBUG] = "Debug", [COM_PING] = "Ping", [COM_TIME] = "Time",
	[COM_DELAYED_INSERT] = "Delayed insert",
	[COM_CHANGE_USER] = "Change user", [COM_BINLOG_DUMP] = "Binlog Dump",
	[COM_TABLE_DUMP] = "Table Dump",
	[COM_CONNECT_OUT] = "Connect Out", [COM_REGISTER_SLAVE] = "Register Slave",
	[COM_STMT_PREPARE] = "Prepare",
	[COM_STMT_EXECUTE] = "Execute", [COM_STMT_SEND_LONG_DATA] = "Long Data",
	[COM_STMT_CLOSE] = "Close stmt",
	[COM_STMT_RESET] = "Reset stmt", [COM_SET_OPTION] = "Set option",
	[COM_STMT_FETCH] = "Fetch",
	[COM_DAEMON] = "Daemon", [COM_BINLOG_DUMP_GTID] = "Binlog Dump GTID",
	[COM_RESET_CONNECTION] = "Reset connection",
	[COM_STMT_BULK_EXECUTE] = "Bulk execute",
};
/* clang-format on */

const char *
command_name(enum command com)
{
	size_t i = (size_t)com;

	return i < sizeof(names) / sizeof(names[0]) && names[i] != NULL ? names[i] : "Unknown";
}

static bool
has_text(enum command com)
{
	return com == COM_QUERY || com == COM_STMT_PREPARE || com == COM_INIT_DB ||
	    com == COM_CREATE_DB || com == COM_DROP_DB;
}

static bool
has_statement_id(enum command com)
{
	return com == COM_STMT_EXECUTE || com == COM_STMT_FETCH || com == COM_STMT_CLOSE ||
	    com == COM_STMT_RESET || com == COM_STMT_SEND_LONG_DATA || com == COM_STMT_BULK_EXECUTE;
}

int
command_read(struct slice packet, struct command_packet *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	*out = (struct command_packet){ .com = (enum command)wire_u8(&r) };
	if (has_text(out->com)) {
		out->text = wire_rest(&r);
	} else if (has_statement_id(out->com)) {
		out->statement_id = wire_u32(&r);
		if (out->com == COM_STMT_EXECUTE)
			out->cursor = wire_u8(&r);
	} else if (out->com == COM_SET_OPTION) {
		out->option = wire_u16(&r);
	} else if (out->com == COM_PROCESS_KILL) {
		out->thread_id = wire_u32(&r);
	}
	return wire_done(&r, "command", err);
}

void
command_put_text(struct buf *b, enum command com, struct slice text)
{
	wire_put_int(b, (uint64_t)com, 1);
	buf_add_slice(b, text);
}

int
change_user_read(struct slice packet, uint64_t caps, struct change_user *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	*out = (struct change_user){ 0 };
	wire_skip(&r, 1);
	out->user = wire_nul_str(&r);
	out->auth = wire_bytes(&r, wire_u8(&r));
	out->database = wire_nul_str(&r);
	if (wire_left(&r) > 0)
		out->collation = wire_u16(&r);
	if ((caps & CAP_PLUGIN_AUTH) != 0 && wire_left(&r) > 0)
		out->plugin = wire_nul_str(&r);
	if ((caps & CAP_CONNECT_ATTRS) != 0 && wire_left(&r) > 0)
		out->attributes = wire_lenenc_str(&r);
	return wire_done(&r, "change of user", err);
}

void
change_user_put(struct buf *b, uint64_t caps, const struct change_user *c)
{
	check(c->auth.len < 256);
	wire_put_int(b, COM_CHANGE_USER, 1);
	wire_put_nul_str(b, c->user);
	wire_put_int(b, c->auth.len, 1);
	buf_add_slice(b, c->auth);
	wire_put_nul_str(b, c->database);
	wire_put_int(b, c->collation, 2);
	if ((caps & CAP_PLUGIN_AUTH) != 0)
		wire_put_nul_str(b, c->plugin);
	if ((caps & CAP_CONNECT_ATTRS) != 0)
		wire_put_lenenc_str(b, c->attributes);
}

void
command_set_statement_id(uint8_t *packet, uint32_t id)
{
	id = htole32(id);
	memcpy(packet + 1, &id, sizeof(id));
}
