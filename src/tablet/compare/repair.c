#include "tablet/compare/repair.h"

#include "base/fault.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/bounds.h"
#include "tablet/write/load_checked.h"

enum {
	TRIES =
	    20, /* of a key: one writes, one sees that it is right; the others are for what is touched */
	PAUSE_MS = 20,
	SUSPENDED_MS = 10000, /* fifty rows are written; clients of a cutover wait for it */
	CONNECT_MS = 60000,
};

/* One table's, on a connection of its own. */
struct repair {
	struct looker *looker;
	struct mysql_client *writer;
	struct load load;
};

/* What becomes of one look's rows. */
struct mending {
	struct buf rows;        /* to be loaded */
	struct load_batch load; /* the same */
	size_t deleted;
	struct buf where; /* of the DELETE: "(...) OR (...)" */
};

static int
open_writer(struct ctx *cx, struct repair *r)
{
	const struct tablet_env *env = r->looker->params->env;
	struct mysql_params params = env_stream_params(env, env->server, ROLE_WRITER);
	struct ctx within = ctx_within(cx, CONNECT_MS * MSEC);

	if (r->writer != NULL)
		return 0;
	TRY(mysql_connect(&within, &params, &r->writer));
	r->load =
	    (struct load){ .table = r->looker->table, .fresh = r->looker->table->def->overlaps };
	return load_open(&within, r->writer, &r->load);
}

/* With whatever transaction it was in. */
static void
close_writer(struct repair *r)
{
	mysql_close(r->writer);
	r->writer = NULL;
}

/* ---- What is to be written */

static int
add_key(struct mending *m, const struct table_def *def, const struct table_rows *rows, size_t i,
    struct err *err)
{
	SCOPED(buf) struct buf bound = BUF_INIT;

	table_rows_bound(&bound, def, rows, i);
	buf_add_str(&m->where, m->where.len == 0 ? "(" : " OR (");
	TRY(bound_equal(&m->where, def, buf_slice(&bound), err));
	buf_add_char(&m->where, ')');
	return 0;
}

static int
add_difference(struct mending *m, const struct table_def *def, const struct look *k,
    const struct difference *d)
{
	struct err ignored = { 0 }; /* the bound was made here */
	bool target = d->kind == DIFFERENCE_TARGET_ONLY;

	m->deleted += d->kind != DIFFERENCE_SOURCE_ONLY;
	if (!target) {
		buf_add_slice(&m->rows, table_rows_values(&k->chunk->rows, d->source));
		m->load.unsayable += k->chunk->rows.ends[d->source].unsayable;
		m->load.count++;
	}
	return add_key(m, def, target ? &k->target : &k->chunk->rows,
	    target ? d->target : d->source, &ignored);
}

/* Those that are as the target must have them now; all go to left, to be looked at once more. */
static int
collect(struct ctx *cx, struct repair *r, const struct look *k, struct mending *m,
    struct key_list *left)
{
	const struct table_def *def = r->looker->table->def;

	for (size_t i = 0; i < k->found.count; i++) {
		const struct difference *d = &k->found.items[i];

		key_list_add(left, def, k, d);
		if (look_touched(k, d))
			continue;
		if (add_difference(m, def, k, d) != 0)
			return err_set(
			    cx->err, ERR_CORRUPT, "a key of table '%s' is no key of it", def->name);
	}
	return 0;
}

/* ---- Writing it */

static int
delete_rows(struct ctx *cx, struct repair *r, const struct mending *m)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct moved_table *t = r->looker->table;
	struct mysql_ok ok;

	buf_add_str(&sql, "DELETE FROM ");
	quote_table(&sql, slice_str(t->database), slice_str(t->name));
	buf_add_str(&sql, " WHERE ");
	buf_add_slice(&sql, buf_slice(&m->where));
	TRY(mysql_exec(cx, r->writer, buf_slice(&sql), &ok));
	if (ok.affected_rows == m->deleted)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "%ju rows of '%s' were to be replaced, and %zu had differed",
	    (uintmax_t)ok.affected_rows, t->full_name, m->deleted);
}

/* (3) */
static int
mark(struct ctx *cx, struct repair *r)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (mutant("tablet_vdiff_repair_marked"))
		return 0;
	state_mark_sql(&sql, r->looker->params->id, "repair");
	TRY(mysql_exec(cx, r->writer, buf_slice(&sql), NULL));
	buf_reset(&sql);
	state_mark_sql(&sql, r->looker->params->id, "");
	return mysql_exec(cx, r->writer, buf_slice(&sql), NULL);
}

static int
write_mended(struct ctx *cx, struct repair *r, struct mending *m)
{
	if (m->where.len == 0)
		return 0;
	TRY(mysql_exec(cx, r->writer, slice_str("START TRANSACTION"), NULL));
	TRY(delete_rows(cx, r, m));
	m->load.rows = buf_slice(&m->rows);
	TRY(load_checked(cx, r->writer, &r->load, &m->load));
	TRY(mark(cx, r));
	return mysql_exec(cx, r->writer, slice_str("COMMIT"), NULL);
}

/* Tests have something happen here. */
static int
linger(struct ctx *cx)
{
	int ms = fault_sleep_ms("vdiff.repair.before");

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

/* The target stands still. */
static int
mend(struct ctx *cx, struct repair *r, const struct look *k, struct key_list *left)
{
	struct ctx within = ctx_within(cx, SUSPENDED_MS * MSEC);
	struct mending m = { .rows = BUF_INIT, .where = BUF_INIT };
	int rc = collect(&within, r, k, &m, left);

	if (rc == 0)
		rc = linger(&within);
	if (rc == 0)
		rc = write_mended(&within, r, &m);
	if (rc != 0)
		close_writer(r);
	buf_done(&m.rows);
	buf_done(&m.where);
	return rc;
}

static int
suspend_and_mend(struct ctx *cx, struct repair *r, const struct look *k, struct key_list *left)
{
	struct applier *a = r->looker->params->applier;
	bool goes_on = mutant("tablet_vdiff_repair_suspends");

	TRY(open_writer(cx, r)); /* before: nobody waits for a handshake */
	if (!goes_on)
		TRY(applier_suspend(cx, a));
	int rc = mend(cx, r, k, left);
	if (!goes_on)
		applier_resume(a);
	return rc;
}

/* ---- Until nothing differs */

static int
repair_some(struct ctx *cx, struct repair *r, const struct key_list *keys, size_t *first,
    struct key_list *left)
{
	struct look k = { 0 };
	int rc = key_list_look(cx, r->looker, keys, first, &k);

	if (rc == 0 && k.found.count > 0)
		rc = suspend_and_mend(cx, r, &k, left);
	look_done(&k);
	return rc;
}

static int
repair_all(struct ctx *cx, struct repair *r, struct key_list *keys)
{
	for (int tries = 0; keys->count > 0 && tries < TRIES; tries++) {
		struct key_list left = KEY_LIST_INIT;
		int rc = 0;

		if (tries > 1) /* the first sees that the one before is right */
			TRY(task_sleep(cx, PAUSE_MS * MSEC));
		for (size_t first = 0; rc == 0 && first < keys->count;)
			rc = repair_some(cx, r, keys, &first, &left);
		key_list_done(keys);
		*keys = left;
		TRY(rc);
	}
	return 0;
}

int
repair_rows(struct ctx *cx, struct looker *l, struct key_list *keys)
{
	struct repair r = { .looker = l };
	int rc = repair_all(cx, &r, keys);

	close_writer(&r);
	return rc == 0 ? 0 : err_wrap(cx->err, "repairing table '%s'", l->table->full_name);
}
