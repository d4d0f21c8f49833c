#include "tablet/copy/chunk_load.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mutant.h"
#include "tablet/write/load_checked.h"

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

/* Nothing is open, and nothing sealed, while it waits. */
static int
take_turn(struct ctx *cx, struct load_turn *turn)
{
	if (turn == NULL)
		return 0;
	while (turn->taken)
		TRY(waitlist_wait(cx, &turn->freed));
	turn->taken = true;
	return 0;
}

static void
end_turn(struct load_turn *turn)
{
	if (turn == NULL)
		return;
	check(turn->taken);
	turn->taken = false;
	waitlist_wake_all(&turn->freed);
}

static int
load_in_turn(struct ctx *cx, struct mysql_client *target, const struct load *load,
    struct load_turn *turn, struct chunk *c)
{
	TRY(take_turn(cx, turn));
	c->overflowed = c->window->overflowed;
	if (c->overflowed) {
		end_turn(turn);
		return 0;
	}
	chunk_seal(c);
	const struct load_batch kept = { buf_slice(&c->rows.values), c->rows.count - c->dropped,
		c->unsayable };
	int rc = mysql_exec(cx, target, slice_str("START TRANSACTION"), NULL);

	if (rc == 0)
		rc = load_checked(cx, target, load, &kept);
	end_turn(turn);
	return rc;
}

int
chunk_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, struct chunk *c)
{
	struct load_turn *turn = load->way == LOAD_BULK ? job->turn : NULL;

	check(c->window != NULL && !c->overflowed);
	int rc = load_in_turn(cx, target, load, turn, c);

	if (rc == 0 && c->overflowed)
		return 0;
	if (rc != 0 || commit_with_progress(cx, target, job, c) != 0)
		return err_wrap(cx->err, "copying table '%s'", job->source.table->def->name);
	if (mutant("sim_seal_after_load"))
		window_seal(c->window);
	chunk_close_window(c);
	return 0;
}
