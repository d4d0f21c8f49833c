#include "tablet/compare/judge.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/compare/orders.h"
#include "tablet/compare/sample.h"
#include "tablet/compare/table_diff.h"
#include "tablet/server/spare.h"
#include "tablet/table/bounds.h"
#include "tablet/write/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	KEPT_BYTES = 32 * 1024 * 1024, /* of one transaction: an eighth of vttablet's 256 MB */
	SUSPECTS_MAX = 1000, /* of a table: a second of looks; more than that a comparison finds */
	STORE_MS = 5000,     /* a few rows, on a server that is alive */
	NAMED_BYTES = 100,   /* of the first row, in a sentence */
};

struct read_fragment {
	struct list_node node;
	struct source_txn *txn;
};

void
judge_init(struct judge *j, const struct compare_params *params)
{
	*j = (struct judge){ .params = params };
	list_init(&j->fragments);
}

void
judge_done(struct judge *j)
{
	judge_forget(j);
	proof_row_done(&j->row);
	deltas_done(&j->deltas);
}

void
judge_check(const struct judge *j)
{
	for (int t = 0; t < j->row.tables; t++)
		check(j->row.suspects[t].count == 0 || deltas_find(&j->row.differing, t) != NULL);
}

/* ---- The transaction */

static void
free_fragments(struct judge *j)
{
	struct list_node *n;

	while ((n = list_pop(&j->fragments)) != NULL) {
		struct read_fragment *f = list_item(n, struct read_fragment, node);

		source_txn_free(f->txn);
		free(f);
	}
	j->bytes = 0;
}

void
judge_forget(struct judge *j)
{
	free_fragments(j);
	deltas_reset(&j->deltas);
}

static void
keep(struct judge *j, struct source_txn *txn)
{
	struct read_fragment *f = mem_new(struct read_fragment);

	if (j->bytes + txn->bytes > KEPT_BYTES) {
		free_fragments(j);
	}
	f->txn = txn;
	list_push(&j->fragments, &f->node);
	j->bytes += txn->bytes;
}

/* Is it the stream's, with what the source has said of it? (3) */
static int
told_of(const struct judge *j, const struct source_txn *last, struct placed_deltas *told,
    struct err *err)
{
	if (last->deltas.len == 0)
		return 0;
	TRY(deltas_unpack(last->deltas, j->params->tables->count, told, err));
	if (position_cmp(&told->end, &j->row.source) <= 0 && !mutant("proof_taken_twice"))
		placed_deltas_done(told);
	return 0;
}

/* ---- What differs */

static bool
is_of(const struct read_fragment *f, int table)
{
	for (size_t i = 0; i < f->txn->count; i++)
		if (f->txn->changes[i].table == table)
			return true;
	return false;
}

static void
suspect(struct judge *j, int table, const struct slice *row)
{
	SCOPED(buf) struct buf bound = BUF_INIT;
	struct key_list *s = &j->row.suspects[table];

	if (row == NULL || s->count >= SUSPECTS_MAX)
		return;
	bound_of_row(&bound, j->params->tables->items[table].def, row);
	key_list_add_once(s, buf_slice(&bound));
}

/* Each row of the table that the transaction has changed may be the one. */
static void
suspect_all(struct judge *j, int table)
{
	if (table_def_is_strict(j->params->tables->items[table].def))
		return; /* no key tells its rows apart */
	list_each(&j->fragments, n) {
		const struct source_txn *txn = list_item(n, struct read_fragment, node)->txn;

		for (size_t i = 0; i < txn->count; i++) {
			if (txn->changes[i].table != table)
				continue;
			suspect(j, table, txn->changes[i].before);
			suspect(j, table, txn->changes[i].after);
		}
	}
}

/* The first row of the table in it, as far as there is room. */
static void
name_row(struct buf *out, const struct judge *j, int table)
{
	SCOPED(buf) struct buf row = BUF_INIT, text = BUF_INIT;
	const struct table_def *def = j->params->tables->items[table].def;

	list_each(&j->fragments, n) {
		const struct read_fragment *f = list_item(n, struct read_fragment, node);

		for (size_t i = 0; is_of(f, table) && i < f->txn->count && row.len == 0; i++) {
			const struct change *c = &f->txn->changes[i];

			if (c->table == table)
				load_add_row(&row, def, c->after != NULL ? c->after : c->before);
		}
	}
	if (row.len == 0)
		return;
	sample_add_row(&text, def, buf_slice(&row), NAMED_BYTES);
	buf_addf(out, "; its first row: %.*s", text.len > NAMED_BYTES ? NAMED_BYTES : (int)text.len,
	    text.data);
}

static void
describe(struct judge *j, int table, bool by_stream, const struct position *end)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	buf_addf(&text,
	    "table '%.150s' %s, in the transaction of the target that ends at %s:%" PRIu64,
	    j->params->tables->items[table].full_name,
	    by_stream ? "was given other rows than the source has written"
		      : "was changed by another than the stream",
	    end->file, end->offset);
	if (position_is_set(&j->row.source))
		buf_addf(&text, ", when the source was at %s:%" PRIu64, j->row.source.file,
		    j->row.source.offset);
	name_row(&text, j, table);
	snprintf(j->row.finding, sizeof(j->row.finding), "%s", text.data);
	log_error(
	    "continuous proof %s of '%s': %s", j->row.uuid, j->params->id.workflow, j->row.finding);
}

/* ---- Telling it in the comparison's own counts */

static int
load_table(struct ctx *cx, struct judge *j, struct diff_table *t, struct vdiff_options *options)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	const struct diff_id id = { j->params->id, j->row.uuid };
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(&within, j->params->env, ROLE_DBA, &dba));
	TRY(diff_options(&within, dba.client, id, options));
	return diff_table_load(&within, dba.client, id, t);
}

/* What was found takes the place of what had been; the others are the same. */
static void
take_counts(struct diff_table *t, struct diff_table *found)
{
	struct vdiff_table *n = &t->seen, *f = &found->seen;
	int64_t differing = f->mismatched + f->extra_source + f->extra_target + f->unsettled;

	n->mismatched = f->mismatched;
	n->extra_source = f->extra_source;
	n->extra_target = f->extra_target;
	n->unsettled = f->unsettled;
	n->repaired = f->repaired;
	n->compared = n->compared > differing ? n->compared : differing;
	n->matching = n->compared - differing;
	buf_swap(&t->mismatched, &found->mismatched);
	buf_swap(&t->extra_source, &found->extra_source);
	buf_swap(&t->extra_target, &found->extra_target);
	buf_swap(&t->unsettled, &found->unsettled);
}

static int
save_table(struct ctx *cx, struct judge *j, const struct diff_table *t)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(&within, j->params->env, ROLE_DBA, &dba));
	return diff_table_save(
	    &within, dba.client, (struct diff_id){ j->params->id, j->row.uuid }, t);
}

/* The suspects at both ends, as they are now; none: nothing differs. */
static int
look_at_suspects(struct ctx *cx, struct judge *j, int table, const struct vdiff_options *options,
    struct diff_table *found)
{
	const struct key_list *s = &j->row.suspects[table];
	struct table_diff d = { .options = options, .progress = found };
	struct key_list keys = KEY_LIST_INIT;

	if (s->count == 0)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		key_list_add_once(&keys, key_list_get(s, i));
	int rc = table_diff_open(cx, j->params, &j->params->tables->items[table], &d);
	if (rc == 0)
		rc = table_diff_keys(cx, &d, &keys);
	table_diff_close(&d);
	key_list_done(&keys);
	return rc;
}

static int
tell(struct ctx *cx, struct judge *j, int table)
{
	struct diff_table t, found;
	struct vdiff_options options;

	diff_table_init(&t);
	diff_table_init(&found);
	t.seen.name = found.seen.name = j->params->tables->items[table].name;
	int rc = load_table(cx, j, &t, &options);
	if (rc == 0)
		rc = look_at_suspects(cx, j, table, &options, &found);
	if (rc == 0) {
		take_counts(&t, &found);
		rc = save_table(cx, j, &t);
	}
	diff_table_done(&t);
	diff_table_done(&found);
	return rc;
}

/* ---- At its end */

/* Target less source, of one table, in this transaction. */
static struct row_sum
difference_of(const struct judge *j, const struct placed_deltas *told, int table)
{
	const struct table_delta *mine = deltas_find(&j->deltas, table);
	const struct table_delta *theirs = deltas_find(&told->deltas, table);
	struct row_sum d = { .rows = 0 };

	if (mine != NULL)
		row_sum_join(&d, &mine->sum);
	if (theirs != NULL)
		row_sum_part(&d, &theirs->sum);
	return d;
}

static void
drop_delta(struct deltas *d, int table)
{
	struct table_delta *t = deltas_of(d, table);

	*t = d->items[--d->count];
}

/* *found: the table does not come to what the source has said. */
static void
judge_table(struct judge *j, int table, const struct row_sum *difference, bool *found)
{
	struct table_delta *d = deltas_of(&j->row.differing, table);

	row_sum_join(&d->sum, difference);
	*found = !row_sum_is_zero(&d->sum);
	if (*found)
		return;
	drop_delta(&j->row.differing, table);
	key_list_done(&j->row.suspects[table]);
	log_info("continuous proof %s of '%s': table '%s' is equal again", j->row.uuid,
	    j->params->id.workflow, j->params->tables->items[table].full_name);
}

/* The comparison itself tells its counts while it is under way. */
static int
end_baseline(struct ctx *cx, struct judge *j)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };
	SCOPED(buf) struct buf why = BUF_INIT;
	bool moved;

	buf_addf(&why, "while rows were compared %.400s", j->row.finding);
	TRY(spare_take(&within, j->params->env, ROLE_DBA, &dba));
	TRY(proof_row_move(&within, dba.client, (struct diff_id){ j->params->id, j->row.uuid },
	    &(struct proof_view){ .state = PROOF_ENDED, .error = why.data }, &moved));
	vdiff_orders_give(j->params->env->vdiffs);
	return 0;
}

static int
tell_tables(struct ctx *cx, struct judge *j, const struct deltas *changed)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;

	inner.arena = &arena;
	for (size_t i = 0; i < changed->count; i++)
		TRY(tell(&inner, j, changed->items[i].table));
	j->urgent = true;
	return 0;
}

/* changed: the tables whose difference is another one now. */
static void
judge_tables(struct judge *j, const struct source_txn *last, const struct placed_deltas *told,
    struct deltas *changed)
{
	deltas_join(changed, &j->deltas);
	deltas_join(changed, &told->deltas);
	for (size_t i = changed->count; i > 0; i--) {
		int table = changed->items[i - 1].table;
		struct row_sum d = difference_of(j, told, table);
		bool found = false;

		if (row_sum_is_zero(&d)) {
			drop_delta(changed, table);
			continue;
		}
		judge_table(j, table, &d, &found);
		if (!found)
			continue;
		j->row.findings++;
		suspect_all(j, table);
		describe(j, table, last->by_stream, &last->end);
	}
}

static int
judge(struct ctx *cx, struct judge *j, const struct source_txn *last)
{
	struct placed_deltas told = { .end = { .offset = 0 } };
	struct deltas changed = { .count = 0 };
	int64_t findings = j->row.findings;
	int rc = told_of(j, last, &told, cx->err);

	if (rc == 0) {
		judge_tables(j, last, &told, &changed);
		if (position_is_set(&told.end))
			position_copy(&j->row.source, &told.end);
		position_copy(&j->row.read, &last->end);
		j->row.transactions += last->count > 0 || j->deltas.count > 0;
		j->row.changes += (int64_t)deltas_changes(&j->deltas);
		j->unsaved |= j->deltas.count > 0 || position_is_set(&told.end);
	}
	if (rc == 0 && changed.count > 0)
		rc = j->row.state == PROOF_PROVING ? tell_tables(cx, j, &changed)
		    : j->row.findings > findings   ? end_baseline(cx, j)
						   : 0;
	deltas_done(&changed);
	placed_deltas_done(&told);
	return rc;
}

int
judge_take(struct ctx *cx, struct judge *j, struct source_txn *txn)
{
	bool last = txn->last;

	deltas_add(&j->deltas, j->params->tables, txn);
	keep(j, txn);
	if (!last)
		return 0;
	int rc = judge(cx, j, txn);

	judge_forget(j);
	judge_check(j);
	return rc;
}
