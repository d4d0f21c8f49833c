#include "tablet/write/apply_run.h"

#include "base/mutant.h"

void
apply_run_init(
    struct apply_run *r, struct apply_queue *from, const struct position *at, struct slice prepared)
{
	memset(r, 0, sizeof(*r)); /* no second one on the stack: it has two positions */
	list_init(&r->entries);
	r->from = from;
	position_copy(&r->end, at);
	r->prepared = prepared;
	r->whole = true;
}

void
apply_run_done(struct apply_run *r)
{
	queue_give_back(r->from, &r->entries);
	position_done(&r->end);
	position_done(&r->changed);
}

void
apply_run_take(struct apply_run *r)
{
	const struct source_txn *txn = queue_first(r->from);

	queue_take(r->from, &r->entries);
	r->rows += txn->count;
	r->bytes += txn->bytes;
	position_copy(&r->end, &txn->end);
	r->prepared = txn->prepared;
	if (txn->count > 0) {
		r->changes = true;
		position_copy(&r->changed, &txn->end);
	}
	r->steps += txn->xa != XA_NONE;
	r->committed_s = txn->committed_s;
	r->whole = txn->last;
	r->ddl = txn->ddl == NULL ? NULL : txn;
}

bool
apply_run_has_room(const struct apply_run *r, const struct source_txn *txn, size_t rows_max)
{
	bool fragment = !txn->first || !txn->last;

	if (list_empty(&r->entries))
		return true;
	if (txn->ddl != NULL)
		return false;
	return !fragment && r->rows + r->steps + txn->count <= rows_max &&
	    r->bytes + txn->bytes <= APPLY_RUN_BYTES;
}

size_t
apply_run_next_max(const struct apply_run *r, size_t rows_max, usec took)
{
	bool full = r->rows > rows_max / 2;

	if (took > APPLY_RUN_MS * MSEC)
		return rows_max / 2 > APPLY_RUN_ROWS ? rows_max / 2 : APPLY_RUN_ROWS;
	if (!full || took > APPLY_RUN_MS * MSEC / 2)
		return rows_max;
	return rows_max * 2 < APPLY_RUN_ROWS_MAX ? rows_max * 2 : APPLY_RUN_ROWS_MAX;
}

const struct source_txn *
apply_run_blocked(const struct apply_run *r, const struct windows *ws)
{
	list_each(&r->entries, n) {
		const struct source_txn *txn = list_item(n, struct queued, node)->txn;
		if (windows_blocked(ws, txn))
			return txn;
		if (mutant("sim_run_waits_whole"))
			return NULL;
	}
	return NULL;
}

int
apply_run_fold(const struct apply_run *r, const struct position *strict_from, bool ordered,
    struct fold *f, struct err *err)
{
	enum fold_how beyond =
	    ordered && !mutant("tablet_cascades_folded") ? FOLD_ORDERED : FOLD_ALL;

	fold_reset(f);
	list_each(&r->entries, n) {
		const struct source_txn *txn = list_item(n, struct queued, node)->txn;
		bool strict = strict_from != NULL &&
		    (position_cmp(&txn->end, strict_from) > 0 || mutant("tablet_strict_from"));

		TRY(fold_add(f, txn, strict ? beyond : FOLD_KEYED, err));
	}
	return 0;
}
