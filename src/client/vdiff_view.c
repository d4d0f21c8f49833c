#include "client/vdiff_view.h"

#include "topo/json.h"

#include <inttypes.h>
#include <time.h>

enum { TIME_MAX = 40 };

/* A keyspace has the one shard. */
static const char shard[] = "0";

struct totals {
	int64_t compared, estimate, differing, repaired, unsettled;
};

static struct totals
totals_of(const struct vdiff_view *v)
{
	struct totals t = { .compared = 0 };

	for (size_t i = 0; i < v->tables_count; i++) {
		const struct vdiff_table *n = &v->tables[i];

		t.compared += n->compared;
		t.estimate += n->estimate > n->compared ? n->estimate : n->compared;
		t.unsettled += n->unsettled;
		t.differing += n->mismatched + n->extra_source + n->extra_target;
		t.repaired += n->repaired;
	}
	return t;
}

bool
vdiff_goes_on(const struct vdiff_view *v)
{
	return v->state == VDIFF_PENDING || v->state == VDIFF_STARTED;
}

bool
vdiff_is_equal(const struct vdiff_view *v)
{
	struct totals t = totals_of(v);

	return t.differing == t.repaired && t.unsettled == 0 && v->proof.differing_count == 0 &&
	    v->proof.state != PROOF_ENDED;
}

/* "2022-06-26 22:44:29", UTC; "" of 0. */
static const char *
print_time(char out[TIME_MAX], int64_t at_us)
{
	time_t seconds = (time_t)(at_us / SECOND);
	struct tm tm;

	if (at_us == 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(out, TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		out[0] = '\0';
	return out;
}

/* Rows are estimated by the servers: what is not done is never told as done. */
static double
percentage(const struct totals *t)
{
	double part = t->estimate == 0 ? 0 : 100 * (double)t->compared / (double)t->estimate;

	return part > 99.99 ? 99.99 : part;
}

/* When it will be over, if it goes on as it has; 0: not known. */
static int64_t
expected_us(const struct vdiff_shown *s, const struct vdiff_view *v, const struct totals *t)
{
	double took = (double)(s->now - v->started_us);

	if (v->started_us == 0 || t->compared == 0 || took <= 0)
		return 0;
	return s->now + (int64_t)(took * (double)(t->estimate - t->compared) / (double)t->compared);
}

static bool
has_mismatch(const struct vdiff_view *v, const struct totals *t)
{
	return t->differing > 0 || v->proof.differing_count > 0;
}

/* ---- For people */

static void
put_differing(struct buf *out, const struct proof_view *p)
{
	for (size_t i = 0; i < p->differing_count; i++)
		buf_addf(out, "%s%s", i == 0 ? "Differing:    " : ", ", p->differing[i]);
	if (p->differing_count > 0)
		buf_add_char(out, '\n');
}

static void
put_proof(struct buf *out, const struct proof_view *p)
{
	char at[TIME_MAX];

	buf_addf(out, "Continuous:   %s", proof_state_name(p->state));
	if (print_time(at, p->proven_us)[0] != '\0')
		buf_addf(out, ", since %s", at);
	buf_addf(out, "\nProven:       %" PRId64 " transactions, %" PRId64 " changes of rows\n",
	    p->transactions, p->changes);
	if (p->source[0] != '\0')
		buf_addf(
		    out, "UpTo:         %s of the source, %s of the target", p->source, p->target);
	if (p->source[0] != '\0' && p->lag_ms >= 0)
		buf_addf(out, ", %.1f s behind it", (double)p->lag_ms / 1000);
	if (p->source[0] != '\0')
		buf_add_char(out, '\n');
	put_differing(out, p);
	if (p->findings > 0)
		buf_addf(
		    out, "Findings:     %" PRId64 ", the last one: %s\n", p->findings, p->finding);
	if (p->error[0] != '\0')
		buf_addf(out, "EndedBy:      %s\n", p->error);
}

static void
put_count(struct buf *out, const char *label, int64_t count)
{
	if (count > 0)
		buf_addf(out, "\t%-18s%" PRId64 "\n", label, count);
}

static void
put_table(struct buf *out, const struct vdiff_table *t)
{
	buf_addf(out, "\nTable %s:\n\t%-18s%s\n\t%-18s%" PRId64 "\n\t%-18s%" PRId64 "\n", t->name,
	    "State:", vdiff_state_name(t->state), "ProcessedRows:", t->compared,
	    "MatchingRows:", t->matching);
	put_count(out, "MismatchedRows:", t->mismatched);
	put_count(out, "ExtraRowsSource:", t->extra_source);
	put_count(out, "ExtraRowsTarget:", t->extra_target);
	put_count(out, "UnsettledRows:", t->unsettled);
	put_count(out, "RepairedRows:", t->repaired);
}

static void
put_progress(struct buf *out, const struct vdiff_shown *s, const struct vdiff_view *v,
    const struct totals *t)
{
	char at[TIME_MAX];

	buf_addf(out, "Progress:     %.2f%%", percentage(t));
	if (print_time(at, expected_us(s, v, t))[0] != '\0')
		buf_addf(out, ", ETA: %s", at);
	buf_add_char(out, '\n');
}

void
vdiff_text(struct buf *out, const struct vdiff_shown *s, const struct vdiff_view *v)
{
	struct totals t = totals_of(v);
	char at[TIME_MAX];

	buf_addf(out, "VDiff Summary for %s.%s (%s)\nState:        %s\n", s->keyspace, s->workflow,
	    v->uuid, vdiff_state_name(v->state));
	if (v->error[0] != '\0')
		buf_addf(out, "              Error: (shard %s) %s\n", shard, v->error);
	buf_addf(out, "RowsCompared: %" PRId64 "\nHasMismatch:  %s\n", t.compared,
	    has_mismatch(v, &t) ? "true" : "false");
	if (t.repaired > 0)
		buf_addf(out, "Repaired:     %" PRId64 " rows\n", t.repaired);
	if (t.unsettled > 0)
		buf_addf(out,
		    "Unsettled:    %" PRId64
		    " rows, which had changed each time they were looked at\n",
		    t.unsettled);
	buf_addf(out, "StartedAt:    %s\n", print_time(at, v->started_us));
	if (v->state == VDIFF_STARTED)
		put_progress(out, s, v, &t);
	if (print_time(at, v->completed_us)[0] != '\0')
		buf_addf(out, "CompletedAt:  %s\n", at);
	if (v->proof.state != PROOF_NONE)
		put_proof(out, &v->proof);
	for (size_t i = 0; s->verbose && i < v->tables_count; i++)
		put_table(out, &v->tables[i]);
	buf_add_str(out, "\nUse \"--format=json\" for more detailed output.\n");
}

void
vdiff_first_text(struct buf *out, const struct vdiff_view *v)
{
	for (size_t i = 0; i < v->tables_count; i++) {
		const struct vdiff_table *t = &v->tables[i];

		buf_addf(out,
		    "Summary for %s: {ProcessedRows:%" PRId64 " MatchingRows:%" PRId64
		    " MismatchedRows:%" PRId64 " ExtraRowsSource:%" PRId64
		    " ExtraRowsTarget:%" PRId64 "}\n",
		    t->name, t->compared, t->matching, t->mismatched, t->extra_source,
		    t->extra_target);
		if (t->unsettled > 0)
			buf_addf(out,
			    "note: %" PRId64
			    " rows of %s had changed each time they were looked at\n",
			    t->unsettled, t->name);
	}
}

/* ---- Lists */

static const char *const columns[] = { "UUID", "Workflow", "Keyspace", "Shard", "State" };
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void
cells_of(const struct vdiff_shown *s, const struct vdiff_view *v, const char *cells[COLUMNS])
{
	cells[0] = v->uuid;
	cells[1] = s->workflow;
	cells[2] = s->keyspace;
	cells[3] = shard;
	cells[4] = vdiff_state_name(v->state);
}

static void
put_line(struct buf *out, const int widths[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		buf_add_char(out, '+');
		for (int j = 0; j < widths[i] + 2; j++)
			buf_add_char(out, '-');
	}
	buf_add_str(out, "+\n");
}

static void
put_cells(struct buf *out, const int widths[COLUMNS], const char *const cells[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		buf_addf(out, "| %-*s ", widths[i], cells[i]);
	buf_add_str(out, "|\n");
}

static void
measure(const struct vdiff_shown *s, const struct vdiff_reply *r, int widths[COLUMNS])
{
	const char *cells[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		widths[i] = (int)strlen(columns[i]);
	for (size_t j = 0; j < r->count; j++) {
		cells_of(s, &r->items[j], cells);
		for (int i = 0; i < COLUMNS; i++)
			if ((int)strlen(cells[i]) > widths[i])
				widths[i] = (int)strlen(cells[i]);
	}
}

void
vdiff_list_text(struct buf *out, const struct vdiff_shown *s, const struct vdiff_reply *r)
{
	const char *cells[COLUMNS];
	int widths[COLUMNS];

	measure(s, r, widths);
	put_line(out, widths);
	put_cells(out, widths, columns);
	put_line(out, widths);
	for (size_t j = 0; j < r->count; j++) {
		cells_of(s, &r->items[j], cells);
		put_cells(out, widths, cells);
		put_line(out, widths);
	}
}

void
vdiff_list_json(struct buf *out, const struct vdiff_shown *s, const struct vdiff_reply *r)
{
	struct json_writer w = json_to(out);
	const char *cells[COLUMNS];

	json_put_open(&w, NULL, '[');
	for (size_t j = 0; j < r->count; j++) {
		cells_of(s, &r->items[j], cells);
		json_put_open(&w, NULL, '{');
		for (int i = 0; i < COLUMNS; i++)
			json_put_str(&w, columns[i], cells[i]);
		json_put_close(&w, '}');
	}
	json_put_close(&w, ']');
}

/* ---- JSON */

/* Where there is any alone. */
static void
put_ours(struct json_writer *w, const struct vdiff_table *t)
{
	if (t->unsettled > 0)
		json_put_i64(w, "UnsettledRows", t->unsettled);
	if (t->repaired > 0)
		json_put_i64(w, "RepairedRows", t->repaired);
}

static void
put_counts(struct json_writer *w, const struct vdiff_table *t)
{
	json_put_i64(w, "MatchingRows", t->matching);
	json_put_i64(w, "MismatchedRows", t->mismatched);
	json_put_i64(w, "ExtraRowsSource", t->extra_source);
	json_put_i64(w, "ExtraRowsTarget", t->extra_target);
	put_ours(w, t);
}

static void
put_summary(struct json_writer *w, const struct vdiff_table *t)
{
	char at[TIME_MAX];

	json_put_open(w, t->name, '{');
	json_put_str(w, "TableName", t->name);
	json_put_str(w, "State", vdiff_state_name(t->state));
	json_put_i64(w, "RowsCompared", t->compared);
	put_counts(w, t);
	json_put_str(w, "LastUpdated", print_time(at, t->updated_us));
	json_put_close(w, '}');
}

/* objects: with commas between them. */
static void
put_samples(struct json_writer *w, const char *key, const char *objects)
{
	SCOPED(buf) struct buf list = BUF_INIT;

	if (objects[0] == '\0')
		return;
	buf_addf(&list, "[%s]", objects);
	json_put_raw(w, key, buf_slice(&list));
}

static void
put_report(struct json_writer *w, const struct vdiff_table *t)
{
	json_put_open(w, t->name, '{');
	json_put_open(w, shard, '{');
	json_put_str(w, "TableName", t->name);
	json_put_i64(w, "ProcessedRows", t->compared);
	put_counts(w, t);
	put_samples(w, "ExtraRowsSourceDiffs", t->extra_source_rows);
	put_samples(w, "ExtraRowsTargetDiffs", t->extra_target_rows);
	put_samples(w, "MismatchedRowsDiffs", t->mismatched_rows);
	put_samples(w, "UnsettledRowsDiffs", t->unsettled_rows);
	json_put_close(w, '}');
	json_put_close(w, '}');
}

static void
put_tables(struct json_writer *w, const struct vdiff_view *v)
{
	json_put_open(w, "TableSummary", '{');
	for (size_t i = 0; i < v->tables_count; i++)
		put_summary(w, &v->tables[i]);
	json_put_close(w, '}');
	json_put_open(w, "Reports", '{');
	for (size_t i = 0; i < v->tables_count; i++)
		put_report(w, &v->tables[i]);
	json_put_close(w, '}');
}

static void
put_json_progress(struct json_writer *w, const struct vdiff_shown *s, const struct vdiff_view *v,
    const struct totals *t)
{
	char at[TIME_MAX];

	json_put_open(w, "Progress", '{');
	json_put_double(w, "Percentage", (double)(int64_t)(percentage(t) * 100) / 100);
	if (print_time(at, expected_us(s, v, t))[0] != '\0')
		json_put_str(w, "ETA", at);
	json_put_close(w, '}');
}

static void
put_json_proof(struct json_writer *w, const struct proof_view *p)
{
	char at[TIME_MAX];

	json_put_open(w, "ContinuousProof", '{');
	json_put_str(w, "State", proof_state_name(p->state));
	json_put_str(w, "StartedAt", print_time(at, p->since_us));
	if (print_time(at, p->proven_us)[0] != '\0')
		json_put_str(w, "ProvingSince", at);
	json_put_i64(w, "Transactions", p->transactions);
	json_put_i64(w, "RowChanges", p->changes);
	json_put_str(w, "SourcePosition", p->source);
	json_put_str(w, "TargetPosition", p->target);
	if (p->lag_ms >= 0)
		json_put_double(w, "LagSeconds", (double)p->lag_ms / 1000);
	json_put_open(w, "DifferingTables", '[');
	for (size_t i = 0; i < p->differing_count; i++)
		json_put_str(w, NULL, p->differing[i]);
	json_put_close(w, ']');
	json_put_i64(w, "Findings", p->findings);
	if (p->finding[0] != '\0')
		json_put_str(w, "LastFinding", p->finding);
	if (p->error[0] != '\0')
		json_put_str(w, "EndedBy", p->error);
	json_put_close(w, '}');
}

void
vdiff_json(struct buf *out, const struct vdiff_shown *s, const struct vdiff_view *v)
{
	struct json_writer w = json_to(out);
	struct totals t = totals_of(v);
	char at[TIME_MAX];

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "Workflow", s->workflow);
	json_put_str(&w, "Keyspace", s->keyspace);
	json_put_str(&w, "State", vdiff_state_name(v->state));
	json_put_str(&w, "UUID", v->uuid);
	json_put_i64(&w, "RowsCompared", t.compared);
	json_put_bool(&w, "HasMismatch", has_mismatch(v, &t));
	if (t.repaired > 0)
		json_put_i64(&w, "RepairedRows", t.repaired);
	if (t.unsettled > 0)
		json_put_i64(&w, "UnsettledRows", t.unsettled);
	json_put_str(&w, "Shards", shard);
	json_put_str(&w, "StartedAt", print_time(at, v->started_us));
	if (print_time(at, v->completed_us)[0] != '\0')
		json_put_str(&w, "CompletedAt", at);
	if (v->state == VDIFF_STARTED)
		put_json_progress(&w, s, v, &t);
	if (v->proof.state != PROOF_NONE)
		put_json_proof(&w, &v->proof);
	if (s->verbose || t.differing + t.unsettled > 0)
		put_tables(&w, v);
	if (v->error[0] != '\0') {
		json_put_open(&w, "Errors", '{');
		json_put_str(&w, shard, v->error);
		json_put_close(&w, '}');
	}
	json_put_close(&w, '}');
}
