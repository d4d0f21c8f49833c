#include "workload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PREP_SELECT, PREP_UPDATE, PREP_INSERT };

#define SQL_SELECT "SELECT " USER_COLUMNS " FROM users WHERE id = ?"
#define SQL_UPDATE                                                                                 \
	"UPDATE users SET email = ?, name = ?, created_at = ?, balance = ?, data = ? WHERE id = ?"
#define SQL_INSERT                                                                                 \
	"INSERT INTO users (id, email, name, created_at, balance, data) VALUES (?, ?, ?, ?, ?, ?)"

enum {
	TXN_ROWS_MAX = 3, /* short, and still more than one lock */
	ORDERS_EACH =
	    10, /* of so many acts one is an order: about as many statements as transactions */
};

static uint64_t
draw(struct workload *w, uint64_t below)
{
	w->random = user_mix(w->random);
	return w->random % below;
}

static struct userrow *
add_row(struct workload *w, struct userrow row)
{
	if (w->count == w->cap) {
		w->cap = w->cap == 0 ? 4096 : w->cap * 2;
		w->rows = realloc(w->rows, w->cap * sizeof *w->rows);
		if (w->rows == NULL)
			abort();
	}
	w->rows[w->count] = row;
	return &w->rows[w->count++];
}

/* An own row that exists (or one that does not), or NULL after some tries. */
static struct userrow *
pick(struct workload *w, bool exists)
{
	for (int tries = 0; tries < 50 && w->count > 0; tries++) {
		struct userrow *r = &w->rows[draw(w, w->count)];

		if (!r->frozen && r->exists == exists)
			return r;
	}
	return NULL;
}

/* What r is to be after an update. The first write of an original row sets every column. */
static struct userrow
updated(struct workload *w, const struct userrow *r)
{
	struct userrow to = *r;

	to.ver++;
	if (r->ver == 0 || draw(w, 4) == 0)
		to.email_ver = to.ver;
	to.cents = (int64_t)draw(w, 20000000) - 10000000;
	return to;
}

/* Settles one change of the table: known, refused, or unknown. */
static void
settle(struct workload *w, enum outcome out, struct userrow *row, const struct userrow *to)
{
	if (out == DONE) {
		w->writes++;
		*row = *to;
		journal_known(w->journal, row);
	} else if (out == LOST) {
		struct change c = { *row, *to };

		w->unknown++;
		row->frozen = true;
		journal_unknown(w->journal, &c, 1);
	}
}

static char *
put_quoted(struct workload *w, char *at, const char *text, bool null)
{
	if (null)
		return stpcpy(at, "NULL");
	*at++ = '\'';
	if (w->link.my != NULL) /* when it is gone the statement is not sent */
		at += mysql_real_escape_string(w->link.my, at, text, strlen(text));
	*at++ = '\'';
	*at = '\0';
	return at;
}

static size_t
make_insert(struct workload *w, char *sql, const struct userrow *to)
{
	struct usertext t;
	char *at = sql;

	user_text(to, &t);
	if (to->id != 0)
		at += sprintf(
		    at, "INSERT INTO users (" USER_COLUMNS ") VALUES (%" PRIu64 ", ", to->id);
	else
		at += sprintf(
		    at, "INSERT INTO users (email, name, created_at, balance, data) VALUES (");
	at = stpcpy(put_quoted(w, at, t.email, false), ", ");
	at = stpcpy(put_quoted(w, at, t.name, t.name_null), ", ");
	at += sprintf(at, "'%s', %s, ", t.created, t.balance);
	at = stpcpy(put_quoted(w, at, t.data, t.data_null), ")");
	return (size_t)(at - sql);
}

static size_t
make_update(struct workload *w, char *sql, const struct userrow *from, const struct userrow *to)
{
	struct usertext t;
	char *at = stpcpy(sql, "UPDATE `users` SET ");

	user_text(to, &t);
	if (from->email_ver != to->email_ver)
		at = stpcpy(put_quoted(w, stpcpy(at, "email = "), t.email, false), ", ");
	at = put_quoted(w, stpcpy(at, "name = "), t.name, t.name_null);
	at += sprintf(at, ", created_at = '%s', balance = ", t.created);
	if (from->ver > 0) /* a change that must not be applied twice */
		at += sprintf(at, "balance + (%" PRId64 ") / 100", to->cents - from->cents);
	else
		at += sprintf(at, "%s", t.balance);
	at = put_quoted(w, stpcpy(at, ", data = "), t.data, t.data_null);
	at += sprintf(at, " WHERE id = %" PRIu64, to->id);
	return (size_t)(at - sql);
}

static enum outcome
write_text(struct workload *w, enum stmt_kind kind, const char *sql, size_t len)
{
	enum outcome out = link_run(&w->link, kind, sql, len, NULL);

	if (out == DONE && mysql_affected_rows(w->link.my) != 1)
		link_wrong_read(&w->link, "%" PRIu64 " rows instead of 1 by: %.120s",
		    (uint64_t)mysql_affected_rows(w->link.my), sql);
	return out;
}

static enum outcome
send_update(struct workload *w, const struct userrow *from, const struct userrow *to, bool prepared)
{
	char id[24];
	struct usertext t;

	if (!prepared)
		return write_text(w, STMT_UPDATE, w->sql, make_update(w, w->sql, from, to));
	user_text(to, &t);
	snprintf(id, sizeof id, "%" PRIu64, to->id);
	return link_execute(&w->link, STMT_UPDATE, PREP_UPDATE, SQL_UPDATE,
	    (const char *[]){ t.email, t.name_null ? NULL : t.name, t.created, t.balance,
		t.data_null ? NULL : t.data, id },
	    NULL);
}

static enum outcome
send_insert(struct workload *w, const struct userrow *to, bool prepared)
{
	char id[24];
	struct usertext t;

	if (!prepared)
		return write_text(w, STMT_INSERT, w->sql, make_insert(w, w->sql, to));
	user_text(to, &t);
	snprintf(id, sizeof id, "%" PRIu64, to->id);
	return link_execute(&w->link, STMT_INSERT, PREP_INSERT, SQL_INSERT,
	    (const char *[]){ id, t.email, t.name_null ? NULL : t.name, t.created, t.balance,
		t.data_null ? NULL : t.data },
	    NULL);
}

static void
do_update(struct workload *w)
{
	struct userrow *r = pick(w, true), to;

	if (r == NULL)
		return;
	to = updated(w, r);
	settle(w, send_update(w, r, &to, draw(w, 2) == 0), r, &to);
}

/* A row for an insert with an id: a deleted one again, or the next free id of this client. NULL
 * when used up. */
static struct userrow *
fresh_row(struct workload *w)
{
	struct userrow *r = draw(w, 3) == 0 ? pick(w, false) : NULL;

	if (r != NULL || w->next_id >= w->ceiling)
		return r;
	r = add_row(w, (struct userrow){ .id = w->next_id, .seed = w->next_id });
	w->next_id += (uint64_t)w->set->clients;
	return r;
}

static struct userrow
inserted(struct workload *w, const struct userrow *r)
{
	struct userrow to = updated(w, r);

	to.exists = true;
	to.email_ver = to.ver;
	return to;
}

static void
do_insert(struct workload *w)
{
	struct userrow *r = fresh_row(w), to;

	if (r == NULL)
		return;
	to = inserted(w, r);
	settle(w, send_insert(w, &to, draw(w, 2) == 0), r, &to);
}

/* The server chooses the id, which no client may have had an answer about before. */
static void
do_auto_insert(struct workload *w)
{
	struct userrow none = { .seed = w->first_token + w->tokens++ };
	struct userrow to = inserted(w, &none);
	enum outcome out = write_text(w, STMT_INSERT, w->sql, make_insert(w, w->sql, &to));

	if (out == DONE) {
		to.id = mysql_insert_id(w->link.my);
		none.id = to.id;
		if (to.id <= w->ceiling)
			link_wrong_read(&w->link, "insert id %" PRIu64 " is not above %" PRIu64,
			    to.id, w->ceiling);
	}
	settle(w, out, out == DONE ? add_row(w, none) : &none, &to);
}

static void
do_delete(struct workload *w)
{
	struct userrow *r = pick(w, true), to;
	char sql[120];
	int n;

	if (r == NULL)
		return;
	to = *r;
	to.exists = false;
	n = snprintf(sql, sizeof sql, "DELETE FROM users WHERE id = %" PRIu64, r->id);
	settle(w, write_text(w, STMT_DELETE, sql, (size_t)n), r, &to);
}

static void
compare(
    struct workload *w, const struct userrow *r, bool found, char **cols, const unsigned long *lens)
{
	int64_t at;
	bool ok;

	w->reads++;
	if (!found || !r->exists) {
		if (found != r->exists)
			link_wrong_read(&w->link, "row %" PRIu64 " is %s, it was %s", r->id,
			    found ? "there" : "absent", r->exists ? "written" : "deleted");
		return;
	}
	at = r->ver == 0 ? baseline_find(w->base, r->id) : -1;
	ok = r->ver == 0 ? at >= 0 && user_hash(cols, lens) == w->base->rows[at].hash
			 : user_matches(r, cols, lens);
	if (!ok)
		link_wrong_read(&w->link,
		    "row %" PRIu64 " does not hold version %" PRIu32 ": email '%.60s'", r->id,
		    r->ver, cols[1] == NULL ? "NULL" : cols[1]);
}

static void
read_text(struct workload *w, const struct userrow *r, const char *tail)
{
	char sql[160];
	int n = snprintf(sql, sizeof sql,
	    "SELECT " USER_COLUMNS " FROM users WHERE id = %" PRIu64 "%s", r->id, tail);
	MYSQL_RES *res;
	MYSQL_ROW row;

	if (link_run(&w->link, STMT_SELECT, sql, (size_t)n, &res) != DONE || res == NULL)
		return;
	row = mysql_fetch_row(res);
	compare(w, r, row != NULL, row, row == NULL ? NULL : mysql_fetch_lengths(res));
	mysql_free_result(res);
}

/* Reads its own write back, a deleted row now and then. */
static void
do_select(struct workload *w)
{
	struct userrow *r = pick(w, draw(w, 8) != 0);
	char id[24];

	if (r == NULL)
		return;
	if (draw(w, 2) == 0) {
		read_text(w, r, "");
		return;
	}
	snprintf(id, sizeof id, "%" PRIu64, r->id);
	if (link_execute(&w->link, STMT_SELECT, PREP_SELECT, SQL_SELECT, (const char *[]){ id },
		&w->reply) == DONE)
		compare(w, r, w->reply.found, w->reply.cols, w->reply.lens);
}

static int
by_id(const void *a, const void *b)
{
	uint64_t x = (*(struct userrow *const *)a)->id, y = (*(struct userrow *const *)b)->id;

	return (x > y) - (x < y);
}

/* Different own rows in key order. */
static int
pick_several(struct workload *w, struct userrow **rows, int want)
{
	int n = 0;

	for (int tries = 0; tries < want; tries++) {
		struct userrow *r = pick(w, true);
		bool taken = r == NULL;

		for (int i = 0; i < n && !taken; i++)
			taken = rows[i] == r;
		if (!taken)
			rows[n++] = r;
	}
	qsort(rows, (size_t)n, sizeof *rows, by_id);
	return n;
}

/* The statements of a transaction after its begin: read and lock, then update, in key order. */
static enum outcome
txn_body(struct workload *w, struct userrow **rows, struct change *changes, int n)
{
	enum outcome out = DONE;

	for (int i = 0; i < n; i++)
		read_text(w, rows[i], " FOR UPDATE");
	for (int i = 0; i < n && out == DONE && w->link.my != NULL; i++)
		out = send_update(w, rows[i], &changes[i].after, draw(w, 2) == 0);
	return w->link.my == NULL ? LOST : out;
}

static void
txn_settle(struct workload *w, enum outcome out, struct userrow **rows,
    const struct change *changes, int n)
{
	for (int i = 0; i < n; i++) {
		if (out == DONE) {
			*rows[i] = changes[i].after;
			journal_known(w->journal, rows[i]);
		} else {
			rows[i]->frozen = true;
		}
	}
	if (out == DONE) {
		w->writes += (uint64_t)n;
		return;
	}
	w->unknown++;
	journal_unknown(w->journal, changes, n);
}

static void
transact(struct workload *w)
{
	struct userrow *rows[TXN_ROWS_MAX];
	struct change changes[TXN_ROWS_MAX];
	int n = pick_several(w, rows, 2 + (int)draw(w, TXN_ROWS_MAX - 1));
	bool commit = draw(w, 8) != 0;
	enum outcome out;

	for (int i = 0; i < n; i++)
		changes[i] = (struct change){ *rows[i], updated(w, rows[i]) };
	if (n == 0 || link_run(&w->link, STMT_TXN, "BEGIN", 5, NULL) != DONE)
		return;
	w->transactions++;
	w->link.in_burst = w->set->burst;
	out = txn_body(w, rows, changes, n);
	if (out == LOST) /* COMMIT was never sent: nothing of it may be there */
		return;
	if (out == REFUSED || !commit) {
		/* if it is lost, the server rolls back */
		(void)link_run(&w->link, STMT_TXN, "ROLLBACK", 8, NULL);
		return;
	}
	out = link_run(&w->link, STMT_COMMIT, "COMMIT", 6, NULL);
	txn_settle(w, out, rows, changes, n); /* a refused COMMIT too leaves open what happened */
}

static void
do_transaction(struct workload *w)
{
	transact(w);
	w->link.in_burst = false;
}

static void
do_order(struct workload *w)
{
	w->transactions++;
	orders_write(&w->orders, &w->link);
	w->link.in_burst = false;
}

/* A read of other clients' rows: its answer is not known, its success is asked for. */
static void
do_range(struct workload *w)
{
	char sql[160];
	int n = snprintf(sql, sizeof sql,
	    "SELECT COUNT(*), MAX(email), SUM(balance) FROM users WHERE id BETWEEN %" PRIu64
	    " AND %" PRIu64,
	    w->next_id / 2, w->next_id / 2 + 50);

	(void)link_run(&w->link, STMT_SELECT, sql, (size_t)n, NULL); /* counted there */
}

struct act {
	int share;
	void (*act)(struct workload *w);
};

/* Of a hundred acts: what a busy small application does. */
static const struct act usual_acts[] = {
	{ 30, do_select },
	{ 5, do_range },
	{ 28, do_update },
	{ 14, do_insert },
	{ 4, do_auto_insert },
	{ 7, do_delete },
	{ 12, do_transaction },
};

/* With ids of the client's own, and with ids that the server gives out. */
static const struct act insert_acts[] = {
	{ 50, do_insert },
	{ 50, do_auto_insert },
};

static void *
run(void *arg)
{
	struct workload *w = arg;
	const struct act *acts = w->set->inserts ? insert_acts : usual_acts;

	mysql_thread_init();
	while (!atomic_load(&w->link.steering->stop)) {
		int left = (int)draw(w, 100), i = 0;

		if (!link_ensure(&w->link))
			break;
		while (left >= acts[i].share)
			left -= acts[i++].share;
		if (w->set->orders && draw(w, ORDERS_EACH) == 0)
			do_order(w);
		else
			acts[i].act(w);
	}
	mysql_thread_end();
	return NULL;
}

uint64_t
workload_ceiling(const struct baseline *base)
{
	return (base->count == 0 ? 0 : base->rows[base->count - 1].id) + CEILING_GAP;
}

int
workload_put_ceiling(MYSQL *my, const struct settings *set, const struct baseline *base)
{
	struct workload *w = calloc(1, sizeof *w);
	struct userrow row = { .exists = true, .ver = 1, .email_ver = 1 };
	FILE *f = journal_create(set->journal, set->clients);
	int rc = -1;

	if (w == NULL)
		abort();
	w->link.my = my;
	row.id = row.seed = workload_ceiling(base);
	if (f != NULL && mysql_real_query(my, w->sql, make_insert(w, w->sql, &row)) == 0) {
		journal_known(f, &row);
		rc = 0;
	} else if (f != NULL) {
		fprintf(stderr, "load: inserting the highest row: %s\n", mysql_error(my));
	}
	free(w);
	if (f != NULL && fclose(f) != 0)
		rc = -1;
	return rc;
}

/* The rows of the table that belong to this client, and the first id that it will give out. */
static void
claim(struct workload *w)
{
	uint64_t clients = (uint64_t)w->set->clients;

	w->ceiling = workload_ceiling(w->base);
	w->next_id = w->ceiling - CEILING_GAP + 1;
	while (w->next_id % clients != (uint64_t)w->no)
		w->next_id++;
	for (size_t i = 0; i < w->base->count; i++) {
		uint64_t id = w->base->rows[i].id;

		if (id % clients == (uint64_t)w->no)
			add_row(w, (struct userrow){ .id = id, .seed = id, .exists = true });
	}
}

int
workload_start(struct workload *w, int no, const struct settings *set, const struct baseline *base,
    const struct steering *steering)
{
	*w = (struct workload){ .no = no, .set = set, .base = base };
	/*
	 * Unlike those of an earlier run on the same table: 21 bits of the moment, 10 of the client,
	 * 32 to count.
	 */
	w->first_token = UINT64_C(1) << 63 | (user_mix((uint64_t)set->start_us) & 0x1fffff) << 42 |
	    (uint64_t)no << 32;
	w->random = user_mix(set->seed * 1000 + (uint64_t)no);
	link_init(&w->link, set, steering);
	claim(w);
	if (set->orders && orders_init(&w->orders, set, no) != 0)
		return -1;
	w->journal = journal_create(set->journal, no);
	if (w->journal == NULL || pthread_create(&w->thread, NULL, run, w) != 0)
		return -1;
	return 0;
}

void
workload_join(struct workload *w)
{
	pthread_join(w->thread, NULL);
	orders_done(&w->orders);
	if (fclose(w->journal) != 0)
		fprintf(stderr, "load: writing the journal of client %d: %m\n", w->no);
}
