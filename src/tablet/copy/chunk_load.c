#include "tablet/copy/chunk_load.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mutant.h"
#include "tablet/server/undo.h"

static int
refuse_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load_counts *counts)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(mysql_select(&inner, target, slice_str("SHOW WARNINGS LIMIT 1"), &rows));
	err_set(cx->err, ERR_REFUSED,
	    "loading '%s.%s': %.*s (%ju records, %ju skipped, %ju warnings)",
	    job->source.table->database, job->source.table->name,
	    SLICE_ARG(rows.rows == 1 && rows.columns == 3 ? slice_cut(rows.values[2], 0, 200)
							  : slice_str("the counts differ")),
	    (uintmax_t)counts->records, (uintmax_t)counts->skipped, (uintmax_t)counts->warnings);
	return -1;
}

static int
load_kept(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, const struct chunk *c)
{
	struct load_counts counts;

	TRY(load_rows(cx, target, load, buf_slice(&c->rows.values), &counts));
	if ((counts.warnings != c->unsayable && !mutant("copy_no_warnings")) ||
	    counts.skipped != 0 || counts.records != c->rows.count - c->dropped)
		return refuse_load(cx, target, job, &counts);
	return 0;
}

/* With the mode that takes what strict mode refuses, where there is anything of that kind. */
static int
load_in_mode(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, const struct chunk *c)
{
	if (c->dropped == c->rows.count)
		return 0;
	if (c->unsayable == 0)
		return load_kept(cx, target, job, load, c);
	TRY(mysql_exec(cx, target, slice_str("SET sql_mode='" LENIENT_MODE "'"), NULL));
	return undo_exec(
	    cx, target, "SET sql_mode='" STRICT_MODE "'", load_kept(cx, target, job, load, c));
}

static int
commit_with_progress(
    struct ctx *cx, struct mysql_client *target, const struct chunk_job *job, const struct chunk *c)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	copy_state_step_sql(&sql, job->id, job->source.table->full_name, job->range_no,
	    &(struct copy_step){ .done = buf_slice(&c->rows.last),
		.rows = c->rows.count,
		.finished = c->ends,
		.view = &c->view });
	TRY(mysql_exec(cx, target, buf_slice(&sql), &ok));
	if (ok.affected_rows != 1 && !mutant("copy_progress_row"))
		return err_set(cx->err, ERR_CONFLICT,
		    "range %d of '%s' is gone from '%s.copy_state'", job->range_no,
		    job->source.table->full_name, job->id.sidecar);
	if (fault("copy.commit.before"))
		return err_set(cx->err, ERR_RETRY, "fault copy.commit.before");
	TRY(mysql_exec(cx, target, slice_str("COMMIT"), NULL));
	if (fault("copy.commit.after"))
		return err_set(cx->err, ERR_RETRY, "fault copy.commit.after");
	return 0;
}

int
chunk_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, struct chunk *c)
{
	check(c->window != NULL && !c->overflowed);
	if (c->window->overflowed) {
		c->overflowed = true;
		return 0;
	}
	chunk_seal(c);
	TRY(mysql_exec(cx, target, slice_str("START TRANSACTION"), NULL));
	if (load_in_mode(cx, target, job, load, c) != 0 ||
	    commit_with_progress(cx, target, job, c) != 0)
		return err_wrap(cx->err, "copying table '%s'", job->source.table->def->name);
	if (mutant("sim_seal_after_load"))
		window_seal(c->window);
	chunk_close_window(c);
	return 0;
}
