#include "verify.h"

#include "baseline.h"
#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One row of the journals. Known: what is acknowledged. Unknown: one change of a group without an answer. */
struct fact {
	struct userrow before, now;
	int64_t group; /* -1: known */
	bool seen;
};

/* Changes sent together without an answer: all happened, or none did. */
struct group {
	bool may_be_before, may_be_after;
};

struct picture {
	struct baseline base;
	bool *base_seen;
	struct fact *facts;
	size_t fact_count, fact_cap;
	struct group *groups;
	size_t group_count, group_cap;
	/* hash table by key_of(): index of the fact + 1; a power of two */
	uint64_t *slots;
	size_t slot_count;
	struct verdict *v;
};

void
verdict_add(struct verdict *v, uint64_t *counter, const char *fmt, ...)
{
	va_list ap;

	(*counter)++;
	if (v->first_count == FAILURES_KEPT)
		return;
	va_start(ap, fmt);
	vsnprintf(v->first[v->first_count++], sizeof v->first[0], fmt, ap);
	va_end(ap);
}

/* Rows without an id are known by their seed, which has bit 63 set and is no id. */
static uint64_t
key_of(const struct userrow *r)
{
	return r->id != 0 ? r->id : r->seed;
}

static void
rehash(struct picture *p)
{
	free(p->slots);
	p->slot_count = p->slot_count == 0 ? 1 << 16 : p->slot_count * 2;
	p->slots = calloc(p->slot_count, sizeof *p->slots);
	if (p->slots == NULL)
		abort();
	for (size_t i = 0; i < p->fact_count; i++) {
		size_t at = user_mix(key_of(&p->facts[i].now)) & (p->slot_count - 1);

		while (p->slots[at] != 0)
			at = (at + 1) & (p->slot_count - 1);
		p->slots[at] = i + 1;
	}
}

static struct fact *
find(const struct picture *p, uint64_t key)
{
	for (size_t at = user_mix(key) & (p->slot_count - 1); p->slots[at] != 0;
	     at = (at + 1) & (p->slot_count - 1)) {
		struct fact *f = &p->facts[p->slots[at] - 1];

		if (key_of(&f->now) == key)
			return f;
	}
	return NULL;
}

static struct fact *
find_or_add(struct picture *p, const struct userrow *row)
{
	struct fact *f = find(p, key_of(row));
	size_t at;

	if (f != NULL)
		return f;
	if (p->fact_count == p->fact_cap) {
		p->fact_cap = p->fact_cap == 0 ? 4096 : p->fact_cap * 2;
		p->facts = realloc(p->facts, p->fact_cap * sizeof *p->facts);
		if (p->facts == NULL)
			abort();
	}
	f = &p->facts[p->fact_count++];
	*f = (struct fact){ .now = *row, .group = -1 };
	if (p->fact_count * 2 > p->slot_count) {
		rehash(p);
		return f;
	}
	for (at = user_mix(key_of(row)) & (p->slot_count - 1); p->slots[at] != 0;)
		at = (at + 1) & (p->slot_count - 1);
	p->slots[at] = p->fact_count;
	return f;
}

static int64_t
add_group(struct picture *p)
{
	if (p->group_count == p->group_cap) {
		p->group_cap = p->group_cap == 0 ? 64 : p->group_cap * 2;
		p->groups = realloc(p->groups, p->group_cap * sizeof *p->groups);
		if (p->groups == NULL)
			abort();
	}
	p->groups[p->group_count] = (struct group){ true, true };
	return (int64_t)p->group_count++;
}

static int
take_journal(struct picture *p, FILE *f)
{
	struct journal_item item;
	enum journal_entry entry;

	while ((entry = journal_read(f, &item)) != JOURNAL_END) {
		int64_t group = entry == JOURNAL_UNKNOWN ? add_group(p) : -1;

		if (entry == JOURNAL_BROKEN)
			return -1;
		p->v->checked_writes += entry == JOURNAL_KNOWN;
		p->v->unknown += entry == JOURNAL_UNKNOWN;
		for (int i = 0; i < item.count; i++) {
			struct fact *fact = find_or_add(p, &item.changes[i].after);

			fact->before = item.changes[i].before;
			fact->now = item.changes[i].after;
			fact->group = group;
		}
	}
	return 0;
}

static int
read_journals(struct picture *p, const struct settings *set)
{
	/* One per client, and the highest row's. */
	for (int i = 0; i <= set->clients; i++) {
		char path[1024];
		FILE *f;
		int rc;

		snprintf(path, sizeof path, "%s/client-%d.journal", set->journal, i);
		f = fopen(path, "r");
		if (f == NULL) {
			fprintf(stderr, "load: opening '%s': %m\n", path);
			return -1;
		}
		rc = take_journal(p, f);
		fclose(f);
		if (rc != 0) {
			fprintf(stderr, "load: '%s' is not a journal\n", path);
			return -1;
		}
	}
	return 0;
}

/* Is the fetched row (NULL: none) what r says? */
static bool
is_as(const struct picture *p, const struct userrow *r, char **cols, const unsigned long *lens)
{
	int64_t at;

	if (cols == NULL || !r->exists)
		return cols == NULL && !r->exists;
	if (r->ver > 0)
		return user_matches(r, cols, lens);
	at = baseline_find(&p->base, r->id);
	return at >= 0 && user_hash(cols, lens) == p->base.rows[at].hash;
}

static void
check_fact(struct picture *p, struct fact *f, char **cols, const unsigned long *lens)
{
	if (f->group >= 0) {
		struct group *g = &p->groups[f->group];

		g->may_be_before = g->may_be_before && is_as(p, &f->before, cols, lens);
		g->may_be_after = g->may_be_after && is_as(p, &f->now, cols, lens);
		if (!g->may_be_before && !g->may_be_after)
			verdict_add(p->v, &p->v->wrong_rows,
			    "row %" PRIu64 ": a change without an answer happened in part",
			    f->now.id);
		return;
	}
	if (is_as(p, &f->now, cols, lens))
		return;
	if (cols == NULL)
		verdict_add(p->v, &p->v->lost_writes,
		    "row %" PRIu64 " is missing: version %" PRIu32 " was acknowledged", f->now.id,
		    f->now.ver);
	else
		verdict_add(p->v, &p->v->lost_writes,
		    "row %" PRIu64 " holds email '%.60s' name '%.60s': version %" PRIu32
		    " %s was acknowledged",
		    f->now.id, cols[1], cols[2] == NULL ? "NULL" : cols[2], f->now.ver,
		    f->now.exists ? "written" : "deleted");
}

static void
check_row(struct picture *p, uint64_t id, char **cols, const unsigned long *lens)
{
	struct fact *f = find(p, id);
	int64_t at = baseline_find(&p->base, id);
	uint64_t seed;

	if (f == NULL && at < 0 && user_seed_of_email(cols[1], lens[1], &seed) && seed >> 63 != 0)
		f = find(p, seed); /* its id was never answered */
	if (f != NULL && f->seen)
		verdict_add(p->v, &p->v->duplicates, "row %" PRIu64 " is there twice", id);
	if (at >= 0)
		p->base_seen[at] = true;
	if (f != NULL) {
		f->seen = true;
		check_fact(p, f, cols, lens);
	} else if (at < 0) {
		verdict_add(p->v, &p->v->duplicates,
		    "row %" PRIu64 " was written by nobody: email '%.60s'", id, cols[1]);
	} else if (user_hash(cols, lens) != p->base.rows[at].hash) {
		verdict_add(p->v, &p->v->wrong_rows,
		    "row %" PRIu64 " was written by nobody and has changed: email '%.60s'", id,
		    cols[1]);
	}
}

/* What the table does not have. */
static void
check_absent(struct picture *p)
{
	for (size_t i = 0; i < p->fact_count; i++)
		if (!p->facts[i].seen)
			check_fact(p, &p->facts[i], NULL, NULL);
	for (size_t i = 0; i < p->base.count; i++)
		if (!p->base_seen[i] && find(p, p->base.rows[i].id) == NULL)
			verdict_add(p->v, &p->v->wrong_rows,
			    "row %" PRIu64 " was written by nobody and is missing",
			    p->base.rows[i].id);
}

static int
scan(struct picture *p, MYSQL *my)
{
	MYSQL_RES *res = NULL;
	MYSQL_ROW row;
	uint64_t last = 0;

	if (mysql_query(my, "SELECT " USER_COLUMNS " FROM users ORDER BY id") == 0)
		res = mysql_use_result(my);
	while (res != NULL && (row = mysql_fetch_row(res)) != NULL) {
		uint64_t id = strtoull(row[0], NULL, 10);

		if (p->v->rows++ > 0 && id <= last)
			verdict_add(p->v, &p->v->duplicates,
			    "row %" PRIu64 " comes after row %" PRIu64, id, last);
		last = id;
		check_row(p, id, row, mysql_fetch_lengths(res));
	}
	if (res != NULL)
		mysql_free_result(res);
	if (mysql_errno(my) == 0)
		return 0;
	fprintf(stderr, "load: reading the table to verify it: %s\n", mysql_error(my));
	return -1;
}

/* SELECT COUNT(*) may be answered by another index than the scan's. */
static int
check_count(struct picture *p, MYSQL *my)
{
	MYSQL_RES *res =
	    mysql_query(my, "SELECT COUNT(*) FROM users") == 0 ? mysql_store_result(my) : NULL;
	MYSQL_ROW row = res == NULL ? NULL : mysql_fetch_row(res);
	uint64_t count = row == NULL ? 0 : strtoull(row[0], NULL, 10);

	if (res != NULL)
		mysql_free_result(res);
	if (row == NULL) {
		fprintf(stderr, "load: counting the rows: %s\n", mysql_error(my));
		return -1;
	}
	if (count != p->v->rows)
		verdict_add(p->v, &p->v->wrong_rows,
		    "COUNT(*) says %" PRIu64 ", the scan found %" PRIu64 " rows", count, p->v->rows);
	return 0;
}

int
verify_table(const struct settings *set, MYSQL *my, struct verdict *v)
{
	struct picture p = { .v = v };
	int rc = -1;

	*v = (struct verdict){ 0 };
	rehash(&p);
	if (baseline_load(&p.base, set->journal) == 0 && read_journals(&p, set) == 0) {
		p.base_seen = calloc(p.base.count + 1, sizeof *p.base_seen);
		if (p.base_seen == NULL)
			abort();
		rc = scan(&p, my) == 0 ? check_count(&p, my) : -1;
		check_absent(&p);
	}
	baseline_done(&p.base);
	free(p.base_seen);
	free(p.facts);
	free(p.groups);
	free(p.slots);
	return rc;
}

bool
verdict_ok(const struct verdict *v)
{
	return v->lost_writes == 0 && v->wrong_rows == 0 && v->duplicates == 0;
}
