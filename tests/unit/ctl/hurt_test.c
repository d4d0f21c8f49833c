/*
 * hurt_test.c - which statements and transactions a move breaks.
 */
#include "ctl/hurt.h"

#include "test.h"

enum { TABLES_MAX = 4, KINDS_MAX = 30 };

static const struct keyspace_place places[] = { { "customer", "a:1" }, { "new_customer", "b:1" },
	{ "beside", "a:1" } };
static const char *moved[] = { "users", "items" };
static struct routing_rule ruled[] = { { .from_keyspace = "customer",
					   .from_table = "gone",
					   .to_keyspace = "new_customer",
					   .to_table = "gone" },
	{ .from_keyspace = "new_customer",
	    .from_table = "users",
	    .to_keyspace = "customer",
	    .to_table = "users" } };

struct seen {
	struct statement_digest digests[KINDS_MAX];
	struct table_span spans[KINDS_MAX];
	const char *tables[2 * KINDS_MAX][TABLES_MAX];
	size_t tables_used;
	struct statements_record record;
};

static const char **
tables_of(struct seen *s, const char *const *tables, size_t *count)
{
	const char **out = s->tables[s->tables_used++];

	for (*count = 0; *count < TABLES_MAX && tables[*count] != NULL; ++*count)
		out[*count] = tables[*count];
	return out;
}

static void
ran(struct seen *s, const char *text, int64_t count, int64_t errors, const char *const *tables)
{
	struct statement_digest *d = &s->digests[s->record.statements_count++];

	*d = (struct statement_digest){
		.text = text, .count = count, .errors = errors, .ago_us = 90 * SECOND
	};
	d->tables = tables_of(s, tables, &d->tables_count);
	s->record.count += count;
}

#define RAN(s, text, count, ...) ran(s, text, count, 0, (const char *const[]){ __VA_ARGS__, NULL })

static void
spanned(struct seen *s, int64_t count, const char *const *tables)
{
	struct table_span *t = &s->spans[s->record.spans_count++];

	*t = (struct table_span){ .count = count, .ago_us = 3 * SECOND };
	t->tables = tables_of(s, tables, &t->tables_count);
}

static struct hurt
find(struct arena *a, struct seen *s)
{
	struct rules_record rules = { .rules = ruled, .count = 2 };
	struct hurt_world world = { .from = "customer",
		.to = "new_customer",
		.tables = moved,
		.tables_count = 2,
		.rules = &rules,
		.places = places,
		.places_count = 3 };
	struct hurt out;

	s->record.statements = s->digests;
	s->record.spans = s->spans;
	s->record.gates = 2;
	s->record.seen_us = s->record.youngest_us = 41 * MINUTE;
	hurt_find(a, &world, &s->record, &out);
	return out;
}

static const char *
line(const struct hurt *h, size_t i)
{
	expect(i < h->findings.count);
	return h->findings.items[i].text;
}

TEST(what_names_a_table_that_moves_with_one_that_stays_is_named)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct seen *s = arena_new(&a, struct seen);

	RAN(s, "select * from users join orders", 12300, "customer.orders", "customer.users");
	RAN(s, "select * from users join x", 1, "beside.x",
	    "new_customer.users"); /* the same table */
	RAN(s, "select * from users join scratch.t", 2, "customer.users", "scratch.t");
	spanned(s, 7, (const char *const[]){ "customer.items", "customer.logs", NULL });
	struct hurt h = find(&a, s);
	expect_eq(h.statements, 3);
	expect_eq(h.transactions, 1);
	expect_eq(findings_count(&h.findings, FINDING_REFUSES), 4);
	expect_str(line(&h, 0),
	    "a statement that ran 12,300 times, last 90 seconds ago, names customer.users, which moves, "
	    "with customer.orders, which stays: select * from users join orders");
	expect(strstr(line(&h, 1), "new_customer.users, which moves, with beside.x") != NULL);
	expect(strstr(line(&h, 2), "scratch.t, which stays") != NULL);
	expect_str(line(&h, 3),
	    "7 transactions, the last 3 seconds ago, named customer.items, which moves, with "
	    "customer.logs, which stays: customer.items, customer.logs");
	expect_str(line(&h, 4),
	    "statements were looked at as far as they were seen (41 minutes, 2 gates, 12,303 statements, "
	    "12,303 of them on these tables); what runs more seldom, or not through a gate, was not");
	expect_str(h.together, "customer.orders,beside.x,scratch.t,customer.logs");
}

TEST(what_goes_on_working_or_does_not_work_now_breaks_nothing)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct seen *s = arena_new(&a, struct seen);

	RAN(s, "both move", 5, "customer.items", "customer.users");
	RAN(s, "neither moves", 5, "customer.orders", "beside.x");
	RAN(s, "refused now, works then", 5, "customer.users", "new_customer.invoices");
	RAN(s, "refused now, and then", 5, "customer.users", "customer.gone", "customer.orders");
	RAN(s, "a catalogue is everywhere", 5, "customer.users", "information_schema.TABLES");
	ran(s, "always fails", 5, 5,
	    (const char *const[]){ "customer.users", "customer.orders", NULL });
	spanned(s, 5, (const char *const[]){ "customer.items", "customer.users", NULL });
	struct hurt h = find(&a, s);
	expect_eq(h.statements + h.transactions, 0);
	expect_eq(h.findings.count, 1);
	expect_eq(h.findings.items[0].severity, FINDING_NOTE);
}

TEST(an_empty_record_is_not_called_safe)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct seen *s = arena_new(&a, struct seen);
	const char *silent[] = { "far" };

	RAN(s, "select * from orders", 5, "customer.orders");
	s->record.silent = silent;
	s->record.silent_count = 1;
	s->record.left = 3;
	struct hurt h = find(&a, s);
	expect_eq(h.findings.count, 3);
	expect_eq(findings_count(&h.findings, FINDING_WARNS), 3);
	expect(strstr(line(&h, 0), "gate 'far' does not answer") != NULL);
	expect(strstr(line(&h, 1), "3 kinds of statements and 0 of transactions") != NULL);
	expect_str(line(&h, 2),
	    "no statement on these tables was seen (41 minutes, 2 gates, 5 statements): whether the move "
	    "breaks any is not known");
}

TEST(what_nobody_has_run_for_long_warns)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct seen *s = arena_new(&a, struct seen);

	RAN(s, "select * from users join orders", 5, "customer.users", "customer.orders");
	s->digests[0].ago_us = 8 * 24 * 60 * MINUTE;
	struct hurt h = find(&a, s);
	expect_eq(h.statements, 0);
	expect_eq(h.findings.items[0].severity, FINDING_WARNS);
	expect(strstr(line(&h, 0), "last 8 days ago") != NULL);
}

TEST(a_long_list_is_short)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct seen *s = arena_new(&a, struct seen);

	for (int i = 0; i < 25; i++)
		RAN(s, "select", 5, "customer.users", "customer.orders");
	struct hurt h = find(&a, s);
	expect_eq(h.statements, 25);
	expect_eq(h.findings.count, 12);
	expect_str(line(&h, 10), "15 more kinds of statements do so");
	expect_str(h.together, "customer.orders");
}
