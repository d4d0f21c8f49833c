/*
 * dump_mariadb.c - a dump from behind a list of GTIDs (MariaDB).
 *
 * The server checks that it has each of them (@slave_gtid_strict_mode). Where the place is, it says
 * by itself: each file begins with the GTIDs before it (Gtid_list), and when events of the file
 * were stepped over, artificial Gtid_lists follow (one for each domain at most) with the last GTIDs of
 * what was stepped over, the last one's position being the place:
 *
 *   binlog.000004      4 Format_description
 *                    256 Gtid_list 0-1-8,7-1-3                in the file
 *                        (0-1-9 ... 0-1-75 are stepped over)
 *   artificial     81337 Gtid_list 0-1-75                     the place: 0-1-75,7-1-3
 *                  81337 Gtid 0-1-76
 */
#include "binlog/control.h"
#include "binlog/dump.h"
#include "binlog/dump_way.h"

#include <string.h>

enum {
	FIRST_EVENT = 4, /* behind the file's magic number */
};

static int
announce(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	if (strspn(p->gtid, "0123456789-,") != strlen(p->gtid))
		return err_set(cx->err, ERR_REFUSED, "'%s' is not a GTID list", p->gtid);
	/* MARIA_SLAVE_CAPABILITY_GTID: send GTID events as they are. */
	TRY(mysql_exec(cx, client, slice_str("SET @mariadb_slave_capability=4"), NULL));
	/* With the GTIDs it would look for them, whatever file and offset the request has. */
	if (p->at != NULL)
		return 0;
	return mysql_execf(cx, client,
	    "SET @slave_gtid_strict_mode=1, @slave_gtid_ignore_duplicates=0, @slave_connect_state='%s'",
	    p->gtid);
}

/* No file: the GTIDs say it. */
static int
request(struct buf *packet, const struct dump_params *p, struct err *err)
{
	dump_request_at(packet, p->server_id, &(struct dump_place){ "", FIRST_EVENT });
	return 0;
}

/* The last of a domain stands behind its others. */
static int
note_list(struct gtid_list *there, const struct event *e, struct err *err)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct gtid_list_event list;

	TRY(gtid_list_event_read(&a, e->body, &list, err));
	for (size_t i = 0; i < list.count; i++)
		TRY(gtid_list_set(there, list.gtids[i], err));
	return 0;
}

/* The multiple of 4 GB that is nearest to what is expected. */
static uint64_t
widen(uint32_t end_pos, const struct dump *d, const struct dump_place *near)
{
	const uint64_t half = (uint64_t)1 << 31;
	uint64_t from;

	if (strcmp(d->file, near->file) != 0)
		return end_pos;
	from = near->position < half ? 0 : near->position - half;
	return position_advance(from, end_pos);
}

/* Of what comes before the place: 1 when nothing more will. */
static int
step(struct dump *d, const struct event *e, const struct dump_place *near, struct gtid_list *there,
    struct err *err)
{
	switch (e->type) {
	case EVENT_GTID_LIST:
		if (e->flags & EVENT_FLAG_ARTIFICIAL)
			d->position = widen(e->end_pos, d, near);
		return note_list(there, e, err);
	case EVENT_GTID:
	case EVENT_HEARTBEAT: return 1;
	default: /* a byte from the wire: heads of files */ return 0;
	}
}

static int
find(struct ctx *cx, struct dump *d, const struct gtids *wanted, const struct dump_place *near,
    struct gtids *there)
{
	struct event e;
	int ended = 0;

	there->list.count = 0;
	do {
		TRY(dump_next(cx, d, &e));
		ended = step(d, &e, near, &there->list, cx->err);
		if (ended < 0)
			return -1;
		/* There may be one for each domain whose end is met, and none where nothing is
		 * stepped over. */
		if (e.type == EVENT_GTID_LIST && gtid_list_same(&there->list, &wanted->list))
			return 0;
	} while (!ended);
	return 0;
}

const struct dump_way dump_way_mariadb = { announce, request, find };
