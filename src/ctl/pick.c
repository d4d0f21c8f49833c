#include "ctl/pick.h"

#include <regex.h>
#include <stdio.h>

enum {
	TABLET_WITHIN_S = 20, /* for the names of 50,000 tables */
	PATTERN_MAX =
	    256, /* an expression that a person types; longer ones may take the compiler long */
};

bool
pick_is_open(const struct ctl_request *q)
{
	return q->all || q->patterns_count > 0;
}

/* ---- Patterns */

struct patterns {
	regex_t *compiled;
	size_t count;
};

static void
patterns_done(struct patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		regfree(&p->compiled[i]);
	p->count = 0;
}

static int
compile(struct arena *a, const char **texts, size_t count, struct patterns *out, struct err *err)
{
	out->compiled = arena_array(a, regex_t, count);
	for (size_t i = 0; i < count; i++) {
		char why[128];
		int rc = strlen(texts[i]) > PATTERN_MAX
		    ? REG_ESPACE
		    : regcomp(&out->compiled[i], texts[i], REG_EXTENDED | REG_NOSUB);

		if (rc == 0) {
			out->count++;
			continue;
		}
		if (rc == REG_ESPACE)
			snprintf(why, sizeof(why), "it is too long");
		else
			regerror(rc, NULL, why, sizeof(why));
		err_set(err, ERR_REFUSED, "'/%.100s/' is no regular expression: %s", texts[i], why);
		return err_hint(err, "POSIX extended ones are taken, as grep -E takes them");
	}
	return 0;
}

static bool
matches(const struct patterns *p, const char *table)
{
	for (size_t i = 0; i < p->count; i++) {
		if (regexec(&p->compiled[i], table, 0, NULL, 0) == 0)
			return true;
	}
	return false;
}

/* ---- Picking */

struct pick {
	const struct ctl_request *q; /* as it came */
	const struct rules_record *rules;
	struct patterns in, out;
};

static bool
is_excluded(const struct pick *p, const char *table)
{
	for (size_t i = 0; i < p->q->excluded_count; i++) {
		if (strcmp(p->q->excluded[i], table) == 0)
			return true;
	}
	return matches(&p->out, table);
}

static bool
is_named(const struct pick *p, const char *table)
{
	for (size_t i = 0; i < p->q->tables_count; i++) {
		if (strcmp(p->q->tables[i].from, table) == 0)
			return true;
	}
	return false;
}

/* One that has moved away is there still, until it is dropped. */
static bool
is_served_there(const struct rules_record *rules, const char *keyspace, const char *table)
{
	const struct routing_rule *rule = rules_find(rules, keyspace, table);

	return rule == NULL ||
	    (strcmp(rule->to_keyspace, keyspace) == 0 && strcmp(rule->to_table, table) == 0);
}

static bool
is_picked(const struct pick *p, const char *table)
{
	return (p->q->all || matches(&p->in, table)) && !is_excluded(p, table) &&
	    !is_named(p, table) && is_served_there(p->rules, p->q->keyspace, table);
}

static void
take(struct arena *a, const struct pick *p, const struct table_list_reply *there,
    struct ctl_request *q)
{
	struct moved_names *tables =
	    arena_array(a, struct moved_names, p->q->tables_count + there->tables_count);
	size_t count = 0;

	for (size_t i = 0; i < p->q->tables_count; i++)
		tables[count++] = p->q->tables[i];
	for (size_t i = 0; i < there->tables_count; i++) {
		if (is_picked(p, there->tables[i]))
			tables[count++] = (struct moved_names){ there->tables[i], there->tables[i] };
	}
	q->tables = tables;
	q->tables_count = count;
}

int
pick_tables(struct ctx *cx, struct ctl *c, struct ctl_request *q)
{
	struct ctx within = ctx_within(cx, TABLET_WITHIN_S * SECOND);
	const struct place p = { q->keyspace, "" };
	const struct ctl_request asked = *q;
	struct rules_record rules;
	SCOPED(patterns) struct patterns in = { .count = 0 };
	SCOPED(patterns) struct patterns out = { .count = 0 };
	struct table_list_reply there;

	TRY(compile(cx->arena, q->patterns, q->patterns_count, &in, cx->err));
	TRY(compile(cx->arena, q->excluded_patterns, q->excluded_patterns_count, &out, cx->err));
	TRY(rules_load(cx, c, &rules));
	TRY(cluster_table_call(&within, c, &p, TABLET_TABLE_LIST, &there));
	const struct pick pick = { .q = &asked, .rules = &rules, .in = in, .out = out };
	take(cx->arena, &pick, &there, q);
	return 0;
}
