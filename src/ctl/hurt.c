#include "ctl/hurt.h"

#include <strings.h>

enum {
	LINES_MAX = 10,     /* statements and transactions that are named */
	TEXT_MAX = 160,     /* bytes of a statement's fingerprint in a line */
	TOGETHER_MAX = 120, /* of names in a hint: ERR_HINT_MAX */
};

#define STALE_AFTER (7 * 24 * 60 * MINUTE)

struct search {
	struct arena *arena;
	const struct hurt_world *world;
	struct hurt *out;
	struct buf together;
	size_t left_together, statement_lines, transaction_lines;
	int64_t on_tables; /* statements that name a table of the move */
};

/* Of one statement's or transaction's tables. */
struct verdict {
	bool breaks, touches; /* touches: it names one that moves */
	const char *moving, *staying;
};

static const char *
server_of(const struct search *s, const char *keyspace)
{
	const struct hurt_world *w = s->world;

	for (size_t i = 0; i < w->places_count; i++) {
		if (strcmp(w->places[i].keyspace, keyspace) == 0)
			return w->places[i].server;
	}
	return NULL;
}

static bool
is_everywhere(const char *database)
{
	static const char *const names[] = { "information_schema", "performance_schema", "mysql",
		"sys" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(database, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_moving(const struct hurt_world *w, const char *keyspace, const char *table)
{
	if (strcmp(keyspace, w->from) != 0)
		return false;
	for (size_t i = 0; i < w->tables_count; i++) {
		if (strcmp(w->tables[i], table) == 0)
			return true;
	}
	return false;
}

/* Where a table is and will be; false: it says nothing. */
static bool
follow(const struct search *s, const char *name, struct name_parts *t, const char **now,
    const char **then)
{
	const struct hurt_world *w = s->world;
	const struct routing_rule *rule;
	struct err err;

	if (name_split(s->arena, name, "keyspace.table", t, &err) != 0 || is_everywhere(t->keyspace))
		return false;
	rule = rules_find(w->rules, t->keyspace, t->name);
	if (rule != NULL)
		*t = (struct name_parts){ rule->to_keyspace, rule->to_table };
	*now = server_of(s, t->keyspace);
	if (*now == NULL)
		*now = server_of(s, w->from);
	*then = is_moving(w, t->keyspace, t->name) ? server_of(s, w->to) : *now;
	return *now != NULL && *then != NULL;
}

static struct verdict
judge(const struct search *s, const char *const *tables, size_t count)
{
	const char *first_now = NULL, *first_then = NULL;
	struct verdict v = { .breaks = false };
	bool apart_now = false, apart_then = false;

	for (size_t i = 0; i < count; i++) {
		const char *now, *then;
		struct name_parts t;

		if (!follow(s, tables[i], &t, &now, &then))
			continue;
		if (is_moving(s->world, t.keyspace, t.name))
			v.moving = v.moving == NULL ? tables[i] : v.moving;
		else
			v.staying = v.staying == NULL ? tables[i] : v.staying;
		first_now = first_now == NULL ? now : first_now;
		first_then = first_then == NULL ? then : first_then;
		apart_now = apart_now || strcmp(now, first_now) != 0;
		apart_then = apart_then || strcmp(then, first_then) != 0;
	}
	v.touches = v.moving != NULL;
	v.breaks = v.touches && v.staying != NULL && !apart_now && apart_then;
	return v;
}

/* ---- Sentences */

/* "3 days", "41 minutes": one unit is enough. */
static const char *
duration(struct arena *a, usec t)
{
	static const struct {
		usec of;
		const char *one;
	} units[] = { { 24 * 60 * MINUTE, "day" }, { 60 * MINUTE, "hour" }, { MINUTE, "minute" },
		{ SECOND, "second" } };
	size_t i = 0;

	while (i < 3 && t < 2 * units[i].of)
		i++;
	int64_t n = t / units[i].of;
	return arena_printf(a, "%lld %s%s", (long long)n, units[i].one, n == 1 ? "" : "s");
}

/* "12,300" */
static const char *
with_commas(struct arena *a, int64_t n)
{
	if (n < 1000)
		return arena_printf(a, "%lld", (long long)n);
	return arena_printf(a, "%s,%03lld", with_commas(a, n / 1000), (long long)(n % 1000));
}

static const char *
list(struct arena *a, const char *const *tables, size_t count, bool more)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		buf_addf(&out, "%s%s", i > 0 ? ", " : "", tables[i]);
	if (more || count > NAMES_SHOWN)
		buf_add_str(&out, ", ...");
	return arena_slice_str(a, buf_slice(&out));
}

/* Once each. */
static void
note_staying(struct search *s, const char *const *tables, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *now, *then;
		struct name_parts t;
		SCOPED(buf) struct buf one = BUF_INIT;

		if (!follow(s, tables[i], &t, &now, &then) ||
		    is_moving(s->world, t.keyspace, t.name))
			continue;
		buf_addf(&one, "%s,", name_of_table(s->arena, t.keyspace, t.name));
		if (strstr(s->together.data, one.data) != NULL)
			continue;
		if (s->together.len + one.len > TOGETHER_MAX)
			s->left_together++;
		else
			buf_add_slice(&s->together, buf_slice(&one));
	}
}

/* What has not run for a week may be of an application's older release: that is for a person to judge. */
static enum finding_severity
severity_of(int64_t ago_us)
{
	return ago_us < STALE_AFTER ? FINDING_REFUSES : FINDING_WARNS;
}

static void
statement_breaks(struct search *s, const struct statement_digest *d, const struct verdict *v)
{
	enum finding_severity severity = severity_of(d->ago_us);
	size_t len = strlen(d->text);

	if (s->statement_lines++ < LINES_MAX)
		findings_add(s->arena, &s->out->findings, severity,
		    "a statement that ran %s time%s, last %s ago, names %s, which moves, with %s, which "
		    "stays: %.*s%s",
		    with_commas(s->arena, d->count), d->count == 1 ? "" : "s",
		    duration(s->arena, d->ago_us), v->moving, v->staying,
		    (int)(len < TEXT_MAX ? len : TEXT_MAX), d->text, len > TEXT_MAX ? " ..." : "");
	s->out->statements += severity == FINDING_REFUSES;
	note_staying(s, d->tables, d->tables_count);
}

static void
transaction_breaks(struct search *s, const struct table_span *t, const struct verdict *v)
{
	enum finding_severity severity = severity_of(t->ago_us);

	if (s->transaction_lines++ < LINES_MAX)
		findings_add(s->arena, &s->out->findings, severity,
		    "%s transaction%s, the last %s ago, named %s, which moves, with %s, which stays: %s",
		    with_commas(s->arena, t->count), t->count == 1 ? "" : "s",
		    duration(s->arena, t->ago_us), v->moving, v->staying,
		    list(s->arena, t->tables, t->tables_count, t->more_tables));
	s->out->transactions += severity == FINDING_REFUSES;
	note_staying(s, t->tables, t->tables_count);
}

/* ---- How much was seen */

static void
say_more(struct search *s, const struct statements_record *seen)
{
	struct arena *a = s->arena;
	struct findings *f = &s->out->findings;

	if (s->statement_lines > LINES_MAX)
		findings_add(a, f, FINDING_WARNS, "%zu more kinds of statements do so",
		    s->statement_lines - LINES_MAX);
	if (s->transaction_lines > LINES_MAX)
		findings_add(a, f, FINDING_WARNS, "transactions of %zu more sets of tables do so",
		    s->transaction_lines - LINES_MAX);
	for (size_t i = 0; i < seen->silent_count; i++)
		findings_add(a, f, FINDING_WARNS,
		    "gate '%s' does not answer: what its clients run is not known", seen->silent[i]);
	if (seen->left > 0 || seen->left_spans > 0)
		findings_add(a, f, FINDING_WARNS,
		    "%s kinds of statements and %s of transactions that were met least are not kept any "
		    "more: one of them may break",
		    with_commas(a, seen->left), with_commas(a, seen->left_spans));
}

static void
say_seen(struct search *s, const struct statements_record *seen)
{
	struct arena *a = s->arena;
	const char *much =
	    arena_printf(a, "%s, %lld gate%s, %s statements", duration(a, seen->seen_us),
		(long long)seen->gates, seen->gates == 1 ? "" : "s", with_commas(a, seen->count));

	if (seen->gates > 0 && seen->youngest_us < seen->seen_us / 2)
		much = arena_printf(
		    a, "%s, one gate only for %s", much, duration(a, seen->youngest_us));
	if (s->on_tables == 0)
		findings_add(a, &s->out->findings, FINDING_WARNS,
		    "no statement on these tables was seen (%s): whether the move breaks any is not known",
		    much);
	else
		findings_add(a, &s->out->findings, FINDING_NOTE,
		    "statements were looked at as far as they were seen (%s, %s of them on these tables); "
		    "what runs more seldom, or not through a gate, was not",
		    much, with_commas(a, s->on_tables));
}

void
hurt_find(struct arena *a, const struct hurt_world *world, const struct statements_record *seen,
    struct hurt *out)
{
	struct search s = { .arena = a, .world = world, .out = out, .together = BUF_INIT };

	*out = (struct hurt){ .together = "" };
	for (size_t i = 0; i < seen->statements_count; i++) {
		const struct statement_digest *d = &seen->statements[i];
		struct verdict v = judge(&s, d->tables, d->tables_count);

		s.on_tables += v.touches ? d->count : 0;
		if (v.breaks && d->errors < d->count) /* one that always fails has nothing to lose */
			statement_breaks(&s, d, &v);
	}
	for (size_t i = 0; i < seen->spans_count; i++) {
		const struct table_span *t = &seen->spans[i];
		struct verdict v = judge(&s, t->tables, t->tables_count);

		if (v.breaks)
			transaction_breaks(&s, t, &v);
	}
	say_more(&s, seen);
	say_seen(&s, seen);
	if (s.together.len > 0)
		s.together.len--; /* the last comma */
	out->together = s.left_together > 0
	    ? arena_printf(a, "%.*s,...", (int)s.together.len, s.together.data)
	    : arena_slice_str(a, buf_slice(&s.together));
	buf_done(&s.together);
}
