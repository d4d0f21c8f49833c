#include "tablet/stream/start.h"

#include "base/log.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/read/place.h"
#include "tablet/read/xids.h"
#include "tablet/server/again.h"
#include "tablet/server/stream_ddl.h"
#include "tablet/write/exchange.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	XA_POLL_MS = 500, /* a prepared transaction ends by a person or a coordinator, not within
			      milliseconds */
	NOTE_MS = 1000,   /* a note is shown while it is new: so it is made again */
	CREATE_WITHIN_S = 10, /* milliseconds, on a server that is alive */
};

void
waiting_note(struct waiting *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, args);
	va_end(args);
	w->at = task_now();
}

int
waiting_again(struct ctx *cx, struct waiting *w, int64_t ms)
{
	struct err why = *cx->err;

	log_warn("%s", why.text);
	for (; ms > 0; ms -= NOTE_MS) {
		waiting_note(w, "waiting: %s", why.text);
		TRY(task_sleep(cx, NOTE_MS * MSEC));
	}
	return 0;
}

/*
 * What is prepared when the move begins has its rows in the binlog before it: they are in the
 * chunks, because none is read before it has ended. Its XA COMMIT then is nothing new: *before.
 */
static int
wait_prepared(struct ctx *cx, const struct start_params *p, struct buf *before)
{
	TRY(xids_recover(cx, p->source, before));
	for (int waits = 0; before->len > 0; waits++) {
		SCOPED(buf) struct buf now = BUF_INIT;

		TRY(xids_recover(cx, p->source, &now));
		if (!xids_meet(before, &now))
			return 0;
		waiting_note(p->waiting,
		    "waiting for the XA transactions prepared at the source: %s", now.data);
		if (waits % 20 == 0) /* each ten seconds */
			log_warn("%s", p->waiting->text);
		TRY(task_sleep(cx, XA_POLL_MS * MSEC));
	}
	return 0;
}

/* DDL that is followed is done at the target's table as it is then: one that is unnumbered is not what the
 * source's was. An ordered stream makes its indexes before the others do. */
static int
make_unnumbered(struct ctx *cx, const struct start_params *p, struct ddl *d,
    const struct moved_table *t, bool *made)
{
	*made = false;
	if (p->request->on_ddl != ON_DDL_STOP || p->tables->ordered || !exchange_suits(p->dba, t))
		return 0;
	return exchange_create(cx, d, p->id.sidecar, t, made);
}

static int
make_bare_table(
    struct ctx *cx, const struct start_params *p, struct ddl *d, const struct moved_table *t)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	bool made;

	quote_table(&name, slice_str(t->database), slice_str(t->name));
	buf_add_str(&sql, "SELECT 1 FROM information_schema.tables WHERE table_schema=");
	quote_string(&sql, slice_str(t->database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(t->name));
	TRY(mysql_select(cx, p->dba, buf_slice(&sql), &rows));
	if (rows.rows > 0) {
		TRY(mysql_selectf(cx, p->dba, &rows, "SELECT 1 FROM %s LIMIT 1", name.data));
		if (rows.rows > 0)
			return err_set(cx->err, ERR_REFUSED, "table '%s.%s' has rows already",
			    t->database, t->name);
		TRY(ddl_runf(cx, d, "DROP TABLE %s", name.data));
	}
	/* Shielded from a cancellation: a CREATE that goes on at the server after its task has ended
	 * could make the table behind a deletion of the stream, which would not find it. */
	struct ctx whole = ctx_shielded(cx, CREATE_WITHIN_S * SECOND, cx->err);
	TRY(make_unnumbered(&whole, p, d, t, &made));
	return made ? 0 : ddl_run(&whole, d, slice_str(t->bare_sql));
}

/* The start position is fixed before the first row is read. */
int
start_tables(struct ctx *cx, const struct start_params *p)
{
	SCOPED(buf) struct buf prepared = BUF_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(ddl) struct ddl d = { 0 };
	SCOPED(position) struct position start = { 0 }, known = { 0 };
	struct place_reader reader = place_reader(p->env, p->request->from.server);

	TRY(stream_ddl_open(cx, p->env, p->id, &d));
	for (int i = 0; i < p->tables->count; i++)
		TRY(make_bare_table(cx, p, &d, &p->tables->items[i]));
	TRY(place_now(cx, p->source, &reader, &start));
	if (!mutant("tablet_xa_waited"))
		TRY(wait_prepared(cx, p, &prepared));
	/* One that was prepared before the start and ended before XA RECOVER was asked is in no list. */
	TRY(place_now(cx, p->source, &reader, &known));
	state_begun_sql(&sql, p->id,
	    &(struct stored_place){ &start, buf_slice(&prepared), SLICE_NULL }, &known);
	return again_exec(cx, p->dba, buf_slice(&sql), NULL);
}
