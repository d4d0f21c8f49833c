/*
 * Three parts: how much was seen and by whom; the statements, the most frequent first; the sets of tables
 * that one transaction spans. Figures have fixed columns, so that lines can be compared and cut by tools:
 * count 10, errors 8, rows 10, then mean, 99th percentile and longest time, 11 each; then the statement,
 * cut after STATEMENTS_WIDTH bytes, and its tables in brackets.
 */
#include "client/statements.h"

/* "3 days", "41 minutes": one unit is enough. */
static void
put_time(struct buf *out, usec t)
{
	static const struct {
		usec of;
		const char *one;
	} units[] = { { 24 * 60 * MINUTE, "day" }, { 60 * MINUTE, "hour" }, { MINUTE, "minute" },
		{ SECOND, "second" } };
	size_t i = 0;
	int64_t n;

	/* From two of a unit on: "1 day" could be anything up to two, "30 hours" cannot. */
	while (i < 3 && t < 2 * units[i].of)
		i++;
	n = t / units[i].of;
	buf_addf(out, "%lld %s%s", (long long)n, units[i].one, n == 1 ? "" : "s");
}

static void
put_us(struct buf *out, int64_t us)
{
	if (us < MSEC)
		buf_addf(out, "%9lldus", (long long)us);
	else if (us < 10 * SECOND)
		buf_addf(out, "%9.1fms", (double)us / (double)MSEC);
	else
		buf_addf(out, "%10.1fs", (double)us / (double)SECOND);
}

static void
put_tables(struct buf *out, const char *const *tables, size_t count, bool more)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", tables[i]);
	if (more)
		buf_add_str(out, ",...");
	if (count == 0 && !more)
		buf_add_char(out, '-');
}

static void
put_statement(struct buf *out, const struct statement_digest *d)
{
	size_t len = strlen(d->text);

	buf_addf(out, "%10lld %8lld %10lld ", (long long)d->count, (long long)d->errors,
	    (long long)d->rows);
	put_us(out, d->count > 0 ? d->total_us / d->count : 0);
	put_us(out, statement_quantile_us(d, 990));
	put_us(out, d->max_us);
	buf_addf(out, "  %.*s%s  [", (int)(len < STATEMENTS_WIDTH ? len : STATEMENTS_WIDTH),
	    d->text, len > STATEMENTS_WIDTH ? "..." : "");
	put_tables(out, d->tables, d->tables_count, d->more_tables);
	buf_add_str(out, "]\n");
}

/* How much of the truth it is. */
static void
put_seen(struct buf *out, const struct statements_record *r)
{
	buf_addf(out, "%lld statements seen by %lld gate%s in ", (long long)r->count,
	    (long long)r->gates, r->gates == 1 ? "" : "s");
	put_time(out, r->seen_us);
	/* A gate that was started lately has seen less than the others: then the figures are not of the
	 * whole time. */
	if (r->youngest_us < r->seen_us / 2) {
		buf_add_str(out, " (one of them only for ");
		put_time(out, r->youngest_us);
		buf_add_char(out, ')');
	}
	buf_add_char(out, '\n');
	for (size_t i = 0; i < r->silent_count; i++)
		buf_addf(
		    out, "gate '%s' does not answer: what it has seen is not here\n", r->silent[i]);
	if (r->left > 0)
		buf_addf(out,
		    "%lld kinds of statements that were met least are not kept any more (%lld "
		    "statements)\n",
		    (long long)r->left, (long long)r->left_count);
}

void
statements_print(struct buf *out, const struct statements_record *r, int64_t limit)
{
	put_seen(out, r);
	if (r->statements_count > 0)
		buf_addf(out, "%10s %8s %10s %11s%11s%11s  %s\n", "count", "errors", "rows", "mean",
		    "p99", "max", "statement [tables]");
	for (size_t i = 0; i < r->statements_count && (int64_t)i < limit; i++)
		put_statement(out, &r->statements[i]);
	if ((int64_t)r->statements_count > limit)
		buf_addf(out, "... and %lld more (--limit)\n",
		    (long long)r->statements_count - (long long)limit);
	if (r->spans_count > 0)
		buf_addf(out, "\n%10s  %s\n", "count", "tables of one transaction");
	for (size_t i = 0; i < r->spans_count && (int64_t)i < limit; i++) {
		buf_addf(out, "%10lld  ", (long long)r->spans[i].count);
		put_tables(
		    out, r->spans[i].tables, r->spans[i].tables_count, r->spans[i].more_tables);
		buf_add_char(out, '\n');
	}
}
