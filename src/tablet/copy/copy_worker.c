#include "tablet/copy/copy_worker.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "task/group.h"

enum {
	BACKOFF_FIRST_MS = 200,
	BACKOFF_MAX_MS = 5000, /* a restarting server is met soon, a dead one not hammered */
	/* A load may take so many times what a read may: no view is open, and a slow disk would only see more
	 * commits. */
	LOAD_TIMES = 4,
};

/* The longest that one chunk's reading or loading may take before the network is thought dead. */
static const usec chunk_deadline = 10 * MINUTE;

struct worker {
	const struct copy_worker_work *work;
	struct mysql_client *source, *target;
	struct load load;    /* on target */
	struct chunk *ready; /* read and not yet taken by the loader */
	bool read_all;       /* nothing comes behind ready */
	bool overflowed;     /* begin again, smaller */
	size_t limit;        /* rows that are read in the time that a chunk may take */
	size_t loadable;     /* rows that are loaded in the time that a chunk may take */
	size_t asked;        /* of the last chunk: both, and what the throttle leaves */
	size_t row_bytes;    /* of the last chunk's rows; 0: not known */
	uint64_t bytes;      /* loaded */
	struct waitlist changed;
	struct group group;
};

bool
copy_error_passes(const struct ctx *cx)
{
	const struct err *e = cx->err;

	if (e->kind == ERR_RETRY)
		return true;
	if (e->kind == ERR_TIMEOUT)
		return task_now() < cx->deadline;
	/* Lock wait timeout and deadlock; the server is going down or has killed the connection. */
	return e->kind == ERR_SERVER &&
	    (e->mysql_errno == 1205 || e->mysql_errno == 1213 || e->mysql_errno == 1053 ||
		e->mysql_errno == 1927 || e->mysql_errno == 1040);
}

/* ---- A definition that has changed */

/* The table is not what it was: as its definition says, or a column or an index that is asked for. */
static bool
is_altered(const struct err *e)
{
	enum { NO_COLUMN = 1054, NO_TABLE = 1146, NO_INDEX = 1176, NEWER_THAN_VIEW = 1412 };

	return e->kind == ERR_CONFLICT ||
	    (e->kind == ERR_SERVER &&
		(e->mysql_errno == NO_COLUMN || e->mysql_errno == NO_TABLE ||
		    e->mysql_errno == NO_INDEX || e->mysql_errno == NEWER_THAN_VIEW));
}

static int
source_place(struct ctx *cx, const struct copy_params *p, struct position *out)
{
	struct mysql_client *c = NULL;
	int rc = mysql_connect(cx, &p->source, &c);

	if (rc == 0)
		rc = position_place(cx, c, out);
	mysql_close(c);
	return rc;
}

int
copy_altered_wait(struct ctx *cx, const struct copy_params *p)
{
	struct err why = *cx->err;
	SCOPED(position) struct position place = { 0 };

	if (!is_altered(&why))
		return -1;
	log_warn("%s: the copy waits for what has altered it", why.text);
	struct ctx asking = ctx_within(cx, MINUTE);
	if (source_place(&asking, p, &place) != 0)
		return -1;
	while (tail_has_ended(p->tail) || position_cmp(tail_position(p->tail), &place) < 0)
		TRY(task_sleep(cx, BACKOFF_FIRST_MS * MSEC));
	return err_copy(cx->err, &why);
}

/* What is left without an overlap, at the end of the range, is a small part of it. */
static size_t
bytes_wanted(const struct worker *l)
{
	uint64_t part = l->bytes / CHUNK_PART;

	if (part < CHUNK_BYTES)
		return CHUNK_BYTES;
	return part < CHUNK_BYTES_MAX ? (size_t)part : CHUNK_BYTES_MAX;
}

/* ---- The reader */

static size_t
bounded(const struct copy_worker_work *work, size_t limit)
{
	size_t most = work->params->chunk_rows > 0 ? work->params->chunk_rows : CHUNK_ROWS_MAX;

	return limit < most ? limit : most;
}

/* Nothing is open while it waits. */
static int
wait_turn(struct ctx *cx, const struct copy_params *p)
{
	int ms = fault_sleep_ms("stream.chunk.before"); /* tests slow a copy down here */

	TRY(ms == 0 ? 0 : task_sleep(cx, ms * MSEC));
	return mutant("copy_throttle_unasked") ? 0 : throttle_wait(cx, p->throttle);
}

/* By the rows of the chunk before; one of them is in its packet too. */
static int
take_room(struct ctx *cx, struct worker *l, struct chunk *c)
{
	size_t rows = l->limit < l->loadable ? l->limit : l->loadable;

	TRY(rows_room_take(cx, l->work->room, (rows + 1) * l->row_bytes, &c->room_taken));
	c->room = l->work->room;
	return 0;
}

static int
read_one(struct ctx *cx, struct worker *l, struct slice after, struct chunk *c)
{
	const struct copy_params *p = l->work->params;
	struct chunk_span span = { .rows = { .after = after, .upper = l->work->range->upper } };

	TRY(take_room(cx, l, c));
	TRY(wait_turn(cx, p));
	struct ctx inner = ctx_within(cx, chunk_deadline);
	usec start = task_now();
	l->asked = l->limit < l->loadable ? l->limit : l->loadable;
	l->asked = throttle_chunk(p->throttle, l->asked, l->row_bytes);
	span.rows.limit = l->asked;
	span.tail = tail_position(p->tail);
	span.settling = tail_settling(p->tail);
	int rc = chunk_read(&inner, l->source, &l->work->job.source, &span, c);

	throttle_took(p->throttle, c->rows.count, c->rows.values.len);
	rows_room_change(c->room, &c->room_taken, table_rows_size(&c->rows));
	TRY(rc);
	if (c->rows.count > 0)
		l->row_bytes = c->rows.values.len / c->rows.count + 1;
	if (!c->overflowed)
		l->limit = bounded(
		    l->work, chunk_next_limit(c, l->limit, bytes_wanted(l), task_now() - start));
	return 0;
}

/* Waits until the loader has taken the one before: at most three chunks exist. */
static int
hand_over(struct ctx *cx, struct worker *l, struct chunk *c)
{
	while (l->ready != NULL)
		TRY(waitlist_wait(cx, &l->changed));
	l->read_all = c->ends;
	l->ready = c;
	waitlist_wake_all(&l->changed);
	return 0;
}

static int
begin_again_smaller(struct ctx *cx, struct worker *l, const struct chunk *c)
{
	l->overflowed = true;
	l->limit = chunk_smaller(c, l->asked);
	return c->late
	    ? err_set(cx->err, ERR_RETRY, "a chunk took longer than %d ms to read", CHUNK_VIEW_MS)
	    : err_set(cx->err, ERR_RETRY, "a chunk of %zu rows was too large", c->rows.count);
}

static int
read_range(struct ctx *cx, struct worker *l)
{
	SCOPED(buf) struct buf after = BUF_INIT;
	const struct copy_range *r = l->work->range;
	bool beginning;

	buf_add_slice(&after, r->done.len > 0 ? buf_slice(&r->done) : r->lower);
	beginning = after.len == 0;
	while (!l->read_all) {
		struct chunk *c = chunk_new();
		int rc = read_one(cx, l, beginning ? SLICE_NULL : buf_slice(&after), c);

		if (rc == 0 && c->overflowed)
			rc = begin_again_smaller(cx, l, c);
		if (rc == 0 && c->rows.last.len > 0) {
			buf_reset(&after);
			buf_add_slice(&after, buf_slice(&c->rows.last));
			beginning = false;
		}
		if (rc != 0 || hand_over(cx, l, c) != 0) {
			chunk_free(c);
			return -1;
		}
	}
	return 0;
}

static void
reader_main(void *arg)
{
	struct worker *l = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (read_range(&cx, l) != 0)
		group_fail(&l->group, &err);
}

/* ---- The loader */

static int
load_one(struct ctx *cx, struct worker *l, struct chunk *c)
{
	struct ctx inner = ctx_within(cx, chunk_deadline);
	struct copy_range *r = l->work->range;
	size_t bytes = c->rows.values.len;
	usec start = task_now();

	TRY(chunk_load(&inner, l->target, &l->work->job, &l->load, c));
	if (c->overflowed)
		return begin_again_smaller(cx, l, c);
	l->bytes += bytes;
	/* Until it is loaded its window is open, and changes to its rows wait. */
	usec took = (task_now() - start) / LOAD_TIMES;
	l->loadable = bounded(l->work, chunk_next_limit(c, l->loadable, bytes_wanted(l), took));
	if (c->rows.last.len > 0) {
		buf_reset(&r->done);
		buf_add_slice(&r->done, buf_slice(&c->rows.last));
	}
	r->rows += (int64_t)c->rows.count;
	r->finished = c->ends;
	*l->work->rows += (int64_t)c->rows.count;
	return 0;
}

static int
load_range(struct ctx *cx, struct worker *l)
{
	while (!l->work->range->finished) {
		struct chunk *c;
		int rc;

		while (l->ready == NULL)
			TRY(waitlist_wait(cx, &l->changed));
		c = l->ready;
		l->ready = NULL;
		waitlist_wake_all(&l->changed);
		rc = load_one(cx, l, c);
		chunk_free(c);
		TRY(rc);
	}
	return 0;
}

static void
loader_main(void *arg)
{
	struct worker *l = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (load_range(&cx, l) != 0)
		group_fail(&l->group, &err);
}

/* ---- The worker */

static int
open_worker(struct ctx *cx, struct worker *l)
{
	const struct copy_worker_work *w = l->work;
	int64_t known = w->range->rows;

	TRY(chunk_connect(cx, &w->params->source, &l->source));
	TRY(mysql_connect(cx, &w->params->target, &l->target));
	l->load = (struct load){ .table = w->job.source.table };
	TRY(load_open(cx, l->target, &l->load));
	*w->loaded_by = load_way_name(l->load.way);
	/* What is on disk, and not what is remembered: a commit whose answer was lost may have happened. */
	TRY(copy_state_reload(cx, l->target, w->job.id, w->job.source.table->full_name, w->range));
	*w->rows += w->range->rows - known;
	return 0;
}

static int
both(struct ctx *cx, struct worker *l)
{
	TRY(group_spawn(&l->group, "copy read", reader_main, l, cx->err));
	TRY(group_spawn(&l->group, "copy load", loader_main, l, cx->err));
	return group_wait(cx, &l->group);
}

/* From what is committed to the end of the range, or to an error. */
static int
pass(struct ctx *cx, struct worker *l)
{
	struct ctx opening = ctx_within(cx, MINUTE);
	int rc;

	l->read_all = l->overflowed = false;
	group_init(&l->group);
	rc = open_worker(&opening, l);
	if (rc == 0 && !l->work->range->finished)
		rc = both(cx, l);
	group_done(&l->group);
	chunk_free(l->ready);
	l->ready = NULL;
	mysql_close(l->source);
	mysql_close(l->target);
	l->source = l->target = NULL;
	return rc;
}

int
copy_worker_run(struct ctx *cx, const struct copy_worker_work *work)
{
	struct worker l = { .work = work,
		.limit = bounded(work, CHUNK_ROWS_FIRST),
		.loadable = bounded(work, CHUNK_ROWS_MAX) };
	int backoff_ms = BACKOFF_FIRST_MS;

	while (!work->range->finished) {
		int64_t before = work->range->rows;

		if (pass(cx, &l) == 0)
			continue;
		if (!copy_error_passes(cx))
			return copy_altered_wait(cx, work->params);
		log_warn("copying '%s' goes on at what is committed: %s",
		    work->job.source.table->full_name, cx->err->text);
		if (l.overflowed) {
			l.limit = l.limit > 1 ? l.limit / 2 : 1;
			continue;
		}
		if (work->range->rows != before)
			/* it did get on: the trouble is a new one */
			backoff_ms = BACKOFF_FIRST_MS;
		TRY(task_sleep(cx, backoff_ms * MSEC));
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
	return 0;
}
