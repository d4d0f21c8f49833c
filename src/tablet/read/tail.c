#include "tablet/read/tail.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "binlog/dump.h"
#include "binlog/event_packed.h"
#include "binlog/group.h"
#include "binlog/payload.h"
#include "tablet/read/tail_ddl.h"
#include "tablet/read/tail_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	IDLE_MS = 1000, /* a busy source's position, at least this often */
};

static void
tail_check(const struct tail *t)
{
	check(!(t->in_group && t->handing)); /* (1), (2) */
	check(position_cmp(&t->returned, &t->read) <= 0);
}

/* ---- Events */

/* read only grows. What a server sends before the place that it was asked for has no place of its own,
 * or that of the file's head. */
static void
move_read(struct tail *t)
{
	struct position to = { .offset = t->dump.position };

	if (strlen(t->dump.file) >= sizeof(to.file))
		/* no server names its files so; read stays where it is, which is safe: behind the truth */
		return;
	snprintf(to.file, sizeof(to.file), "%s", t->dump.file);
	if (position_cmp(&to, &t->read) <= 0)
		return;
	if (strcmp(to.file, t->read.file) != 0 && !mutant("tablet_offset_other_file"))
		t->read.last = (struct last_group){ 0 };
	memcpy(t->read.file, to.file, sizeof(to.file));
	t->read.offset = to.offset;
}

static int
refuse_group(const struct tail *t, struct err *err, const char *what)
{
	SCOPED(buf) struct buf id = BUF_INIT;

	gtid_id_print(&id, &t->begin.id);
	err_set(err, ERR_REFUSED, "%s in transaction %s of the source", what, id.data);
	return err_hint(err,
	    "vtctlclient Workflow delete %s, then move anew once such statements have ended",
	    t->params->id.workflow);
}

/* An event that begins before what was read must not be a new one. If it is, the server has another
 * file under the same name: a restored backup, or RESET MASTER. */
static int
check_begin(const struct tail *t, const struct event *e, struct err *err)
{
	struct position begin = { .offset = t->dump.position - e->length };

	snprintf(begin.file, sizeof(begin.file), "%.*s", (int)sizeof(begin.file) - 1, t->dump.file);
	if (position_cmp(&begin, &t->read) >= 0)
		return 0;
	err_set(err, ERR_REFUSED,
	    "a transaction of the source begins at %s:%" PRIu64 ", before ours at %s:%" PRIu64,
	    begin.file, begin.offset, t->read.file, t->read.offset);
	return tail_hint_anew(t, err);
}

static int
begin_group(struct tail *t, const struct event *e, struct err *err)
{
	if (t->in_group)
		return err_set(err, ERR_CORRUPT, "a GTID event inside of a group");
	TRY(check_begin(t, e, err));
	TRY(group_begin_read(e, &t->begin, err));
	passed_begin(&t->passed, &t->read);
	group_begin(&t->group);
	t->at = (struct last_group){ t->dump.position - e->length, group_mark(0, e) };
	tail_xa_begin(&t->xa);
	source_txn_free(t->ddl);
	t->ddl = NULL;
	t->in_group = true;
	return 0;
}

/* happened: the group was committed, so that its rows are handed on. If it was rolled back they are
 * forgotten. In both cases its GTID is a part of the position. */
static int
end_group(struct tail *t, const struct event *e, bool happened, struct err *err)
{
	if (!t->in_group)
		return err_set(err, ERR_CORRUPT, "the end of a group outside of one");
	if (gtids_add(&t->gtids, &t->begin.id, err) != 0)
		return err_wrap(err, "the source's binlog");
	t->unprinted = true;
	move_read(t);
	t->read.last = t->read.offset == t->dump.position ? t->at : (struct last_group){ 0 };
	t->by_offset = t->by_gtids = false;
	t->committed_s = e->timestamp;
	t->in_group = false;
	t->handing =
	    (happened && group_matters(&t->group)) || tail_xa_handing(&t->xa) || t->ddl != NULL;
	if (happened && t->group.by_stream)
		t->frozen = t->group.frozen;
	return 0;
}

static int
refuse_statement(struct tail *t, const struct table_def *def, struct slice sql, struct err *err)
{
	err_set(err, ERR_REFUSED, "the source ran a statement on table '%s.%s', which moves: %.200s",
	    def->database, def->name, arena_slice_str(&t->group.arena, sql));
	return err_hint(
	    err, "vtctlclient Workflow delete %s, then move anew", t->params->id.workflow);
}

/* Up to the place that is known nobody has read a row. */
static int
refuse_unknown(const struct tail *t, struct slice xid, struct err *err)
{
	SCOPED(buf) struct buf what = BUF_INIT;
	struct position here = { .offset = t->dump.position };

	snprintf(here.file, sizeof(here.file), "%.*s", (int)sizeof(here.file) - 1, t->dump.file);
	bool early = position_cmp(&here, &t->params->known) <= 0 && !mutant("tablet_xa_known");

	if (t->params->tables->count == 0 || t->params->none_prepared || early ||
	    mutant("tablet_xa_unknown"))
		return 0;
	buf_add_str(&what, "XA COMMIT ");
	buf_add_slice(&what, xid);
	buf_add_str(&what, ", prepared before the move could see of which tables,");
	return refuse_group(t, err, what.data);
}

/* Known are the xids whose XA PREPARE the tail has read, with the rows that are kept of them, and those
 * that were prepared before and ended before a chunk was read: their COMMIT changes nothing here. One of
 * another xid may commit rows that nobody has seen. */
static int
on_xa_commit(struct tail *t, struct slice xid, struct err *err)
{
	bool known;

	TRY(tail_xa_commit(&t->xa, &t->group, xid, &known, err));
	return known ? 0 : refuse_unknown(t, xid, err);
}

static int
on_ddl(struct tail *t, const struct query_event *q, uint32_t seconds, int table, struct err *err)
{
	if (mutant("tablet_ddl_seen") || (t->params->guards && tail_query_sets_next_value(q->sql)))
		return 0;
	if (!t->params->hands_ddl || group_has_rows(&t->group))
		return refuse_statement(t, t->params->tables->items[table].def, q->sql, err);
	source_txn_free(t->ddl);
	t->ddl = tail_ddl_make(q, seconds, t->params->tables, table);
	if (passed_is(&t->passed, table) && !t->ddl->ddl->several) {
		source_txn_free(t->ddl);
		t->ddl = NULL;
	}
	return 0;
}

static int
on_query(struct tail *t, const struct event *e, struct err *err)
{
	struct query_event q;
	int table;

	TRY(query_event_read(e->body, &q, err));
	if (t->in_group && t->begin.is_no_change)
		return end_group(t, e, true, err);
	if (t->begin.frame == GROUP_BY_QUERY)
		t->begin.frame = group_frame_of(q.sql);
	switch (tail_query_read(&q, t->params->tables, &table)) {
	case TAIL_QUERY_COMMIT: return end_group(t, e, true, err);
	case TAIL_QUERY_ROLLBACK: return end_group(t, e, false, err);
	case TAIL_QUERY_SAVEPOINT: group_savepoint(&t->group, tail_query_savepoint(q.sql)); break;
	case TAIL_QUERY_ROLLBACK_TO:
		if (!group_rollback_to(&t->group, tail_query_savepoint(q.sql)) &&
		    group_has_rows(&t->group))
			return refuse_group(t, err, "ROLLBACK TO an unknown SAVEPOINT");
		break;
	case TAIL_QUERY_XA_COMMIT: TRY(on_xa_commit(t, tail_query_xid(q.sql), err)); break;
	case TAIL_QUERY_XA_ROLLBACK: tail_xa_rollback(&t->xa, tail_query_xid(q.sql)); break;
	case TAIL_QUERY_TRIGGER:
		/* Of a frozen stream's tables by whoever has frozen it: they are to be served. */
		if (!t->params->guards || (t->frozen && !mutant("guard_trigger_of_the_switch")) ||
		    mutant("guard_trigger_unseen"))
			break;
		return refuse_statement(t, t->params->tables->items[table].def, q.sql, err);
	case TAIL_QUERY_TOUCHES:
		return refuse_statement(t, t->params->tables->items[table].def, q.sql, err);
	case TAIL_QUERY_DDL: TRY(on_ddl(t, &q, e->timestamp, table, err)); break;
	case TAIL_QUERY_OTHER: break;
	}
	return t->begin.frame == GROUP_STATEMENT ? end_group(t, e, true, err) : 0;
}

/* What is prepared is no change yet. */
static int
on_xa_prepare(struct tail *t, const struct event *e, struct err *err)
{
	struct xa_prepare p;

	TRY(xa_prepare_read(e->body, &p, err));
	if (p.one_phase)
		return end_group(t, e, true, err);
	if (t->params->kept == NULL && group_has_rows(&t->group))
		return refuse_group(t, err, "XA PREPARE of changes of a moved table");
	TRY(tail_xa_prepare(&t->xa, &t->group, &p.xid, err));
	return end_group(t, e, false, err);
}

/* A group that its server could not finish writing is followed by the next file: it did not happen. */
static int
on_rotate(struct tail *t)
{
	t->in_group = false;
	group_begin(&t->group);
	return 0;
}

static int
on_rows(struct tail *t, const struct event *e, struct err *err)
{
	if (!t->in_group)
		return err_set(
		    err, ERR_CORRUPT, "a %s event outside of a group", event_name(e->type));
	return e->type == EVENT_TABLE_MAP ? group_map(&t->group, e, err)
					  : group_rows(&t->group, e, err);
}

/* The position is not moved by the head of a file: if the dump began inside of one, before the event
 * that lists the GTIDs, the server would not know which ones lie before. */
static int
on_other(struct tail *t, const struct event *e, struct err *err)
{
	if (!event_changes_nothing(e)) {
		const char *name = event_name(e->type);
		return err_set(err, ERR_REFUSED,
		    "a %s event (type %d) in the source's binlog is not supported",
		    name == NULL ? "new" : name, e->type);
	}
	if (!t->in_group && e->type != EVENT_FORMAT_DESCRIPTION)
		move_read(t);
	return 0;
}

/* Of a group, compressed or not. */
static int
on_group_event(struct tail *t, const struct event *e, struct err *err)
{
	if (event_is_rows(e->type) || e->type == EVENT_TABLE_MAP)
		return on_rows(t, e, err);
	switch (e->type) {
	case EVENT_QUERY: return on_query(t, e, err);
	case EVENT_XID: return end_group(t, e, true, err);
	case EVENT_XA_PREPARE: return on_xa_prepare(t, e, err);
	default: /* a byte from the wire */ return on_other(t, e, err);
	}
}

static int
unpack(struct tail *t, struct payload *p, struct err *err)
{
	struct event e;
	bool more;

	for (;;) {
		TRY(payload_next(p, &e, &more, err));
		if (!more)
			return 0;
		TRY(on_group_event(t, &e, err));
	}
}

/* All of a group behind its GTID. */
static int
on_payload(struct tail *t, const struct event *e, struct err *err)
{
	struct payload p;
	int rc = payload_open(&p, e->body, err) == 0 ? unpack(t, &p, err) : -1;

	payload_close(&p);
	return rc;
}

/* A statement or rows of MariaDB. */
static int
on_packed(struct tail *t, const struct event *packed, struct err *err)
{
	SCOPED(buf) struct buf room = BUF_INIT;
	struct event e;

	TRY(event_unpack(packed, &room, &e, err));
	return on_group_event(t, &e, err);
}

static int
on_event(struct tail *t, const struct event *e, struct err *err)
{
	if (group_begins(e->type))
		return begin_group(t, e, err);
	t->at.mark = group_mark(t->at.mark, e);
	if (event_is_packed(e->type))
		return on_packed(t, e, err);
	switch (e->type) {
	case EVENT_ROTATE: return on_rotate(t);
	case EVENT_MYSQL_PAYLOAD: return on_payload(t, e, err);
	default: /* a byte from the wire */ return on_group_event(t, e, err);
	}
}

/* One event; a lost connection is made again and the group under way read anew. */
static int
read_event(struct ctx *cx, struct tail *t)
{
	struct event e;

	TRY(tail_stay_connected(cx, t));
	if (dump_next(cx, &t->dump, &e) != 0) {
		if (tail_gives_up_offset(cx, t))
			return 0;
		if (!tail_error_passes(cx)) {
			(void)!tail_refused_place(t, cx->err);
			return err_wrap(cx->err, "reading the source's binlog");
		}
		log_warn("lost the source's binlog: %s", cx->err->text);
		tail_disconnect(t);
		return task_sleep(cx, TAIL_BACKOFF_MS * MSEC);
	}
	t->backoff_ms = TAIL_BACKOFF_MS;
	if (on_event(t, &e, cx->err) != 0) {
		if (tail_gives_up_offset(cx, t))
			return 0;
		return err_wrap(
		    cx->err, "source's binlog up to %s:%" PRIu64, t->dump.file, t->dump.position);
	}
	tail_check(t);
	return 0;
}

/* ---- Handing on */

static void
fill(struct tail *t, struct source_txn *txn)
{
	position_copy(&txn->end, tail_read_place(t));
	txn->prepared = arena_dup(&txn->arena, buf_slice(&t->xa.prepared));
	txn->bytes += t->xa.prepared.len + strlen(position_gtid(&txn->end));
	txn->committed_s = t->committed_s;
	if (txn->last || !mutant("tablet_large_view"))
		position_copy(&t->returned, &t->read);
	t->returned_at = task_now();
}

static int
hand_fragment(struct tail *t, struct source_txn **out, struct err *err)
{
	TRY(tail_xa_next(&t->xa, &t->group, out, err));
	t->handing = !(*out)->last;
	fill(t, *out);
	return 0;
}

static int
hand_ddl(struct tail *t, struct source_txn **out)
{
	*out = t->ddl;
	t->ddl = NULL;
	t->handing = false;
	t->ended = true;
	fill(t, *out);
	return 0;
}

static int
hand_position(struct tail *t, struct source_txn **out)
{
	struct source_txn *txn = source_txn_new();

	txn->first = txn->last = true;
	fill(t, txn);
	*out = txn;
	return 0;
}

static bool
must_tell_position(const struct tail *t)
{
	if (t->in_group || position_cmp(&t->read, &t->returned) == 0)
		return false;
	return t->client == NULL || !mysql_has_input(t->client) ||
	    task_now() - t->returned_at >= IDLE_MS * MSEC;
}

int
tail_next(struct ctx *cx, struct tail *t, struct source_txn **out)
{
	check(!t->ended); /* (4) */
	while (!t->handing && !(mutant("tablet_whole_transactions") && group_has_rows(&t->group))) {
		if (must_tell_position(t))
			return hand_position(t, out);
		TRY(read_event(cx, t));
	}
	return t->ddl != NULL ? hand_ddl(t, out) : hand_fragment(t, out, cx->err);
}

bool
tail_has_ended(const struct tail *t)
{
	return t->ended;
}

struct settling *
tail_settling(struct tail *t)
{
	return &t->xa.settling;
}

bool
tail_frozen(const struct tail *t)
{
	return t->frozen;
}

const struct position *
tail_position(const struct tail *t)
{
	return &t->returned;
}

int
tail_open(struct ctx *cx, const struct tail_params *params, struct tail **out)
{
	static const struct moved_tables none = { .count = 0 };
	struct tail *t = mem_new(struct tail);

	check(position_is_set(&params->start));
	t->params = params;
	position_copy(&t->read, &params->start);
	position_copy(&t->returned, &params->start);
	t->sought = params->start_is_sought;
	t->returned_at = task_now();
	t->backoff_ms = TAIL_BACKOFF_MS;
	tail_xa_init(&t->xa, params->kept, params->prepared);
	passed_init(&t->passed, params->tables);
	group_state_init(&t->group,
	    &(struct group_params){ params->ddl_alone ? &none : params->tables, params->id,
		params->guards, params->spill_dir, params->ddl_alone ? NULL : &t->passed });
	if (gtids_parse(&t->gtids, slice_str(position_gtid(&params->start)), cx->err) != 0 ||
	    tail_connect_once(cx, t) != 0) {
		tail_close(t);
		return err_wrap(cx->err, "reading the source's binlog");
	}
	*out = t;
	return 0;
}

void
tail_close(struct tail *t)
{
	if (t == NULL)
		return;
	mysql_close(t->client);
	group_state_done(&t->group);
	gtids_done(&t->gtids);
	position_done(&t->read);
	position_done(&t->returned);
	tail_xa_done(&t->xa);
	passed_done(&t->passed);
	source_txn_free(t->ddl);
	free(t);
}
