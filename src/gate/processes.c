#include "gate/processes.h"

#include "base/mem.h"
#include "gate/session.h"
#include "mysql/dialect.h"
#include "sql/quote.h"

const char *const processes_columns[PROCESSES_COLUMNS] = { "ID", "USER", "HOST", "DB", "COMMAND",
	"TIME", "STATE", "INFO", "TIME_MS", "STAGE", "MAX_STAGE", "PROGRESS", "MEMORY_USED",
	"MAX_MEMORY_USED", "EXAMINED_ROWS", "QUERY_ID", "INFO_BINARY", "TID" };

enum {
	INFO_MAX = 64 * 1024,       /* bytes of a statement that are shown */
	ROWS_MAX = 2 * 1024 * 1024, /* and of all of one loop: further statements are left out */
};

struct command_name {
	enum command command;
	const char *name; /* as servers show it */
};

static const char *
command_name(const struct session *s)
{
	static const struct command_name names[] = { { COM_QUERY, "Query" },
		{ COM_STMT_EXECUTE, "Execute" }, { COM_STMT_PREPARE, "Prepare" },
		{ COM_STMT_FETCH, "Fetch" }, { COM_INIT_DB, "Init DB" }, { COM_PING, "Ping" },
		{ COM_FIELD_LIST, "Field List" }, { COM_PROCESS_KILL, "Kill" },
		{ COM_CHANGE_USER, "Change user" }, { COM_RESET_CONNECTION, "Reset connection" } };

	for (size_t i = 0; !s->idle && i < sizeof names / sizeof names[0]; i++) {
		if (names[i].command == s->command)
			return names[i].name;
	}
	return s->idle ? "Sleep" : "Query";
}

static const char *
state_of(const struct session *s)
{
	if (s->idle)
		return "";
	return s->running >= 0 ? "Executing" : "Waiting at vtgate";
}

/* How many bytes the character has that begins here, if utf8mb3 has it; else 0. */
static size_t
character(struct slice text, size_t at)
{
	uint8_t c = text.ptr[at];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 0;

	if (n > text.len - at || (c == 0xe0 && n == 3 && text.ptr[at + 1] < 0xa0) ||
	    (c == 0xed && n == 3 && text.ptr[at + 1] >= 0xa0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text.ptr[at + i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* A statement in whatever character set as text of utf8mb3: what is not one has question marks. */
static void
put_info(struct buf *out, const struct session *s)
{
	struct slice text = slice_cut(s->sql, 0, INFO_MAX);
	SCOPED(buf)
	struct buf shown = BUF_INIT;

	for (size_t i = 0; i < text.len;) {
		size_t n = s->charset.utf8 || text.ptr[i] < 0x80 ? character(text, i) : 0;

		if (n == 0)
			buf_add_char(&shown, '?');
		else
			buf_add_slice(&shown, slice_cut(text, i, i + n));
		i += n == 0 ? 1 : n;
	}
	quote_anywhere(out, buf_slice(&shown));
}

static void
put_row(struct buf *out, const struct session *s)
{
	uint64_t ms = (uint64_t)((task_now() - s->since) / 1000);
	bool info = !s->idle && !slice_is_null(s->sql) && out->len < ROWS_MAX;

	buf_addf(out, "%s" DIALECT_ROW "(%u, ", out->len > 0 ? ", " : "", s->id);
	quote_anywhere(out, slice_str(s->user));
	buf_add_str(out, ", ");
	quote_anywhere(out, slice_str(conn_peer(s->conn)));
	buf_add_str(out, ", ");
	if (s->keyspace == NULL)
		buf_add_str(out, "NULL");
	else
		quote_anywhere(out, slice_str(s->keyspace));
	buf_addf(out, ", '%s', %ju, '%s', ", command_name(s), (uintmax_t)(ms / 1000), state_of(s));
	if (info)
		put_info(out, s);
	else
		buf_add_str(out, "NULL");
	buf_addf(out, ", %ju, 0, 0, 0, 0, 0, 0, 0, NULL, NULL)", (uintmax_t)ms);
}

void
processes_here(const struct gate_loop *loop, struct kill_order *order)
{
	SCOPED(buf)
	struct buf rows = BUF_INIT;

	list_each(&loop->sessions, n) {
		const struct session *s = list_item(n, struct session, node);

		if (s->user != NULL && strcmp(s->user, order->user) == 0)
			put_row(&rows, s);
	}
	order->rows = rows.len == 0 ? NULL : mem_strdup(rows.data);
}
