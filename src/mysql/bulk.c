#include "mysql/bulk.h"

#include "base/check.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"

enum {
	BULK_HEAD = 7,      /* command, statement id, flags */
	FLAG_TYPES = 128,   /* each parameter's type follows */
	BYTES_PER_TYPE = 2, /* the type, and whether it is unsigned */
	INDICATOR_VALUE = 0,
};

struct slice
bulk_next(struct slice *rows)
{
	struct wire_reader r = wire_reader(*rows);
	struct slice value = wire_u8(&r) == INDICATOR_VALUE ? wire_lenenc_str(&r) : SLICE_NULL;

	check(!r.failed);
	*rows = wire_rest(&r);
	return value;
}

bool
bulk_is_known(const struct mysql_client *c)
{
	return (mysql_caps(c) & CAP_MARIADB_STMT_BULK) != 0;
}

/* Sends a command, which lies in two parts, and reads its reply to the end. */
static int
call(struct ctx *cx, struct mysql_client *c, const struct slice command[2], struct reply_scan *scan)
{
	struct packets *p = mysql_packets(c);

	if (mysql_broken(c))
		return err_set(cx->err, ERR_RETRY, "the connection to the server is broken");
	packets_begin_command(p);
	TRY(packets_write_parts(cx, p, command, 2));
	TRY(packets_flush(cx, p));
	TRY(packets_drop_reply(cx, p, scan));
	return scan->failed ? err_from_packet(reply_scan_tail(scan), cx->err) : 0;
}

int
bulk_prepare(struct ctx *cx, struct mysql_client *c, struct slice sql, struct bulk *out)
{
	static const uint8_t prepare[] = { COM_STMT_PREPARE };
	const struct slice command[] = { slice_of(prepare, sizeof(prepare)), sql };
	struct reply_scan scan;

	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(c));
	TRY(call(cx, c, command, &scan));
	*out = (struct bulk){ scan.statement_id, scan.params };
	return 0;
}

int
bulk_close(struct ctx *cx, struct mysql_client *c, const struct bulk *b)
{
	SCOPED(buf) struct buf command = BUF_INIT;
	struct packets *p = mysql_packets(c);

	wire_put_int(&command, COM_STMT_CLOSE, 1);
	wire_put_int(&command, b->statement, 4);
	packets_begin_command(p);
	return packets_send(cx, p, buf_slice(&command));
}

size_t
bulk_overhead(const struct bulk *b)
{
	return BULK_HEAD + (size_t)b->params * BYTES_PER_TYPE;
}

int
bulk_execute(struct ctx *cx, struct mysql_client *c, const struct bulk *b, struct slice rows,
    struct mysql_ok *ok)
{
	SCOPED(buf) struct buf head = BUF_INIT;
	struct reply_scan scan;
	struct ok_packet packet;

	check(rows.len > 0);
	wire_put_int(&head, COM_STMT_BULK_EXECUTE, 1);
	wire_put_int(&head, b->statement, 4);
	wire_put_int(&head, FLAG_TYPES, 2);
	for (int i = 0; i < b->params; i++)
		wire_put_int(&head, TYPE_BLOB, BYTES_PER_TYPE);
	const struct slice command[] = { buf_slice(&head), rows };
	reply_scan_init(&scan, REPLY_RESULT, mysql_caps(c));
	TRY(call(cx, c, command, &scan));
	TRY(ok_read(reply_scan_tail(&scan), mysql_caps(c), &packet, cx->err));
	mysql_take_ok(&packet, ok);
	return 0;
}
