#include "tablet/write/stored.h"

#include "base/mutant.h"
#include "tablet/read/xids.h"
#include "tablet/server/ddl_rows.h"
#include "tablet/server/xa_rows.h"

static int
store_step(struct ctx *cx, struct writers *w, struct stream_id id, const struct source_txn *txn)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	if (txn->xa == XA_KEPT)
		xa_rows_add_sql(&sql, id, &(struct xa_piece){ txn->xid, txn->piece_no }, txn->piece);
	else
		xa_rows_end_sql(&sql, id, txn->xid);
	TRY(writers_in_txn(cx, w, buf_slice(&sql), &ok));
	if (ok.affected_rows > 0)
		return 0;
	return err_set(cx->err, ERR_CORRUPT,
	    "the rows of the prepared XA transaction %.*s are gone from the sidecar database",
	    SLICE_ARG(txn->xid));
}

static int
store_steps(struct ctx *cx, struct writers *w, struct stream_id id, const struct apply_run *r)
{
	list_each(&r->entries, n) {
		const struct source_txn *txn = list_item(n, struct queued, node)->txn;
		bool unkept = txn->xa == XA_KEPT && mutant("tablet_xa_rows_stored");

		if (txn->xa != XA_NONE && !unkept)
			TRY(store_step(cx, w, id, txn));
	}
	return 0;
}

int
stored_end(struct ctx *cx, struct writers *w, const struct stream_state *s,
    const struct apply_run *r, const struct stored_with *with)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf deltas = BUF_INIT;

	TRY(store_steps(cx, w, state_id(s), r));
	if (!r->whole)
		return 0;
	ledger_pack(with->ledger, &r->end, &deltas);
	const struct stored_place place = { &r->end, r->prepared,
		deltas.len > 0 ? buf_slice(&deltas) : SLICE_NULL };
	if (r->freezes)
		state_frozen_sql(&sql, state_id(s), &place, with->attempt);
	else
		state_applied_sql(&sql, state_id(s), &place);
	return writers_commit(cx, w, buf_slice(&sql));
}

int
stored_none_kept(const struct apply_run *r, struct err *err)
{
	struct slice rest = r->freezes ? r->prepared : SLICE_NULL, xid;
	bool with_rows = false;

	while (rest.len > 0 && !with_rows)
		rest = xids_split(rest, &xid, &with_rows);
	if (!with_rows || mutant("tablet_freeze_kept"))
		return 0;
	return err_set(err, ERR_RETRY,
	    "the XA transaction %.*s, which has changed the tables, is prepared still",
	    SLICE_ARG(xid));
}

int
stored_ddl(struct ctx *cx, struct writers *w, const struct stream_state *s, struct slice prepared,
    const struct source_txn *met)
{
	const struct txn_ddl *d = met->ddl;
	const struct ddl_row row = {
		.place = met->end,
		.prepared = met->prepared,
		.table = w->params.tables->items[d->table].def->name,
		.away = d->change == TABLE_CHANGE_AWAY,
		.several = d->several,
		.rows_stay = d->rows_stay,
		.statement = d->statement,
		.repeated = d->repeated,
		.session = d->session,
		.why_not = d->why_not,
	};
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf position = BUF_INIT;
	struct mysql_ok ok;

	ddl_rows_met_sql(&sql, state_id(s), &row);
	TRY(writers_in_txn(cx, w, buf_slice(&sql), &ok));
	const struct stored_place place = { &s->applied, prepared, SLICE_NULL };
	state_applied_sql(&position, state_id(s), &place);
	return writers_commit(cx, w, buf_slice(&position));
}

int
stored_dirty(struct ctx *cx, struct writers *w, struct stream_state *s, const struct position *end)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (position_cmp(&s->dirty_until, end) >= 0)
		return 0;
	state_dirty_sql(&sql, state_id(s), end);
	TRY(writers_commit(cx, w, buf_slice(&sql)));
	position_copy(&s->dirty_until, end);
	return 0;
}

int
stored_still_ours(struct ctx *cx, struct writers *w, const struct stream_state *s)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct stream_state *disk = arena_new(&arena, struct stream_state);

	inner.arena = &arena;
	TRY(writers_open_all(&inner, w));
	TRY(state_load(&inner, w->conns[0], state_id(s), disk));
	if (position_cmp(&disk->applied, &s->applied) <= 0 &&
	    position_cmp(&disk->dirty_until, &s->dirty_until) <= 0)
		return 0;
	if (mutant("tablet_retry_still_ours"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "another process has gone on with this stream");
}
