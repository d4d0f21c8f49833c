#include "tablet/read/tail_offset.h"

#include "base/log.h"
#include "base/mutant.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	DEAD_MS = 5000, /* five heartbeats: without any the connection is dead */
	/* a login, and the server's look for the place in a file of 1 GB */
	CONNECT_MS = 10000,
	OFFSET_MS = 3000,      /* a place that the server need not look for */
	BACKOFF_MAX_MS = 5000, /* a dead server is not hammered */
};

/* read with the text of its GTIDs: made where it is wanted, not for each group that goes by. */
const struct position *
tail_read_place(struct tail *t)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	if (t->unprinted) {
		gtids_print(&text, &t->gtids);
		position_set_gtid(&t->read, buf_slice(&text));
		t->unprinted = false;
	}
	return &t->read;
}

/* ---- Connecting, and whether the place is still the same (rule 5) */

void
tail_disconnect(struct tail *t)
{
	mysql_close(t->client);
	t->client = NULL;
	t->in_group = t->by_offset = false;
	group_begin(&t->group);
}

int
tail_hint_anew(const struct tail *t, struct err *err)
{
	return err_hint(err,
	    "vtctlclient Workflow delete %s, then move anew: its binlog was purged, or it was restored",
	    t->params->id.workflow);
}

/* The server has answered the dump with 1236: it no longer has the binlog that is asked for, or cannot read
 * it. Waiting mends neither, so the error is a refusal. */
int
tail_refused_place(struct tail *t, struct err *err)
{
	enum { ER_MASTER_FATAL_ERROR = 1236 };
	bool too_large = strstr(err->text, "max_allowed_packet") != NULL;

	if (err->kind != ERR_SERVER || err->mysql_errno != ER_MASTER_FATAL_ERROR)
		return -1;
	err->kind = ERR_REFUSED;
	if (too_large)
		return err_hint(err,
		    "FLUSH BINARY LOGS at the source, vtctlclient Workflow delete %s, "
		    "then move anew: no replica can read an event beyond 1 GB",
		    t->params->id.workflow);
	err_wrap(err, "the source's binlog has no place '%.100s' (%s:%" PRIu64 ") any more",
	    position_gtid(tail_read_place(t)), t->read.file, t->read.offset);
	return tail_hint_anew(t, err);
}

/* The server tells which GTIDs lie before the place where it begins. They must be those that were read,
 * and the file must not be an older one. Where only heads of files lie in between, the server may begin
 * before or behind them: begin_group() sees whether anything else was there. */
static int
compare_place(struct tail *t, const struct gtids *there, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct position file_end = { .offset = UINT64_MAX };

	snprintf(file_end.file, sizeof(file_end.file), "%.*s", (int)sizeof(file_end.file) - 1,
	    t->dump.file);
	if (gtids_same(there, &t->gtids) && position_cmp(&file_end, &t->read) >= 0)
		return 0;
	gtids_print(&text, there);
	err_set(err, ERR_REFUSED,
	    "the source's binlog at %s:%" PRIu64 " is at GTID '%.100s', ours at %s:%" PRIu64
	    " at '%.100s'",
	    t->dump.file, t->dump.position, text.data == NULL ? "" : text.data, t->read.file,
	    t->read.offset, position_gtid(tail_read_place(t)));
	return tail_hint_anew(t, err);
}

/* Of GTIDs without a place: it is where the server has found them. */
static void
adopt_place(struct tail *t)
{
	if (strlen(t->dump.file) >= sizeof(t->read.file))
		return; /* compare_place() refuses it: no server names its files so */
	snprintf(t->read.file, sizeof(t->read.file), "%s", t->dump.file);
	t->read.offset = t->dump.position;
	position_copy(&t->returned, &t->read);
	t->sought = false;
}

static int
find_place(struct ctx *cx, struct tail *t)
{
	SCOPED(gtids) struct gtids there = { 0 };
	const struct dump_place near = { t->read.file, t->read.offset };

	if (dump_find(cx, &t->dump, &t->gtids, &near, &there) != 0)
		return tail_refused_place(t, cx->err);
	if (t->sought && gtids_same(&there, &t->gtids))
		adopt_place(t);
	return mutant("tablet_place_compared") ? 0 : compare_place(t, &there, cx->err);
}

static int
start_dump(struct ctx *cx, struct tail *t)
{
	struct dump_params p = {
		.server_id = t->params->server_id,
		.gtid = position_gtid(tail_read_place(t)),
		.heartbeat_us = TAIL_HEARTBEAT_MS * MSEC,
	};

	if (dump_start(cx, t->client, &p, &t->dump) != 0)
		return cx->err->kind == ERR_REFUSED ? tail_hint_anew(t, cx->err) : -1;
	return find_place(cx, t);
}

/* Is it a lost connection, which is waited out, and not the caller's own deadline? */
bool
tail_error_passes(const struct ctx *cx)
{
	return cx->err->kind == ERR_RETRY ||
	    (cx->err->kind == ERR_TIMEOUT && task_now() < cx->deadline);
}

static void
give_up_offset(struct tail *t, const struct err *why)
{
	log_debug("the source's binlog is asked for by GTIDs, and not at %s:%" PRIu64 ": %s",
	    t->read.file, t->read.offset, why->text);
	tail_disconnect(t);
	t->by_gtids = true;
}

bool
tail_gives_up_offset(const struct ctx *cx, struct tail *t)
{
	bool unwanted = cx->err->kind == ERR_CANCELLED || task_now() >= cx->deadline;

	if (!t->by_offset || unwanted || tail_error_passes(cx) || mutant("tablet_offset_last_word"))
		return false;
	give_up_offset(t, cx->err);
	return true;
}

/* By file and offset where that is possible. */
static int
begin_quickly(struct ctx *cx, struct tail *t, bool *begun)
{
	struct err why = { 0 };
	struct ctx quick = ctx_within(cx, OFFSET_MS * MSEC);

	TRY(mysql_connect(cx, &t->params->source, &t->client));
	quick.err = &why;
	switch (tail_offset_begin(&quick, t)) {
	case TAIL_BEGUN:
		*begun = true;
		t->sought = false;
		break;
	case TAIL_NOT_ASKED: break;
	case TAIL_GIVEN_UP: give_up_offset(t, &why); break;
	case TAIL_OTHER:
		tail_disconnect(t);
		(void)err_copy(cx->err, &why);
		return tail_hint_anew(t, cx->err);
	}
	return 0;
}

/* By GTIDs, on the connection that is there or a new one. */
static int
begin_surely(struct ctx *cx, struct tail *t)
{
	if (t->client == NULL)
		TRY(mysql_connect(cx, &t->params->source, &t->client));
	if (start_dump(cx, t) == 0)
		return 0;
	tail_disconnect(t);
	return -1;
}

int
tail_connect_once(struct ctx *cx, struct tail *t)
{
	struct ctx quick = ctx_within(cx, CONNECT_MS * MSEC), within;
	bool begun = false;

	TRY(begin_quickly(&quick, t, &begun));
	within = ctx_within(cx, CONNECT_MS * MSEC);
	if (!begun)
		TRY(begin_surely(&within, t));
	mysql_packets(t->client)->silence = DEAD_MS * MSEC;
	log_debug("the source's binlog is read from %s:%" PRIu64 " on, asked for by %s",
	    t->dump.file, t->dump.position, begun ? "file and offset" : "GTIDs");
	return 0;
}

int
tail_stay_connected(struct ctx *cx, struct tail *t)
{
	while (t->client == NULL && tail_connect_once(cx, t) != 0) {
		if (!tail_error_passes(cx))
			return err_wrap(cx->err, "reading the source's binlog");
		log_warn(
		    "the source's binlog is read again in %d ms: %s", t->backoff_ms, cx->err->text);
		TRY(task_sleep(cx, t->backoff_ms * MSEC));
		t->backoff_ms =
		    t->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : t->backoff_ms * 2;
	}
	return 0;
}
