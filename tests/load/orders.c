#include "orders.h"

#include "userrow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What an order is */

static int
lines_of(int client, uint64_t seq)
{
	return 1 + (int)(user_mix(seq * 1009 + (uint64_t)client) % ORDER_LINES_MAX);
}

static int64_t
amount_of(int client, uint64_t seq, int line)
{
	return (int64_t)(user_mix(seq * 31 + (uint64_t)(client * 8 + line)) % 100000);
}

static int64_t
total_of(int client, uint64_t seq)
{
	int64_t total = 0;

	for (int i = 0; i < lines_of(client, seq); i++)
		total += amount_of(client, seq, i);
	return total;
}

/* ---- Writing */

static FILE *
open_journal(const struct settings *set, int client, const char *mode)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof path, "%s/orders-%d.journal", set->journal, client);
	f = fopen(path, mode);
	if (f == NULL)
		fprintf(stderr, "load: opening '%s': %m\n", path);
	return f;
}

int
orders_init(struct orders *o, const struct settings *set, int client)
{
	*o = (struct orders){ .client = client };
	/* An order takes more than a microsecond: a later run begins above all of an earlier one. */
	o->first = o->seq = (uint64_t)set->start_us;
	o->journal = open_journal(set, client, "w");
	if (o->journal == NULL)
		return -1;
	fprintf(o->journal, "F %" PRIu64 " 0\n", o->first);
	return 0;
}

void
orders_done(struct orders *o)
{
	if (o->journal != NULL && fclose(o->journal) != 0)
		fprintf(stderr, "load: writing the orders of client %d: %m\n", o->client);
}

static enum outcome run(struct link *l, enum stmt_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum outcome
run(struct link *l, enum stmt_kind kind, const char *fmt, ...)
{
	char sql[300];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	return link_run(l, kind, sql, (size_t)n, NULL);
}

/* Between BEGIN and COMMIT; *id is the order's. */
static enum outcome
write_rows(struct orders *o, struct link *l, uint64_t *id)
{
	enum outcome out = run(l, STMT_INSERT,
	    "INSERT INTO orders (client, seq, total) VALUES (%d, %" PRIu64 ", %" PRId64 ")",
	    o->client, o->seq, total_of(o->client, o->seq));

	if (out != DONE)
		return out;
	*id = mysql_insert_id(l->my);
	for (int i = 0; i < lines_of(o->client, o->seq) && out == DONE; i++)
		out = run(l, STMT_INSERT,
		    "INSERT INTO order_lines (order_id, line, amount) VALUES (%" PRIu64
		    ", %d, %" PRId64 ")",
		    *id, i, amount_of(o->client, o->seq, i));
	return out;
}

/* The order that was written last is there, with its lines. */
static void
look_back(struct orders *o, struct link *l, uint64_t id)
{
	char sql[300];
	MYSQL_RES *res;
	int n = snprintf(sql, sizeof sql,
	    "SELECT COUNT(*), COALESCE(SUM(l.amount), 0), MAX(o.total) FROM orders o JOIN order_lines l "
	    "ON l.order_id=o.id WHERE o.id=%" PRIu64,
	    id);

	if (link_run(l, STMT_SELECT, sql, (size_t)n, &res) != DONE || res == NULL)
		return;
	MYSQL_ROW row = mysql_fetch_row(res);
	int64_t total = total_of(o->client, o->seq);
	bool right = row != NULL && atoi(row[0]) == lines_of(o->client, o->seq) &&
	    strtoll(row[1], NULL, 10) == total && row[2] != NULL &&
	    strtoll(row[2], NULL, 10) == total;
	mysql_free_result(res);
	if (!right)
		link_wrong_read(l, "order %" PRIu64 " is not as it was written", id);
}

void
orders_write(struct orders *o, struct link *l)
{
	uint64_t id = 0;
	enum outcome out;

	o->seq++;
	if (link_run(l, STMT_TXN, "BEGIN", 5, NULL) != DONE)
		return;
	l->in_burst = l->set->burst;
	out = write_rows(o, l, &id);
	if (out == LOST) /* COMMIT was never sent: nothing of it may be there */
		return;
	if (out == REFUSED) {
		(void)link_run(l, STMT_TXN, "ROLLBACK", 8, NULL);
		return;
	}
	out = link_run(l, STMT_COMMIT, "COMMIT", 6, NULL);
	fprintf(o->journal, "%c %" PRIu64 " %" PRIu64 "\n", out == DONE ? 'S' : 'U', o->seq, id);
	if (out != DONE) {
		o->unknown++;
		return;
	}
	o->acknowledged++;
	if (o->seq % 4 == 0)
		look_back(o, l, id);
}

/* ---- Afterwards */

struct known {
	uint64_t client, seq, id;
	bool sure, seen;
};

struct book {
	struct known *orders; /* by client, then as they were written */
	size_t count, cap;
	uint64_t first; /* orders up to it are of an earlier run */
};

static void
note(struct book *b, struct known k)
{
	if (b->count == b->cap) {
		b->cap = b->cap == 0 ? 4096 : 2 * b->cap;
		b->orders = realloc(b->orders, b->cap * sizeof *b->orders);
		if (b->orders == NULL)
			abort();
	}
	b->orders[b->count++] = k;
}

static int
read_book(const struct settings *set, struct book *b)
{
	for (int i = 0; i < set->clients; i++) {
		FILE *f = open_journal(set, i, "r");
		struct known k = { .client = (uint64_t)i };
		char tag;

		if (f == NULL)
			return -1;
		while (fscanf(f, " %c %" SCNu64 " %" SCNu64, &tag, &k.seq, &k.id) == 3) {
			k.sure = tag == 'S';
			if (tag == 'F')
				b->first = k.seq;
			else
				note(b, k);
		}
		fclose(f);
	}
	return 0;
}

static int
by_client_and_seq(const void *x, const void *y)
{
	const struct known *a = x, *b = y;

	if (a->client != b->client)
		return a->client < b->client ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* id, client, seq, total, lines, sum of them */
static void
check_order(struct book *b, char **row, struct verdict *v)
{
	struct known wanted = { .client = strtoull(row[1], NULL, 10),
		.seq = strtoull(row[2], NULL, 10) };
	struct known *k =
	    bsearch(&wanted, b->orders, b->count, sizeof *b->orders, by_client_and_seq);
	int64_t total = total_of((int)wanted.client, wanted.seq);

	if (k == NULL && wanted.seq <= b->first)
		return;
	if (k == NULL || k->seen) {
		verdict_add(v, &v->duplicates, "order %s was acknowledged to nobody", row[0]);
		return;
	}
	k->seen = true;
	if (strtoull(row[0], NULL, 10) != k->id || strtoll(row[3], NULL, 10) != total ||
	    atoi(row[4]) != lines_of((int)k->client, k->seq) || strtoll(row[5], NULL, 10) != total)
		verdict_add(v, &v->wrong_rows, "order %s is not as it was written", row[0]);
}

static int
each_row(MYSQL *my, const char *sql, struct book *b, struct verdict *v,
    void (*check)(struct book *b, char **row, struct verdict *v))
{
	MYSQL_RES *res = mysql_query(my, sql) == 0 ? mysql_store_result(my) : NULL;
	MYSQL_ROW row;

	if (res == NULL) {
		fprintf(stderr, "load: reading the orders to verify them: %s\n", mysql_error(my));
		return -1;
	}
	while ((row = mysql_fetch_row(res)) != NULL)
		check(b, row, v);
	mysql_free_result(res);
	return 0;
}

static void
check_orphan(struct book *b, char **row, struct verdict *v)
{
	(void)b;
	verdict_add(v, &v->wrong_rows, "line %s of order %s, which does not exist", row[1], row[0]);
}

int
orders_verify(const struct settings *set, MYSQL *my, struct verdict *v)
{
	struct book b = { 0 };
	int rc = read_book(set, &b);

	if (b.count > 0)
		qsort(b.orders, b.count, sizeof *b.orders, by_client_and_seq);
	if (rc == 0)
		rc = each_row(my,
		    "SELECT o.id, o.client, o.seq, o.total, COUNT(l.line), COALESCE(SUM(l.amount), 0) "
		    "FROM orders o LEFT JOIN order_lines l ON l.order_id=o.id GROUP BY o.id",
		    &b, v, check_order);
	if (rc == 0)
		rc = each_row(my,
		    "SELECT l.order_id, l.line FROM order_lines l LEFT JOIN orders o ON "
		    "o.id=l.order_id WHERE o.id IS NULL LIMIT 10",
		    &b, v, check_orphan);
	for (size_t i = 0; i < b.count && rc == 0; i++) {
		v->checked_writes += b.orders[i].sure;
		v->unknown += !b.orders[i].sure;
		if (b.orders[i].sure && !b.orders[i].seen)
			verdict_add(
			    v, &v->lost_writes, "order %" PRIu64 " is not there", b.orders[i].id);
	}
	free(b.orders);
	return rc;
}
