#include "tablet/write/apply_exact.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/table/table_row.h"
#include "tablet/write/apply_large.h"
#include "tablet/write/apply_versioned.h"

#include <stdlib.h>

enum {
	/* rows of one statement: the server's parser is at its best by then */
	BATCH_ROWS = 500,
	BATCH_BYTES = 512 * 1024, /* ... and far below max_allowed_packet */
	/* keys of one DELETE: a range for each, and the optimizer counts them */
	BATCH_DELETES = 100,
	/* statements sent ahead: their answers fit in any socket's buffer */
	PIPELINE = 64,
};

struct exact_op {
	const struct moved_table *table;
	const struct slice *key; /* a row with the key, the first of several */
	const char *verb;
	int rows;
	uint64_t expected;
	size_t unsayable; /* values of it that strict mode refuses */
	/* of an INSERT and an UPDATE by key: what is written; NULL: a statement alone says it */
	const struct slice *written;
};

/* Sent and not yet answered, and the statement that is being made. */
struct pipeline {
	struct writers *writers;
	struct exact_op ops[PIPELINE];
	int count;
	struct buf sql;
	struct exact_op next; /* rows == 0: none */
	struct versioned_last last;
	bool timed; /* the session's clock stands */
};

static int
wrong_count(const struct writers *w, const struct exact_op *op, uint64_t got, struct err *err)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	if (table_def_is_strict(op->table->def))
		apply_sql_row(&key, op->table, op->key, mysql_dialect(w->conns[0]));
	else
		apply_sql_key(&key, op->table, op->key);
	err_set(err, ERR_CORRUPT,
	    "table '%s.%s' differs from its source: %s of %.200s%s changed %llu rows, not %llu",
	    op->table->database, op->table->name, op->verb, key.data,
	    op->rows > 1 ? " and others" : "", (unsigned long long)got,
	    (unsigned long long)op->expected);
	return err_hint(err,
	    "vtctlclient Workflow delete %s, then move anew: something else wrote to the target",
	    w->params.id.workflow);
}

static int
read_answers(struct ctx *cx, struct pipeline *p)
{
	struct mysql_ok ok;

	for (int i = 0; i < p->count; i++) {
		const struct exact_op *op = &p->ops[i];
		if (mysql_receive(cx, p->writers->conns[0], &ok) != 0)
			return err_wrap(cx->err, "%s in table '%s.%s'", op->verb,
			    op->table->database, op->table->name);
		TRY(writers_check_warnings(&ok, op->unsayable, cx->err));
		if (ok.affected_rows != op->expected && !mutant("tablet_row_counts")) {
			p->writers->several = op->rows > 1;
			return wrong_count(p->writers, op, ok.affected_rows, cx->err);
		}
	}
	p->count = 0;
	return 0;
}

/* Of an UPDATE the row as it was goes first. */
static int
write_large(struct ctx *cx, struct pipeline *p)
{
	const struct exact_op op = p->next;
	struct writers *w = p->writers;
	struct mysql_ok ok;

	TRY(read_answers(cx, p));
	p->next.rows = 0;
	buf_reset(&p->sql);
	if (op.verb[0] == 'U') {
		SCOPED(buf) struct buf sql = BUF_INIT;

		apply_sql_delete_more(&sql, op.table, op.key);
		TRY(mysql_exec(cx, w->conns[0], buf_slice(&sql), &ok));
		if (ok.affected_rows != op.expected)
			return wrong_count(w, &op, ok.affected_rows, cx->err);
	}
	return apply_large_row(cx, w->conns[0], op.table, op.written, true);
}

static int
send_next(struct ctx *cx, struct pipeline *p)
{
	if (p->next.rows == 0)
		return 0;
	if (p->next.written != NULL && p->next.rows == 1 &&
	    apply_is_large(p->writers->packet_max, p->sql.len))
		return write_large(cx, p);
	TRY(writers_send(cx, p->writers, 0, &p->sql, p->next.unsayable));
	p->ops[p->count++] = p->next;
	p->next.rows = 0;
	buf_reset(&p->sql);
	return p->count < PIPELINE ? 0 : read_answers(cx, p);
}

/* Rows of one table and verb share a statement up to rows_max of them. */
static int
next_op(struct ctx *cx, struct pipeline *p, const struct exact_op *op, int rows_max)
{
	const struct exact_op *next = &p->next;
	size_t more = op->written == NULL ? 0 : apply_row_bytes(op->table->def, op->written);
	bool full;

	full =
	    next->rows >= (p->writers->careful ? 1 : rows_max) || p->sql.len + more >= BATCH_BYTES;
	if (next->rows > 0 && (full || next->table != op->table || next->verb != op->verb))
		TRY(send_next(cx, p));
	if (p->next.rows == 0) {
		p->next = *op;
		return 0;
	}
	p->next.rows++;
	p->next.expected += op->expected;
	p->next.unsayable += op->unsayable;
	return 0;
}

static bool
is_replaced(const struct writers *w, const struct fold_row *row)
{
	if (mutant("tablet_moved_unique_value") || mutant("sim_moved_unique_value"))
		return false;
	return row->existed && row->exists &&
	    apply_moves_unique(w->params.tables->items[row->table].def, row->before, row->after);
}

/*
 * A row that came and went is expected not to be there; but with a collation another row of the
 * target may answer to its key, so it is asked only of binary keys.
 */
static int
send_delete(struct ctx *cx, struct pipeline *p, const struct fold_row *row)
{
	static const char verb[] = "DELETE", absent[] = "DELETE of an absent row";
	const struct moved_table *t = &p->writers->params.tables->items[row->table];
	const struct slice *key = row->existed ? row->before : row->after;
	struct exact_op op = { t, key, row->existed ? verb : absent, 1, row->existed, 0, NULL };

	if (row->exists && !is_replaced(p->writers, row))
		return 0;
	if (!row->existed && (row->exists || !t->def->key_binary))
		return 0;
	TRY(next_op(cx, p, &op, BATCH_DELETES));
	apply_sql_delete_more(&p->sql, t, key);
	return 0;
}

static int
send_write(struct ctx *cx, struct pipeline *p, const struct fold_row *row)
{
	static const char insert[] = "INSERT", update[] = "UPDATE";
	const struct moved_table *t = &p->writers->params.tables->items[row->table];
	bool is_new = !row->existed || is_replaced(p->writers, row);
	struct exact_op op = { t, row->after, is_new ? insert : update, 1, 1, 0, row->after };

	if (!row->exists)
		return 0;
	op.unsayable = table_row_unsayable(t->def, row->after);
	TRY(next_op(cx, p, &op, is_new ? BATCH_ROWS : 1));
	if (is_new)
		apply_sql_insert_more(&p->sql, t, row->after);
	else
		apply_sql_update(&p->sql, t, row->after);
	return 0;
}

/* A change of a strict table. Only inserts share a statement: another one may be of the same row. */
static int
send_ordered(struct ctx *cx, struct pipeline *p, const struct change *c)
{
	static const char insert[] = "INSERT", update[] = "UPDATE", delete[] = "DELETE";
	const struct moved_table *t = &p->writers->params.tables->items[c->table];
	const char *verb = c->kind == CHANGE_INSERT ? insert
	    : c->kind == CHANGE_UPDATE              ? update
						    : delete;
	const struct slice *row = c->before != NULL ? c->before : c->after;
	const struct dialect *dialect = mysql_dialect(p->writers->conns[0]);
	struct exact_op op = { t, row, verb, 1, 1, 0, c->kind == CHANGE_INSERT ? c->after : NULL };

	if (c->after != NULL)
		op.unsayable = table_row_unsayable(t->def, c->after);
	TRY(next_op(cx, p, &op, c->kind == CHANGE_INSERT ? BATCH_ROWS : 1));
	switch (c->kind) {
	case CHANGE_INSERT: apply_sql_insert_more(&p->sql, t, c->after); break;
	case CHANGE_UPDATE: apply_sql_update_one(&p->sql, t, c->before, c->after, dialect); break;
	case CHANGE_DELETE: apply_sql_delete_one(&p->sql, t, c->before, dialect); break;
	}
	return 0;
}

/* ---- Of a table that keeps its history */

static int
set_clock(struct ctx *cx, struct pipeline *p, const struct exact_op *of, struct slice at)
{
	static const char set[] = "SET";
	const struct exact_op op = { of->table, of->key, set, 1, 0, 0, NULL };

	TRY(next_op(cx, p, &op, 1));
	if (slice_is_null(at))
		buf_add_str(&p->sql, "SET timestamp=DEFAULT");
	else
		/* It is a double, of which the server takes whole microseconds. */
		buf_addf(&p->sql, "SET timestamp=UNIX_TIMESTAMP('%.*s')+0.0000005", SLICE_ARG(at));
	p->timed = !slice_is_null(at);
	return 0;
}

static int
send_versioned(struct ctx *cx, struct pipeline *p, const struct change *c)
{
	static const char insert[] = "INSERT", update[] = "UPDATE", delete[] = "DELETE";
	static const char *const verbs[] = { insert, update, delete };
	const struct moved_table *t = &p->writers->params.tables->items[c->table];
	const struct dialect *dialect = mysql_dialect(p->writers->conns[0]);
	struct versioned_change v;

	TRY(versioned_read(t->def, c, &p->last, &v, cx->err));
	if (v.verb == VERSIONED_MADE)
		return 0;
	struct exact_op op = { t, c->before != NULL ? c->before : c->after, verbs[v.verb], 1, 1, 0,
		NULL };

	if (c->after != NULL && v.verb != VERSIONED_DELETE)
		op.unsayable = table_row_unsayable(t->def, c->after);
	if (!slice_is_null(v.at))
		TRY(set_clock(cx, p, &op, v.at));
	TRY(next_op(cx, p, &op, v.verb == VERSIONED_INSERT ? BATCH_ROWS : 1));
	if (v.verb == VERSIONED_INSERT)
		apply_sql_insert_more(&p->sql, t, c->after);
	else if (v.verb == VERSIONED_DELETE)
		apply_sql_delete_one(&p->sql, t, c->before, dialect);
	else if (slice_is_null(v.at))
		versioned_update_sql(&p->sql, t, c, dialect);
	else
		apply_sql_update_one(&p->sql, t, c->before, c->after, dialect);
	return 0;
}

static int
send_change(struct ctx *cx, struct pipeline *p, const struct change *c)
{
	bool versioned = p->writers->params.tables->items[c->table].def->versioned;

	return versioned ? send_versioned(cx, p, c) : send_ordered(cx, p, c);
}

static int
send_all_ordered(struct ctx *cx, struct pipeline *p, const struct fold *f)
{
	for (const struct fold_change *o = f->ordered; o != NULL; o = o->next)
		TRY(send_change(cx, p, o->change));
	if (p->timed) {
		const struct exact_op last = p->next;

		TRY(set_clock(cx, p, &last, SLICE_NULL));
	}
	TRY(send_next(cx, p));
	return read_answers(cx, p);
}

typedef int send_fn(struct ctx *cx, struct pipeline *p, const struct fold_row *row);

static int
send_all(struct ctx *cx, struct pipeline *p, const struct fold *f, send_fn *send)
{
	for (const struct fold_row *row = f->first; row != NULL; row = row->next)
		TRY(send(cx, p, row));
	TRY(send_next(cx, p));
	return read_answers(cx, p);
}

static int
run_exact(struct ctx *cx, struct pipeline *p, const struct fold *f)
{
	bool deletes_first =
	    !mutant("tablet_exact_deletes_first") && !mutant("sim_exact_deletes_first");

	TRY(send_all(cx, p, f, deletes_first ? send_delete : send_write));
	TRY(send_all(cx, p, f, deletes_first ? send_write : send_delete));
	return send_all_ordered(cx, p, f);
}

/*
 * Statements are sent ahead of answers. When the server rolls the transaction back for one of them (a
 * deadlock's victim), those behind it run all the same: with autocommit each would be committed by
 * itself. Without it they begin a transaction that nobody commits.
 */
static int
begin_pipelined(struct ctx *cx, struct writers *w)
{
	if (w->in_txn)
		return 0;
	const char *sql = mutant("tablet_pipeline_autocommits") ? "BEGIN" : "SET autocommit=0";

	TRY(writers_open(cx, w, 0));
	TRY(mysql_exec(cx, w->conns[0], slice_str(sql), NULL));
	w->in_txn = true;
	w->last = (struct versioned_last){ 0 };
	return 0;
}

/* For the next fragment: what the run's rows are kept in is gone by then. */
static void
keep_last(struct writers *w, const struct versioned_last *last)
{
	struct arena kept = ARENA_INIT;
	struct slice *before;

	w->last = *last;
	if (last->before != NULL) {
		before = arena_array(&kept, struct slice, last->columns);
		for (int i = 0; i < last->columns; i++)
			before[i] = slice_is_null(last->before[i])
			    ? SLICE_NULL
			    : arena_dup(&kept, last->before[i]);
		w->last =
		    (struct versioned_last){ before, last->columns, arena_dup(&kept, last->end) };
	}
	arena_done(&w->last_arena);
	w->last_arena = kept;
}

int
writers_exact(struct ctx *cx, struct writers *w, const struct fold *f)
{
	struct pipeline *p;
	int rc;

	TRY(begin_pipelined(cx, w));
	p = mem_new(struct pipeline);
	p->writers = w;
	buf_init(&p->sql);
	if (!mutant("tablet_versioned_parts"))
		p->last = w->last;
	rc = run_exact(cx, p, f);
	keep_last(w, &p->last);
	buf_done(&p->sql);
	free(p);
	return rc;
}
