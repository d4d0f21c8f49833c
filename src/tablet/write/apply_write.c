#include "tablet/write/apply_write.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/lexer.h"
#include "tablet/table/table_row.h"
#include "tablet/write/apply_large.h"
#include "tablet/write/packet_max.h"

#include <stdlib.h>

enum {
	/* rows of one statement: the server's parser is at its best by then */
	BATCH_ROWS = 500,
	BATCH_BYTES = 512 * 1024, /* ... and far below max_allowed_packet */
	/* keys of one DELETE: a range for each, and the optimizer counts them */
	BATCH_DELETES = 100,
};

/* ---- Connections */

void
writers_init(struct writers *w, const struct writers_params *params)
{
	check(params->parallel >= 1 && params->parallel <= WRITERS_MAX);
	*w = (struct writers){ .params = *params };
}

static void
close_guard(struct writers *w)
{
	mysql_close(w->guard);
	w->guard = NULL;
}

static void
close_from(struct writers *w, int slot)
{
	for (; slot < WRITERS_MAX; slot++) {
		mysql_close(w->conns[slot]);
		w->conns[slot] = NULL;
	}
}

void
writers_close(struct writers *w)
{
	if (mutant("tablet_guard_let_go"))
		close_guard(w);
	close_from(w, 0);
	w->in_txn = false;
	w->open_parts = 0;
	w->checked = false;
}

void
writers_keep_first(struct writers *w)
{
	close_from(w, 1);
}

void
writers_done(struct writers *w)
{
	writers_close(w);
	close_guard(w);
	arena_done(&w->last_arena);
}

/* A statement that is too large for the server is never sent (packet_max.h). */
static int
send_checked(struct ctx *cx, struct writers *w, int slot, struct slice sql)
{
	if (sql.len < w->packet_max) /* a byte for the command */
		return mysql_send(cx, w->conns[slot], sql);
	packet_max_refuse(cx->err, "a change", sql.len, w->packet_max);
	return err_wrap(cx->err, "%.60s...", (const char *)sql.ptr);
}

static bool
is_warned(const char *const *charsets, struct slice word)
{
	for (size_t i = 0; charsets[i] != NULL; i++) {
		if (slice_eq_str(slice_cut(word, 1, word.len), charsets[i]))
			return true;
	}
	return false;
}

/* Its literals of character sets that the server warns of, whatever becomes of them: "_ucs2'...'". All names
 * of ours are quoted. */
static int
count_warned(const struct dialect *dialect, struct slice sql, size_t *count, struct err *err)
{
	struct lexer l;
	struct token t;

	if (dialect->warned_charsets == NULL || mutant("tablet_charsets_warn"))
		return 0;
	lexer_init(&l, sql, 0);
	do {
		TRY(lexer_next(&l, &t, err));
		*count += t.kind == TOKEN_WORD &&
		    is_warned(dialect->warned_charsets, slice_cut(sql, t.start, t.end));
	} while (t.kind != TOKEN_END);
	return 0;
}

int
writers_send(struct ctx *cx, struct writers *w, int slot, const struct buf *sql, size_t *warnings)
{
	SCOPED(buf) struct buf lenient = BUF_INIT;
	const struct dialect *dialect = mysql_dialect(w->conns[slot]);

	if (*warnings == 0)
		return send_checked(cx, w, slot, buf_slice(sql));
	TRY(count_warned(dialect, buf_slice(sql), warnings, cx->err));
	dialect->lenient(&lenient, buf_slice(sql));
	return send_checked(cx, w, slot, buf_slice(&lenient));
}

/* A statement without strict mode has changed nothing else only if it warns of nothing else. */
int
writers_check_warnings(const struct mysql_ok *ok, size_t warnings, struct err *err)
{
	size_t told = warnings < UINT16_MAX ? warnings : UINT16_MAX; /* the answer has 16 bits */

	if (warnings == 0 || ok->warnings == told)
		return 0;
	return err_set(err, ERR_REFUSED,
	    "a statement gave %d warnings, of which values 0 of ENUM columns and character sets explain %zu: "
	    "other values were changed",
	    ok->warnings, warnings);
}

static int
begin_session(struct ctx *cx, struct writers *w, struct mysql_client *c, int slot)
{
	TRY(packet_max_read(cx, c, &w->packet_max));
	return state_succeed(cx, c, w->params.id, slot);
}

int
writers_open(struct ctx *cx, struct writers *w, int slot)
{
	struct mysql_client *c;

	if (w->conns[slot] != NULL && !mysql_broken(w->conns[slot]))
		return 0;
	check(slot != 0 || !w->in_txn);
	mysql_close(w->conns[slot]);
	w->conns[slot] = NULL;
	w->checked = w->checked && slot != 0;
	TRY(mysql_connect(cx, w->params.target, &c));
	if (begin_session(cx, w, c, slot) != 0) {
		mysql_close(c);
		return -1;
	}
	w->conns[slot] = c;
	return 0;
}

/* Number WRITERS_MAX: no slot has it. */
static int
open_guard(struct ctx *cx, struct writers *w)
{
	struct mysql_client *c;

	if (w->guard != NULL && !mysql_broken(w->guard))
		return 0;
	if (w->guard != NULL)
		return err_set(
		    cx->err, ERR_RETRY, "this pass's lock at the target went with its connection");
	TRY(mysql_connect(cx, w->params.target, &c));
	/* The guard's session sends nothing more until the pass ends, and must not be closed as idle. A
	 * year is the most that servers take. */
	if (mysql_exec(cx, c, slice_str("SET SESSION wait_timeout=31536000"), NULL) != 0 ||
	    state_succeed(cx, c, w->params.id, WRITERS_MAX) != 0) {
		mysql_close(c);
		return -1;
	}
	w->guard = c;
	return 0;
}

int
writers_open_all(struct ctx *cx, struct writers *w)
{
	TRY(open_guard(cx, w));
	for (int i = 0; i < w->params.parallel; i++)
		TRY(writers_open(cx, w, i));
	return 0;
}

/* ---- Catching up */

/* Statements that go out together, one to each connection. */
struct round {
	struct writers *writers;
	struct buf sql[WRITERS_MAX];
	size_t unsayable[WRITERS_MAX];
	int count;
};

static void
round_done(struct round *r)
{
	for (int i = 0; i < WRITERS_MAX; i++)
		buf_done(&r->sql[i]);
	free(r);
}

static int
send_round(struct ctx *cx, struct round *r, int *sent)
{
	for (*sent = 0; *sent < r->count; (*sent)++) {
		struct writers *w = r->writers;
		TRY(writers_open(cx, w, *sent));
		TRY(writers_send(cx, w, *sent, &r->sql[*sent], &r->unsayable[*sent]));
		if (mysql_flush(cx, w->conns[*sent]) != 0)
			return -1;
	}
	return 0;
}

static int
receive_one(struct ctx *cx, struct round *r, int i)
{
	struct mysql_ok ok;

	TRY(mysql_receive(cx, r->writers->conns[i], &ok));
	return writers_check_warnings(&ok, r->unsayable[i], cx->err);
}

/* Every answer is waited for, whatever the others said: the first error is told. */
static int
run_round(struct ctx *cx, struct round *r)
{
	struct err first = { 0 };
	int sent, rc = send_round(cx, r, &sent);

	if (rc != 0)
		first = *cx->err;
	for (int i = 0; i < sent; i++) {
		if (receive_one(cx, r, i) == 0 || rc != 0)
			continue;
		first = *cx->err;
		rc = -1;
	}
	for (int i = 0; i < r->count; i++)
		buf_reset(&r->sql[i]);
	r->count = 0;
	return rc == 0 ? 0 : err_copy(cx->err, &first);
}

/* A statement is complete: the next connection's, and when all have one they run. */
static int
end_statement(struct ctx *cx, struct round *r, struct buf *sql, size_t unsayable)
{
	if (sql->len == 0)
		return 0;
	r->unsayable[r->count] = unsayable;
	buf_swap(sql, &r->sql[r->count++]);
	buf_reset(sql);
	return r->count < r->writers->params.parallel ? 0 : run_round(cx, r);
}

typedef void add_fn(struct buf *out, const struct moved_table *t, const struct slice *row);

/* One phase of a run: what it takes of the rows, and how a statement of them is made. */
struct phase {
	bool exists;
	int rows_max;
	add_fn *more;
	void (*end)(struct buf *out, const struct moved_table *t, const struct dialect *dialect);
};

/*
 * A row that came and went within the run is deleted too: a run that was cut
 * off may have left it, and this one, a longer one, replays it.
 */
static const struct slice *
row_of(const struct phase *p, const struct fold_row *row)
{
	return p->exists || !row->existed ? row->after : row->before;
}

/* The statement that is being made. */
struct pending {
	struct buf sql;
	int rows;
	const struct slice *last; /* of the rows */
	size_t unsayable;
};

static int
flush_phase(struct ctx *cx, const struct phase *p, struct pending *s, struct round *r, int table)
{
	size_t unsayable = s->unsayable;
	bool one = s->rows == 1 && p->exists;

	if (s->sql.len > 0 && p->end != NULL) {
		struct writers *w = r->writers;

		TRY(writers_open(cx, w, 0));
		p->end(&s->sql, &w->params.tables->items[table], mysql_dialect(w->conns[0]));
	}
	s->rows = 0;
	s->unsayable = 0;
	if (one && apply_is_large(r->writers->packet_max, s->sql.len)) {
		buf_done(&s->sql);
		TRY(run_round(cx, r));
		return apply_large_row(cx, r->writers->conns[0],
		    &r->writers->params.tables->items[table], s->last, false);
	}
	return end_statement(cx, r, &s->sql, unsayable);
}

static void
add_to_phase(const struct phase *p, struct pending *s, const struct moved_table *t,
    const struct fold_row *row)
{
	s->last = row_of(p, row);
	p->more(&s->sql, t, s->last);
	s->rows++;
	if (p->exists)
		s->unsayable += table_row_unsayable(t->def, row->after);
}

static bool
is_in_phase(const struct phase *p, const struct fold_row *row)
{
	if (mutant("sim_came_and_went") && !row->existed && !row->exists)
		return false;
	return row->exists == p->exists;
}

static int
run_phase_table(struct ctx *cx, const struct phase *p, struct round *r,
    const struct fold_by_table *f, int table)
{
	const struct moved_table *t = &r->writers->params.tables->items[table];
	struct pending s = { 0 };
	int rc = 0;

	buf_init(&s.sql);
	for (size_t i = table == 0 ? 0 : f->ends[table - 1]; i < f->ends[table] && rc == 0; i++) {
		const struct fold_row *row = f->rows[i];

		if (!is_in_phase(p, row))
			continue;
		if (s.rows > 0 && p->exists &&
		    s.sql.len + table_row_bytes(t->def, row->after) >= BATCH_BYTES)
			rc = flush_phase(cx, p, &s, r, table);
		add_to_phase(p, &s, t, row);
		if (rc != 0)
			break;
		if (s.rows >= p->rows_max || s.sql.len >= BATCH_BYTES)
			rc = flush_phase(cx, p, &s, r, table);
	}
	if (rc == 0)
		rc = flush_phase(cx, p, &s, r, table);
	buf_done(&s.sql);
	return rc;
}

static int
run_phase(struct ctx *cx, struct writers *w, const struct fold_by_table *f, const struct phase *p)
{
	struct round *r = mem_new(struct round);
	int rc = 0;

	r->writers = w;
	for (int i = 0; i < WRITERS_MAX; i++)
		buf_init(&r->sql[i]);
	for (int t = 0; t < w->params.tables->count && rc == 0; t++)
		rc = run_phase_table(cx, p, r, f, t);
	if (rc == 0)
		rc = run_round(cx, r);
	round_done(r);
	return rc;
}

int
writers_converge(struct ctx *cx, struct writers *w, const struct fold *f)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	const struct fold_by_table rows = fold_group(&scratch, f, w->params.tables->count);
	static const struct phase deletes = { false, BATCH_DELETES, apply_sql_delete_more, NULL };
	static const struct phase upserts = { true, BATCH_ROWS, apply_sql_insert_more,
		apply_sql_upsert_end };
	bool deletes_first =
	    !mutant("tablet_deletes_before_upserts") && !mutant("sim_deletes_before_upserts");

	check(!w->in_txn);
	TRY(run_phase(cx, w, &rows, deletes_first ? &deletes : &upserts));
	return run_phase(cx, w, &rows, deletes_first ? &upserts : &deletes);
}

/* ---- Errors */

bool
writers_lost_a_lock(const struct err *err)
{
	enum { ER_LOCK_WAIT = 1205, ER_DEADLOCK = 1213 };

	return err->kind == ERR_SERVER &&
	    (err->mysql_errno == ER_DEADLOCK || err->mysql_errno == ER_LOCK_WAIT);
}

/* ---- The position */

static int
begin(struct ctx *cx, struct writers *w)
{
	if (w->in_txn)
		return 0;
	TRY(writers_open(cx, w, 0));
	TRY(mysql_exec(cx, w->conns[0], slice_str("BEGIN"), NULL));
	w->in_txn = true;
	return 0;
}

int
writers_in_txn(struct ctx *cx, struct writers *w, struct slice sql, struct mysql_ok *ok)
{
	TRY(begin(cx, w));
	return mysql_exec(cx, w->conns[0], sql, ok);
}

int
writers_commit(struct ctx *cx, struct writers *w, struct slice position_sql)
{
	struct mysql_ok ok;

	TRY(writers_in_txn(cx, w, position_sql, &ok));
	if (ok.affected_rows != 1)
		return err_set(cx->err, ERR_CONFLICT,
		    "the row of stream '%s' is gone from its sidecar database",
		    w->params.id.workflow);
	TRY(mysql_exec(cx, w->conns[0], slice_str("COMMIT"), NULL));
	w->in_txn = w->parts_may_be_there = false;
	return 0;
}
