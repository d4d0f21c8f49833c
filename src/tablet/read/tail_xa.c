#include "tablet/read/tail_xa.h"

#include "base/check.h"
#include "base/mutant.h"
#include "tablet/read/xids.h"

enum {
	/* of what is kept: as a literal it is twice as long, and fits into any server's statements */
	PIECE_BYTES = 256 * 1024,
};

void
tail_xa_init(struct tail_xa *x, struct kept *kept, struct slice prepared)
{
	*x = (struct tail_xa){ .kept = kept };
	buf_init(&x->prepared);
	buf_init(&x->xid);
	buf_add_slice(&x->prepared, prepared);
	settling_init(&x->settling);
}

void
tail_xa_done(struct tail_xa *x)
{
	buf_done(&x->prepared);
	buf_done(&x->xid);
	settling_done(&x->settling);
}

void
tail_xa_begin(struct tail_xa *x)
{
	buf_reset(&x->xid);
}

/* A later COMMIT carries no rows: these are kept until then. */
static int
keep_rows(struct tail_xa *x, struct tail_group *g, struct slice xid, struct err *err)
{
	struct spool *rows;

	check(x->kept != NULL);
	rows = kept_new(x->kept, xid);
	TRY(group_pack(g, rows, err));
	buf_add_slice(&x->xid, xid);
	x->keeping = rows;
	x->kept_at = 0;
	x->piece_no = 0;
	return 0;
}

int
tail_xa_prepare(struct tail_xa *x, struct tail_group *g, const struct xid *xid, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	bool with_rows = group_has_rows(g) && !mutant("tablet_xa_prepare");

	xid_print(&text, xid);
	settling_forget(&x->settling, buf_slice(&text));
	if (with_rows)
		TRY(keep_rows(x, g, buf_slice(&text), err));
	return xids_add(&x->prepared, buf_slice(&text), with_rows, err);
}

int
tail_xa_commit(
    struct tail_xa *x, struct tail_group *g, struct slice xid, bool *known, struct err *err)
{
	const struct spool *rows = x->kept == NULL ? NULL : kept_find(x->kept, xid);

	*known = xids_remove(&x->prepared, xid);
	if (!*known || rows == NULL)
		return 0;
	TRY(group_unpack(g, rows, err));
	buf_add_slice(&x->xid, xid);
	kept_drop(x->kept, xid);
	settling_add(&x->settling, xid);
	return 0;
}

void
tail_xa_rollback(struct tail_xa *x, struct slice xid)
{
	(void)xids_remove(&x->prepared, xid);
	if (x->kept == NULL || kept_find(x->kept, xid) == NULL || mutant("tablet_xa_rolled_back"))
		return;
	buf_add_slice(&x->xid, xid);
	kept_drop(x->kept, xid);
}

bool
tail_xa_handing(const struct tail_xa *x)
{
	return x->xid.len > 0;
}

static void
set_step(const struct tail_xa *x, struct source_txn *txn, enum xa_step step)
{
	txn->xa = step;
	txn->xid = arena_dup(&txn->arena, buf_slice(&x->xid));
}

static int
next_piece(struct tail_xa *x, struct source_txn **out, struct err *err)
{
	uint64_t left = spool_bytes(x->keeping) - x->kept_at;
	size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
	struct source_txn *txn = source_txn_new();
	uint8_t *bytes = arena_alloc(&txn->arena, len + 1);

	if (spool_read(x->keeping, x->kept_at, bytes, len, err) != 0) {
		source_txn_free(txn);
		return -1;
	}
	txn->first = x->kept_at == 0;
	txn->last = len == left;
	txn->piece = slice_of(bytes, len);
	txn->piece_no = x->piece_no++;
	txn->bytes = len;
	set_step(x, txn, XA_KEPT);
	x->kept_at += len;
	if (txn->last)
		x->keeping = NULL;
	*out = txn;
	return 0;
}

int
tail_xa_next(struct tail_xa *x, struct tail_group *g, struct source_txn **out, struct err *err)
{
	if (x->keeping != NULL)
		return next_piece(x, out, err);
	TRY(group_next(g, out, err));
	check(*out != NULL);
	(*out)->by_xa = x->xid.len > 0;
	if (x->xid.len > 0 && (*out)->last)
		set_step(x, *out, XA_ENDED);
	return 0;
}
