/*
 * dump_mysql.c - a dump from behind a set of GTIDs (MySQL).
 *
 * The server begins in the last file whose Previous_gtids are all known, and steps over what else is
 * known in it. Before it sends the next event, or waits for one, it tells by a heartbeat how far it has
 * stepped:
 *
 *   artificial            Rotate binlog.000001
 *                     127 Format_description
 *                     158 Previous_gtids                      uuid:1-3
 *                         (uuid:4 is stepped over)
 *   not in the file  1033 Heartbeat                           the place: uuid:1-4
 *                    1112 Gtid uuid:5
 *
 * Where nothing was stepped over the place is behind the Previous_gtids, if those are all that is known,
 * or else before the next event, whose Gtid may be long in coming.
 *
 * It refuses GTIDs with its own uuid that it does not have, and what lies in purged files, by itself (1236);
 * of other servers' GTIDs it believes everything: announce() asks.
 */
#include "binlog/dump.h"
#include "binlog/dump_way.h"
#include "binlog/group.h"
#include "mysql/gtid_set.h"

enum {
	FIRST_EVENT = 4,      /* behind the file's magic number */
	HEARTBEAT_V2 = 1 << 1 /* flag: heartbeats with 64 bits */
};

static int
refuse_unknown(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx sub = *cx;
	struct mysql_rows rows;

	sub.arena = &a;
	TRY(mysql_select(&sub, client, slice_str("SELECT @@global.gtid_executed"), &rows));
	return err_set(cx->err, ERR_REFUSED,
	    "the server has executed '%.*s', which is not all of '%.100s'",
	    SLICE_ARG(rows.rows == 1 ? slice_cut(rows.values[0], 0, 100) : SLICE_NULL), p->gtid);
}

static int
announce(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(gtids) struct gtids known = { 0 };
	struct ctx sub = *cx;
	struct mysql_rows rows;

	sub.arena = &a;
	/* As we print it, so that there is nothing to quote in it. */
	TRY(gtids_parse(&known, slice_str(p->gtid), cx->err));
	buf_add_str(&sql, "SELECT GTID_SUBSET('");
	gtid_set_print(&sql, &known.set);
	buf_add_str(&sql, "', @@global.gtid_executed)");
	TRY(mysql_select(&sub, client, buf_slice(&sql), &rows));
	if (known.list.count > 0 || rows.rows != 1 || !slice_eq_str(rows.values[0], "1"))
		return refuse_unknown(cx, client, p);
	return 0;
}

/* flags 2, server id 4, file's length 4 and no file, position 8, GTIDs' length 4, GTIDs */
static int
request(struct buf *packet, const struct dump_params *p, struct err *err)
{
	SCOPED(gtids) struct gtids known = { 0 };
	SCOPED(buf) struct buf set = BUF_INIT;

	TRY(gtids_parse(&known, slice_str(p->gtid), err));
	gtid_set_encode(&set, &known.set);
	buf_add_char(packet, COM_BINLOG_DUMP_GTID);
	wire_put_int(packet, HEARTBEAT_V2, 2);
	wire_put_int(packet, p->server_id, 4);
	wire_put_int(packet, 0, 4);
	wire_put_int(packet, FIRST_EVENT, 8);
	wire_put_int(packet, set.len, 4);
	buf_add_slice(packet, buf_slice(&set));
	return 0;
}

/* Is the event behind the place? *found too where it is the last one before it. */
static int
look_at(
    struct dump *d, const struct event *e, const struct gtids *wanted, bool *found, struct err *err)
{
	SCOPED(gtid_set) struct gtid_set before = { 0 };

	*found = true;
	if (group_begins(e->type)) {
		d->event = *e;
		d->position -= e->length;
		d->unread = true;
		return 0;
	}
	if (e->type == EVENT_HEARTBEAT || e->type == EVENT_HEARTBEAT_V2)
		return 0;
	*found = false;
	if (e->type != EVENT_MYSQL_PREVIOUS)
		return 0;
	TRY(gtid_set_decode(&before, e->body, err));
	*found = gtid_set_same(&before, &wanted->set);
	return 0;
}

static int
find(struct ctx *cx, struct dump *d, const struct gtids *wanted, const struct dump_place *near,
    struct gtids *there)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct event e;
	bool found = false;

	while (!found) {
		TRY(dump_next(cx, d, &e));
		TRY(look_at(d, &e, wanted, &found, cx->err));
	}
	/* announce() has seen that the server has all of them. */
	gtids_print(&text, wanted);
	return gtids_parse(there, buf_slice(&text), cx->err);
}

const struct dump_way dump_way_mysql = { announce, request, find };
