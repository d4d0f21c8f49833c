/*
 * look.h - some rows of a table, read at both ends of a stream that is in step, so that what differs is known
 * to differ, or known to have been changed meanwhile.
 *
 *   step  source's side                        stream                 target's side
 *   1     window_open() at A (chunk.h)         has handed on up to A
 *   2     the rows, as of a view S >= A
 *   3     U: nothing of S is behind it
 *   4                                          applies up to U        (waits for that)
 *   5                                                                 the same rows, at T >= U
 *   6     which keys were touched since A?
 *
 * Why it is right. At T the target is what the source was at T (the stream is exact). A row that was not
 * changed in (A, T] is the same at S as at T, since both lie in there: S >= A by rule 8 of the chunk, and
 * T >= U >= S by step 4. Each change up to T was handed on before it was applied, so it has touched the
 * window: a key that was not touched had no change, and a difference is one. Of a key that was touched
 * nothing is said; it is looked at again. So no view is older than a look, and nothing is locked.
 */
#ifndef TABLET_COMPARE_LOOK_H
#define TABLET_COMPARE_LOOK_H

#include "tablet/compare/compare_params.h"
#include "tablet/compare/merge.h"
#include "tablet/copy/chunk.h"

/* Of one table. */
struct looker {
	const struct compare_params *params;
	const struct moved_table *table;
	struct mysql_client *source, *target; /* its own */
};

struct look {
	struct chunk *chunk; /* the source's rows, and the window, until look_done() */
	struct table_rows target;
	struct differences found;
	struct buf upper; /* a bound up to which both were read; empty: to the end of the span */
	/* Nothing is known: to be made again with a smaller limit, or, where upper is not empty, up to there:
	 * the target has far more rows in the span than the source. */
	bool again;
};

int looker_open(struct ctx *cx, const struct compare_params *params,
    const struct moved_table *table, struct looker *l) MUST_USE;
void looker_close(struct looker *l);

/* The source alone, of one that has its params and table. */
int looker_open_source(struct ctx *cx, struct looker *l) MUST_USE;

/* Waits until the stream has applied what it has handed on by now: so that a window which opens then is open
 * for a moment, and not for what the stream was behind. */
int look_wait_abreast(struct ctx *cx, const struct looker *l) MUST_USE;
/* Steps 1 and 2, and then the others, of the same span. Into one that is all zero; look_done() after -1
 * too. After again there is no second half. */
int look_at_source(
    struct ctx *cx, struct looker *l, const struct row_span *span, struct look *out) MUST_USE;
int look_at_target(
    struct ctx *cx, struct looker *l, const struct row_span *span, struct look *out) MUST_USE;
/* All of it, abreast. */
int look_at(
    struct ctx *cx, struct looker *l, const struct row_span *span, struct look *out) MUST_USE;
void look_done(struct look *k);
/* Was the row changed since the look began? */
bool look_touched(const struct look *k, const struct difference *d);
/* The row of the target whose key equals that bound as the target's collation has it: its canonical key,
 * appended. Empty: there is none. */
int look_other_spelling(
    struct ctx *cx, struct looker *l, struct slice bound, struct buf *key) MUST_USE;

#endif
