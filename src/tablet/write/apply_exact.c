#include "tablet/write/apply_exact.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/table/table_row.h"
#include "tablet/write/apply_bulk.h"
#include "tablet/write/apply_kinds.h"
#include "tablet/write/apply_large.h"
#include "tablet/write/apply_versioned.h"
#include "tablet/write/gone_rows.h"

#include <stdlib.h>

enum {
	/* rows of one statement: the server's parser is at its best by then */
	BATCH_ROWS = 500,
	BATCH_BYTES = 512 * 1024, /* ... and far below max_allowed_packet */
	/* keys of one DELETE: a range for each, and the optimizer counts them */
	BATCH_DELETES = 100,
	/* of what is written in bulk, and below the packet that it takes at least */
	BULK_ROW_BYTES = 16 * 1024,
	BULK_PACKET_MIN = 256 * 1024,
	/* statements sent ahead: their answers fit in any socket's buffer */
	PIPELINE = 64,
};

enum verb {
	VERB_DELETE,
	VERB_DELETE_ABSENT, /* of a row that may be there, and is not */
	VERB_INSERT,
	VERB_UPDATE,
	VERB_UPSERT, /* updates that share a statement, as long as it is an INSERT */
	VERB_SET,
};

static const char *const verb_names[] = {
	[VERB_DELETE] = "DELETE",
	[VERB_DELETE_ABSENT] = "DELETE of an absent row",
	[VERB_INSERT] = "INSERT",
	[VERB_UPDATE] = "UPDATE",
	[VERB_UPSERT] = "UPDATE",
	[VERB_SET] = "SET",
};

struct exact_op {
	const struct moved_table *table;
	const struct slice *key; /* a row with the key, the first of several */
	enum verb verb;
	int rows;
	uint64_t expected;
	size_t unsayable; /* values of it that strict mode refuses; once it is sent, its warnings */
	/* of an INSERT and an UPDATE by key: what is written; NULL: a statement alone says it */
	const struct slice *written;
};

/* Sent and not yet answered, and the statement that is being made. */
struct pipeline {
	struct writers *writers;
	struct mysql_client *conn; /* of its slot */
	int slot;
	struct exact_op ops[PIPELINE];
	int count;
	struct buf sql;
	struct exact_op next; /* rows == 0: none */
	struct versioned_last last;
	bool timed; /* the session's clock stands */
	struct gone_rows gone;
};

static int
wrong_count(const struct pipeline *p, const struct exact_op *op, uint64_t got, struct err *err)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	if (table_def_is_strict(op->table->def))
		apply_sql_row(&key, op->table, op->key, mysql_dialect(p->conn));
	else
		apply_sql_key(&key, op->table, op->key);
	err_set(err, ERR_CORRUPT,
	    "table '%s.%s' differs from its source: %s of %.200s%s changed %llu rows, not %llu",
	    op->table->database, op->table->name, verb_names[op->verb], key.data,
	    op->rows > 1 ? " and others" : "", (unsigned long long)got,
	    (unsigned long long)op->expected);
	return err_hint(err,
	    "vtctlclient Workflow delete %s, then move anew: something else wrote to the target",
	    p->writers->params.id.workflow);
}

static int
read_answers(struct ctx *cx, struct pipeline *p)
{
	struct mysql_ok ok;

	for (int i = 0; i < p->count; i++) {
		const struct exact_op *op = &p->ops[i];
		if (mysql_receive(cx, p->conn, &ok) != 0) {
			p->writers->several = op->rows > 1 && op->verb == VERB_UPSERT &&
			    apply_sql_met_another(cx->err);
			return err_wrap(cx->err, "%s in table '%s.%s'", verb_names[op->verb],
			    op->table->database, op->table->name);
		}
		TRY(writers_check_warnings(&ok, op->unsayable, cx->err));
		if (ok.affected_rows != op->expected && !mutant("tablet_row_counts")) {
			p->writers->several = op->rows > 1;
			return wrong_count(p, op, ok.affected_rows, cx->err);
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
	struct mysql_ok ok;

	TRY(read_answers(cx, p));
	p->next.rows = 0;
	buf_done(&p->sql); /* what it is of is about to be there in another form */
	if (op.verb == VERB_UPDATE || op.verb == VERB_UPSERT) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		apply_sql_delete_more(&sql, op.table, op.key);
		TRY(mysql_exec(cx, p->conn, buf_slice(&sql), &ok));
		if (ok.affected_rows != op.expected)
			return wrong_count(p, &op, ok.affected_rows, cx->err);
	}
	return apply_large_row(cx, p->conn, op.table, op.written, true);
}

/* Of updates that have joined; one that has remained alone is an UPDATE. */
static void
end_upserts(struct pipeline *p)
{
	struct exact_op *op = &p->next;

	if (op->rows > 1) {
		apply_sql_update_end(&p->sql, op->table, mysql_dialect(p->conn));
		op->expected *= 2;
		return;
	}
	buf_reset(&p->sql);
	apply_sql_update(&p->sql, op->table, op->written);
}

static int
send_next(struct ctx *cx, struct pipeline *p)
{
	if (p->next.rows == 0)
		return 0;
	if (p->next.verb == VERB_UPSERT)
		end_upserts(p);
	if (p->next.written != NULL && p->next.rows == 1 &&
	    apply_is_large(p->writers->packet_max, p->sql.len))
		return write_large(cx, p);
	TRY(writers_send(cx, p->writers, p->slot, &p->sql, &p->next.unsayable));
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
	size_t more = op->written == NULL ? 0 : table_row_bytes(op->table->def, op->written);
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

static int
send_delete(struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum row_kind kind)
{
	const struct moved_table *t = &p->writers->params.tables->items[row->table];
	const struct slice *key = row->existed ? row->before : row->after;
	const struct exact_op op = { t, key, row->existed ? VERB_DELETE : VERB_DELETE_ABSENT, 1,
		row->existed, 0, NULL };

	if (!row_kind_deletes(kind))
		return 0;
	TRY(next_op(cx, p, &op, BATCH_DELETES));
	apply_sql_delete_more(&p->sql, t, key);
	return 0;
}

/* Writes a row as it is behind the run: an INSERT, or an UPDATE of its key. */
static int
send_row(struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum verb verb)
{
	const struct moved_table *t = &p->writers->params.tables->items[row->table];
	const struct exact_op op = { t, row->after, verb, 1, 1,
		table_row_unsayable(t->def, row->after), row->after };

	TRY(next_op(cx, p, &op, verb == VERB_UPDATE ? 1 : BATCH_ROWS));
	if (verb == VERB_UPDATE)
		apply_sql_update(&p->sql, t, row->after);
	else
		apply_sql_insert_more(&p->sql, t, row->after);
	return 0;
}

static int
send_insert(struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum row_kind kind)
{
	return row_kind_inserts(kind) ? send_row(cx, p, row, VERB_INSERT) : 0;
}

static int
send_update(struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum row_kind kind)
{
	return kind == ROW_UPDATE ? send_row(cx, p, row, VERB_UPSERT) : 0;
}

static int
send_alone(struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum row_kind kind)
{
	return kind == ROW_ALONE ? send_row(cx, p, row, VERB_UPDATE) : 0;
}

/* A change of a strict table. Only inserts share a statement: another one may be of the same row. */
static int
send_ordered(struct ctx *cx, struct pipeline *p, const struct change *c)
{
	const struct moved_table *t = &p->writers->params.tables->items[c->table];
	enum verb verb = c->kind == CHANGE_INSERT ? VERB_INSERT
	    : c->kind == CHANGE_UPDATE            ? VERB_UPDATE
						  : VERB_DELETE;
	const struct slice *row = c->before != NULL ? c->before : c->after;
	const struct dialect *dialect = mysql_dialect(p->conn);
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

/* ---- What foreign keys change beside */

/* The session checks foreign keys, and carries out their actions, where that of the source did. */
static int
set_checks(struct ctx *cx, struct pipeline *p, const struct change *c)
{
	struct writers *w = p->writers;
	bool wanted =
	    w->params.tables->ordered && (!c->unchecked || mutant("tablet_unchecked_cascade"));
	const struct exact_op op = { .table = &w->params.tables->items[c->table],
		.key = c->before != NULL ? c->before : c->after,
		.verb = VERB_SET,
		.rows = 1 };

	if (wanted == w->checked)
		return 0;
	TRY(next_op(cx, p, &op, 1));
	buf_addf(&p->sql, "SET foreign_key_checks=%d", wanted);
	w->checked = wanted;
	return 0;
}

/* ---- Of a table that keeps its history */

static int
set_clock(struct ctx *cx, struct pipeline *p, const struct exact_op *of, struct slice at)
{
	const struct exact_op op = { of->table, of->key, VERB_SET, 1, 0, 0, NULL };

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
	static const enum verb verbs[] = { VERB_INSERT, VERB_UPDATE, VERB_DELETE };
	const struct moved_table *t = &p->writers->params.tables->items[c->table];
	const struct dialect *dialect = mysql_dialect(p->conn);
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

	TRY(set_checks(cx, p, c));
	return versioned ? send_versioned(cx, p, c) : send_ordered(cx, p, c);
}

static int
send_all_ordered(struct ctx *cx, struct pipeline *p, const struct fold *f)
{
	const struct moved_tables *tables = p->writers->params.tables;

	for (const struct fold_change *o = f->ordered; o != NULL; o = o->next) {
		const struct change *c = o->change;
		struct change own;

		if (tables->ordered)
			c = gone_rows_note(&p->gone, tables, c, &own);
		if (c != NULL)
			TRY(send_change(cx, p, c));
	}
	if (p->timed) {
		const struct exact_op last = p->next;

		TRY(set_clock(cx, p, &last, SLICE_NULL));
	}
	TRY(send_next(cx, p));
	return read_answers(cx, p);
}

/* ---- In bulk (apply_bulk.h) */

static bool
is_in_bulk(const struct pipeline *p, const struct kinds *k, size_t i, bool updates)
{
	const struct fold_row *row = k->rows.rows[i];
	const struct table_def *def = p->writers->params.tables->items[row->table].def;

	if (updates ? k->of[i] != ROW_UPDATE : !row_kind_inserts(k->of[i]))
		return false;
	return table_row_unsayable(def, row->after) == 0 &&
	    table_row_bytes(def, row->after) <= BULK_ROW_BYTES;
}

static int
check_bulk(const struct pipeline *p, const struct apply_bulk *b, const struct slice *key,
    bool updates, struct err *err)
{
	const struct exact_op op = { b->table, key, updates ? VERB_UPDATE : VERB_INSERT,
		(int)b->count, updates ? 2 * b->count : b->count, 0, NULL };

	if ((b->affected == op.expected || mutant("tablet_row_counts")) && b->warnings == 0)
		return 0;
	p->writers->several = true;
	return wrong_count(p, &op, b->affected, err);
}

/* Those that were written are passed over by what comes behind. */
static int
write_bulk(struct ctx *cx, struct pipeline *p, struct kinds *k, struct apply_bulk *b, bool updates)
{
	struct mysql_client *c = p->conn;
	int t = (int)(b->table - p->writers->params.tables->items);
	const struct slice *key = NULL;

	for (size_t i = kinds_first(k, t); i < k->rows.ends[t]; i++) {
		if (!is_in_bulk(p, k, i, updates))
			continue;
		key = k->rows.rows[i]->after;
		k->of[i] = ROW_PASSED;
		TRY(apply_bulk_add(cx, c, b, key));
	}
	TRY(apply_bulk_end(cx, c, b));
	return check_bulk(p, b, key, updates, cx->err);
}

static int
table_in_bulk(struct ctx *cx, struct pipeline *p, struct kinds *k, int table, bool updates)
{
	struct apply_bulk b = { .table = &p->writers->params.tables->items[table] };
	size_t count = 0;
	int rc;

	for (size_t i = kinds_first(k, table); i < k->rows.ends[table]; i++)
		count += is_in_bulk(p, k, i, updates);
	if (count < BULK_ROWS_MIN)
		return 0;
	buf_init(&b.rows);
	rc = apply_bulk_begin(cx, p->conn, &b, updates, p->writers->packet_max);
	if (rc != 0 && cx->err->kind == ERR_SERVER) {
		err_clear(cx->err); /* there is another way */
		return 0;
	}
	if (rc == 0)
		rc = write_bulk(cx, p, k, &b, updates);
	if (rc != 0 && apply_sql_met_another(cx->err))
		p->writers->several = updates;
	apply_bulk_done(&b);
	return rc;
}

/* What is left is written with literals. */
static int
all_in_bulk(struct ctx *cx, struct pipeline *p, struct kinds *k, bool updates)
{
	const struct writers *w = p->writers;

	if (w->careful || w->packet_max < BULK_PACKET_MIN || !bulk_is_known(p->conn))
		return 0;
	for (int t = 0; t < k->tables; t++)
		TRY(table_in_bulk(cx, p, k, t, updates));
	return 0;
}

/* ---- All of it */

typedef int send_fn(
    struct ctx *cx, struct pipeline *p, const struct fold_row *row, enum row_kind kind);

static int
send_all(struct ctx *cx, struct pipeline *p, const struct kinds *k, send_fn *send)
{
	for (size_t i = 0; i < k->rows.ends[k->tables - 1]; i++)
		TRY(send(cx, p, k->rows.rows[i], k->of[i]));
	TRY(send_next(cx, p));
	return read_answers(cx, p);
}

static int
run_exact(struct ctx *cx, struct pipeline *p, struct kinds *k)
{
	bool deletes_first =
	    !mutant("tablet_exact_deletes_first") && !mutant("sim_exact_deletes_first");

	if (deletes_first)
		TRY(send_all(cx, p, k, send_delete));
	TRY(all_in_bulk(cx, p, k, false));
	TRY(send_all(cx, p, k, send_insert));
	TRY(all_in_bulk(cx, p, k, true));
	TRY(send_all(cx, p, k, send_update));
	TRY(send_all(cx, p, k, send_alone));
	return deletes_first ? 0 : send_all(cx, p, k, send_delete);
}

/*
 * Statements are sent ahead of answers. When the server rolls the transaction back for one of them (a
 * deadlock's victim), those behind it run all the same: with autocommit each would be committed by
 * itself. Without it they begin a transaction that nobody commits.
 */
static int
begin_pipelined(struct ctx *cx, struct writers *w, int slot)
{
	if (slot == 0 && w->in_txn)
		return 0;
	const char *sql = mutant("tablet_pipeline_autocommits") ? "BEGIN" : "SET autocommit=0";

	TRY(writers_open(cx, w, slot));
	TRY(mysql_exec(cx, w->conns[slot], slice_str(sql), NULL));
	if (slot > 0)
		return 0;
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

static int
write_ordered(struct ctx *cx, struct pipeline *p, const struct fold *f)
{
	struct writers *w = p->writers;
	int rc;

	gone_rows_init(&p->gone);
	if (!mutant("tablet_versioned_parts"))
		p->last = w->last;
	rc = send_all_ordered(cx, p, f);
	keep_last(w, &p->last);
	gone_rows_done(&p->gone);
	return rc;
}

int
writers_exact(struct ctx *cx, struct writers *w, const struct fold *f, struct kinds *k, int slot)
{
	struct pipeline *p;
	int rc;

	TRY(begin_pipelined(cx, w, slot));
	p = mem_new(struct pipeline);
	p->writers = w;
	p->slot = slot;
	p->conn = w->conns[slot];
	buf_init(&p->sql);
	rc = run_exact(cx, p, k);
	if (rc == 0 && f != NULL)
		rc = write_ordered(cx, p, f);
	buf_done(&p->sql);
	free(p);
	return rc;
}
