#include "tablet/compare/table_diff.h"

#include "base/check.h"
#include "tablet/compare/repair.h"
#include "tablet/compare/sample.h"
#include "tablet/copy/throttle.h"

enum {
	/* With the pauses below some five seconds: of a row that changes five hundred times a second one
	 * look in ten is quiet. */
	SETTLE_TRIES = 60,
	SETTLE_FIRST_MS = 1,
	SETTLE_MAX_MS = 100,
	/* Four times a chunk that is loaded: each look waits for the stream to have applied what the
	 * source has committed meanwhile. Two looks of both ends are in memory. */
	LOOK_BYTES = 4 * CHUNK_BYTES,
	/* The longest that one look may take before the network is thought dead. */
	LOOK_MINUTES = 10,
	/* Looks of KEYS_AT_ONCE of them: some tenths of a second, which a kill may cost. */
	SUSPECTS_MAX = 1000,
};

void
table_diff_check(const struct table_diff *d)
{
	const struct vdiff_table *n = &d->progress->seen;

	check(n->compared ==
	    n->matching + n->mismatched + n->extra_source + n->extra_target + n->unsettled); /* (1) */
	check(n->repaired <= n->mismatched + n->extra_source + n->extra_target); /* (4) */
	check(n->mismatched > 0 || d->progress->mismatched.len == 0);            /* (3) */
	check(n->extra_source > 0 || d->progress->extra_source.len == 0);        /* (3) */
	check(n->extra_target > 0 || d->progress->extra_target.len == 0);        /* (3) */
	check(n->unsettled > 0 || d->progress->unsettled.len == 0);              /* (3) */
}

int
table_diff_open(struct ctx *cx, const struct compare_params *params,
    const struct moved_table *table, struct table_diff *d)
{
	buf_init(&d->upper);
	buf_init(&d->differing.bytes);
	buf_init(&d->suspects.bytes);
	d->limit = CHUNK_ROWS_FIRST;
	d->ended = d->options->limit > 0 && d->progress->seen.compared >= d->options->limit;
	table_diff_check(d);
	return looker_open(cx, params, table, &d->looker);
}

void
table_diff_close(struct table_diff *d)
{
	ahead_close(&d->ahead);
	looker_close(&d->looker);
	buf_done(&d->upper);
	key_list_done(&d->differing);
	key_list_done(&d->suspects);
}

/* ---- Counting */

static bool
wants_sample(const struct table_diff *d, int64_t so_far)
{
	return so_far <= d->options->samples;
}

static void
count_pair(struct table_diff *d, const struct sample_pair *pair)
{
	struct vdiff_table *n = &d->progress->seen;

	n->compared++;
	if (wants_sample(d, ++n->mismatched))
		sample_add_pair(
		    &d->progress->mismatched, d->looker.table->def, pair, d->options->truncate_at);
}

static void
count_row(struct table_diff *d, int64_t *counter, struct buf *samples, struct slice row)
{
	d->progress->seen.compared++;
	if (wants_sample(d, ++*counter))
		sample_add_row(samples, d->looker.table->def, row, d->options->truncate_at);
}

static void
count_difference(struct table_diff *d, const struct look *k, const struct difference *f)
{
	struct vdiff_table *n = &d->progress->seen;

	switch (f->kind) {
	case DIFFERENCE_ROWS:
		count_pair(d,
		    &(struct sample_pair){ table_rows_values(&k->chunk->rows, f->source),
			table_rows_values(&k->target, f->target) });
		return;
	case DIFFERENCE_SOURCE_ONLY:
		count_row(d, &n->extra_source, &d->progress->extra_source,
		    table_rows_values(&k->chunk->rows, f->source));
		return;
	case DIFFERENCE_TARGET_ONLY:
		count_row(d, &n->extra_target, &d->progress->extra_target,
		    table_rows_values(&k->target, f->target));
		return;
	}
	unreachable();
}

static void
count_unsettled(struct table_diff *d, const struct look *k, const struct difference *f)
{
	bool target = f->kind == DIFFERENCE_TARGET_ONLY;

	count_row(d, &d->progress->seen.unsettled, &d->progress->unsettled,
	    target ? table_rows_values(&k->target, f->target)
		   : table_rows_values(&k->chunk->rows, f->source));
}

/* ---- Judging */

/* The row of the target alone that has this key, and was not paired yet; NULL. */
static struct difference *
find_alone(struct look *k, struct slice key)
{
	for (size_t i = 0; i < k->found.count; i++) {
		struct difference *f = &k->found.items[i];

		if (f->kind == DIFFERENCE_TARGET_ONLY &&
		    slice_eq(table_rows_key(&k->target, f->target), key))
			return f;
	}
	return NULL;
}

/* Brings a row of the source together with the one of the target that has its key in another spelling: the
 * latter is taken off the list. */
static int
pair(struct ctx *cx, struct table_diff *d, struct look *k, struct difference *f)
{
	SCOPED(buf) struct buf bound = BUF_INIT;
	SCOPED(buf) struct buf key = BUF_INIT;
	struct difference *other;

	d->asked++;
	table_rows_bound(&bound, d->looker.table->def, &k->chunk->rows, f->source);
	TRY(look_other_spelling(cx, &d->looker, buf_slice(&bound), &key));
	other = find_alone(k, buf_slice(&key));
	if (other == NULL)
		return 0;
	*f = (struct difference){ DIFFERENCE_ROWS, f->source, other->target };
	*other = k->found.items[--k->found.count];
	return 0;
}

static int
pair_spellings(struct ctx *cx, struct table_diff *d, struct look *k)
{
	if (d->looker.table->def->key_binary)
		return 0;
	for (size_t i = 0; i < k->found.count && d->asked < d->options->max_extra; i++) {
		if (k->found.items[i].kind == DIFFERENCE_SOURCE_ONLY)
			TRY(pair(cx, d, k, &k->found.items[i]));
	}
	return 0;
}

/* Those that were touched go: to the suspects, or, where there is no more trying, to what is not settled.
 * Nothing waits here: what is left is judged as of one moment. */
static void
set_touched_apart(struct table_diff *d, struct look *k, struct key_list *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->found.count; i++) {
		const struct difference *f = &k->found.items[i];

		if (!look_touched(k, f))
			k->found.items[kept++] = *f;
		else if (out != NULL)
			key_list_add(out, d->looker.table->def, k, f);
		else
			count_unsettled(d, k, f);
	}
	k->found.count = kept;
}

/* out: NULL where nothing is looked at again. */
static int
judge(struct ctx *cx, struct table_diff *d, struct look *k, struct key_list *out)
{
	struct vdiff_table *n = &d->progress->seen;

	set_touched_apart(d, k, out);
	TRY(pair_spellings(cx, d, k));
	n->matching += (int64_t)k->found.matching;
	n->compared += (int64_t)k->found.matching;
	for (size_t i = 0; i < k->found.count; i++) {
		count_difference(d, k, &k->found.items[i]);
		if (d->options->repair)
			key_list_add(&d->differing, d->looker.table->def, k, &k->found.items[i]);
	}
	table_diff_check(d);
	return 0;
}

/* ---- Settling */

/* A few of the suspects, from first on; what is still not known goes to left (NULL: nothing may). */
static int
look_at_some(struct ctx *cx, struct table_diff *d, const struct key_list *s, size_t *first,
    struct key_list *left)
{
	struct look k = { 0 };
	int rc = key_list_look(cx, &d->looker, s, first, &k);

	if (rc == 0)
		rc = judge(cx, d, &k, left);
	look_done(&k);
	return rc;
}

static int
look_at_all(struct ctx *cx, struct table_diff *d, struct key_list *s, bool last)
{
	struct key_list left = KEY_LIST_INIT;
	int rc = 0;

	for (size_t first = 0; rc == 0 && first < s->count;)
		rc = look_at_some(cx, d, s, &first, last ? NULL : &left);
	key_list_done(s);
	*s = left;
	return rc;
}

static int
settle(struct ctx *cx, struct table_diff *d, struct key_list *s)
{
	int wait_ms = SETTLE_FIRST_MS;

	for (int tries = 1; s->count > 0; tries++) {
		TRY(look_at_all(cx, d, s, tries == SETTLE_TRIES));
		if (s->count > 0)
			TRY(task_sleep(cx, wait_ms * MSEC));
		wait_ms = wait_ms * 2 < SETTLE_MAX_MS ? wait_ms * 2 : SETTLE_MAX_MS;
	}
	return 0;
}

/* What is not repaired stays counted as it was found. */
static int
repair(struct ctx *cx, struct table_diff *d)
{
	size_t found = d->differing.count;

	TRY(repair_rows(cx, &d->looker, &d->differing));
	d->progress->seen.repaired += (int64_t)(found - d->differing.count);
	key_list_done(&d->differing);
	return 0;
}

/* ---- From key to key */

static size_t
wanted_rows(const struct table_diff *d)
{
	int64_t left = d->options->limit - d->progress->seen.compared;
	size_t said = d->looker.params->env->chunk_rows;
	size_t bound = said > 0 ? said : CHUNK_ROWS_MAX;
	size_t most = d->limit < bound ? d->limit : bound;

	most = throttle_chunk(d->looker.params->throttle, most, d->row_bytes);
	return d->options->limit > 0 && left < (int64_t)most ? (size_t)left : most;
}

static void
look_less(struct table_diff *d, struct look *k)
{
	buf_swap(&d->upper, &k->upper);
	if (d->upper.len == 0)
		d->limit = chunk_smaller(k->chunk, wanted_rows(d));
}

/* (2): everything up to the look's end is counted, or a suspect. */
static void
go_on_behind(struct table_diff *d, struct look *k)
{
	struct buf *done = &d->progress->done;

	if (k->chunk->ends && d->upper.len == 0) {
		/* a row that comes later is behind the last one that there was */
		buf_swap(done, k->chunk->rows.last.len > 0 ? &k->chunk->rows.last : done);
		d->ended = true;
	} else {
		buf_swap(done, &k->upper);
	}
	buf_reset(&d->upper);
	if (d->options->limit > 0 && d->progress->seen.compared >= d->options->limit)
		d->ended = true;
}

static int
settle_now(struct ctx *cx, struct table_diff *d)
{
	TRY(settle(cx, d, &d->suspects));
	return repair(cx, d);
}

/* Those that are left for later are not counted yet: with a limit each look has to know how many were. */
static int
count_look(struct ctx *cx, struct table_diff *d, struct look *k)
{
	TRY(judge(cx, d, k, &d->suspects));
	chunk_close_window(k->chunk); /* what is to be settled opens others */
	if (d->options->limit > 0 || d->suspects.count >= SUSPECTS_MAX)
		return settle_now(cx, d);
	return repair(cx, d);
}

/* What was read ahead, where it begins behind the same key and has no other bound. */
static int
read_source(struct ctx *cx, struct table_diff *d, const struct row_span *span, struct look *k)
{
	if (slice_is_null(span->upper) && !slice_is_null(span->after) &&
	    ahead_is_behind(&d->ahead, span->after))
		return ahead_take(cx, &d->ahead, k);
	ahead_drop(&d->ahead);
	TRY(look_wait_abreast(cx, &d->looker));
	return look_at_source(cx, &d->looker, span, k);
}

static int
begin_ahead(struct ctx *cx, struct table_diff *d, const struct look *k)
{
	/* A look at rows that are larger than a look's bound is enough to have in memory. */
	if (k->chunk->ends || d->upper.len > 0 || d->options->limit > 0 ||
	    table_rows_size(&k->chunk->rows) > ROWS_BYTES_MAX ||
	    throttle_is_closed(d->looker.params->throttle))
		return 0;
	return ahead_begin(cx, &d->ahead, &d->looker, buf_slice(&k->upper), wanted_rows(d));
}

static int
step(struct ctx *cx, struct table_diff *d, struct look *k)
{
	struct row_span span = { SLICE_NULL, SLICE_NULL, .limit = wanted_rows(d) };
	usec start = task_now();

	if (d->progress->done.len > 0)
		span.after = buf_slice(&d->progress->done);
	if (d->upper.len > 0)
		span.upper = buf_slice(&d->upper);
	TRY(read_source(cx, d, &span, k));
	if (!k->again)
		TRY(begin_ahead(cx, d, k));
	if (!k->again)
		TRY(look_at_target(cx, &d->looker, &span, k));
	if (k->again) {
		look_less(d, k);
		return 0;
	}
	d->limit = chunk_next_limit(k->chunk, d->limit, LOOK_BYTES, task_now() - start);
	if (k->chunk->rows.count > 0)
		d->row_bytes = k->chunk->rows.values.len / k->chunk->rows.count + 1;
	TRY(count_look(cx, d, k));
	go_on_behind(d, k);
	return 0;
}

void
table_diff_drop_ahead(struct table_diff *d)
{
	ahead_drop(&d->ahead);
}

int
table_diff_step(struct ctx *cx, struct table_diff *d)
{
	struct ctx within = ctx_within(cx, LOOK_MINUTES * MINUTE);
	struct look k = { 0 };

	table_diff_check(d);
	check(!d->ended);
	int rc = step(&within, d, &k);
	look_done(&k);
	return rc;
}

int
table_diff_settle(struct ctx *cx, struct table_diff *d)
{
	struct ctx within = ctx_within(cx, LOOK_MINUTES * MINUTE);

	TRY(settle_now(&within, d));
	check(d->suspects.count == 0);
	return 0;
}

int
table_diff_keys(struct ctx *cx, struct table_diff *d, struct key_list *keys)
{
	struct ctx within = ctx_within(cx, LOOK_MINUTES * MINUTE);

	TRY(settle(&within, d, keys));
	return repair(&within, d);
}
