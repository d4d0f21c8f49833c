#include "tablet/tablet_metrics.h"

#include <stdio.h>

#include "base/metric.h"

#include <math.h>

/* A stream's value of one metric. */
typedef double value_fn(const struct stream_status_reply *r);

static double
rows_copied(const struct stream_status_reply *r)
{
	return (double)r->rows_copied;
}

static double
rows_total(const struct stream_status_reply *r)
{
	return (double)r->rows_total;
}

/* Not a number: not known, as of one that is not connected. */
static double
lag_seconds(const struct stream_status_reply *r)
{
	return r->lag_ms < 0 ? (double)NAN : (double)r->lag_ms / 1000;
}

static double
position_bytes(const struct stream_status_reply *r)
{
	return (double)strlen(r->position);
}

static double
changes_applied(const struct stream_status_reply *r)
{
	return (double)r->changes_applied;
}

static double
stopped_by_error(const struct stream_status_reply *r)
{
	return r->phase == STREAM_ERROR;
}

static double
throttled(const struct stream_status_reply *r)
{
	return r->throttled_us != 0;
}

static const struct {
	const char *name, *help;
	value_fn *value;
} stream_metrics[] = {
	{ "vttablet_stream_rows_copied", "Rows that the copy has written.", rows_copied },
	{ "vttablet_stream_rows_estimate", "Rows of its tables, as the source estimates them.",
	    rows_total },
	{ "vttablet_stream_lag_seconds", "How far the target is behind; NaN: not known.",
	    lag_seconds },
	{ "vttablet_stream_position_bytes", "Length of the position that is stored.",
	    position_bytes },
	{ "vttablet_stream_changes_applied_total", "Row changes applied since it connected.",
	    changes_applied },
	{ "vttablet_stream_error", "Has an error stopped it?", stopped_by_error },
	{ "vttablet_stream_throttled", "Is its copy kept waiting by its limits?", throttled },
};

typedef double proof_value_fn(const struct proof_view *p);

static double
proof_proving(const struct proof_view *p)
{
	return p->state == PROOF_PROVING;
}

static double
proof_transactions(const struct proof_view *p)
{
	return (double)p->transactions;
}

static double
proof_changes(const struct proof_view *p)
{
	return (double)p->changes;
}

static double
proof_findings(const struct proof_view *p)
{
	return (double)p->findings;
}

static double
proof_differing(const struct proof_view *p)
{
	return (double)p->differing_count;
}

static double
proof_lag(const struct proof_view *p)
{
	return p->lag_ms < 0 ? (double)NAN : (double)p->lag_ms / 1000;
}

static const struct {
	const char *name, *help;
	proof_value_fn *value;
} proof_metrics[] = {
	{ "vttablet_proof_proving", "Has its continuous proof a baseline, and not ended?",
	    proof_proving },
	{ "vttablet_proof_transactions_total", "Transactions of the target that it has judged.",
	    proof_transactions },
	{ "vttablet_proof_changes_total", "Changes of rows in these.", proof_changes },
	{ "vttablet_proof_findings_total",
	    "How often a table was not given what the source has written.", proof_findings },
	{ "vttablet_proof_differing_tables", "Tables that differ now.", proof_differing },
	{ "vttablet_proof_lag_seconds", "How far it is behind the target's binlog; NaN: not known.",
	    proof_lag },
};

static void
label_stream(struct buf *out, const struct stream *s)
{
	char round[12];

	snprintf(round, sizeof(round), "%d", stream_id(s).round);
	metric_label(out, "workflow", stream_id(s).workflow);
	metric_label(out, "round", round);
}

/* Metric by metric, as the format wants them grouped. */
static void
print_streams(struct buf *out, const struct engine *e, size_t m)
{
	const char *help = stream_metrics[m].help;

	for (struct stream *s = engine_next(e, NULL); s != NULL; s = engine_next(e, s)) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		SCOPED(buf) struct buf labels = BUF_INIT;
		struct stream_status_reply r;

		stream_status(s, &scratch, &r);
		label_stream(&labels, s);
		metric_print(
		    out, stream_metrics[m].name, help, labels.data, stream_metrics[m].value(&r));
		help = NULL;
	}
}

/* Of the streams that have one. */
static void
print_proofs(struct buf *out, const struct engine *e, size_t m)
{
	const char *help = proof_metrics[m].help;

	for (struct stream *s = engine_next(e, NULL); s != NULL; s = engine_next(e, s)) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		SCOPED(buf) struct buf labels = BUF_INIT;
		struct proof_view p;

		stream_proof(s, &scratch, &p);
		if (p.state == PROOF_NONE)
			continue;
		label_stream(&labels, s);
		metric_print(
		    out, proof_metrics[m].name, help, labels.data, proof_metrics[m].value(&p));
		help = NULL;
	}
}

static void
print_phases(struct buf *out, const struct engine *e)
{
	int counts[STREAM_ERROR + 1] = { 0 };

	for (struct stream *s = engine_next(e, NULL); s != NULL; s = engine_next(e, s))
		counts[stream_phase(s)]++;
	for (int i = 0; i <= STREAM_ERROR; i++) {
		SCOPED(buf) struct buf labels = BUF_INIT;

		metric_label(&labels, "phase", stream_phase_name((enum stream_phase)i));
		metric_print(out, "vttablet_streams",
		    i == 0 ? "Streams that end here, by phase." : NULL, labels.data, counts[i]);
	}
}

static void
print_retries(struct buf *out, const struct engine *e)
{
	const char *help = "Passes that ended with an error that waiting mends, by kind of error.";

	for (struct stream *s = engine_next(e, NULL); s != NULL; s = engine_next(e, s)) {
		for (int kind = 0; kind < STREAM_CAUSES; kind++) {
			SCOPED(buf) struct buf labels = BUF_INIT;
			uint64_t count = stream_retries(s, (enum err_kind)kind);

			if (count == 0)
				continue;
			label_stream(&labels, s);
			metric_label(&labels, "cause", err_kind_name((enum err_kind)kind));
			metric_print(
			    out, "vttablet_stream_retries_total", help, labels.data, (double)count);
			help = NULL;
		}
	}
}

void
tablet_metrics_print(struct buf *out, const struct engine *e, const struct health *health)
{
	metric_print(out, "vttablet_healthy", "Does its server serve?", NULL, health->healthy);
	print_phases(out, e);
	for (size_t m = 0; m < sizeof(stream_metrics) / sizeof(stream_metrics[0]); m++)
		print_streams(out, e, m);
	for (size_t m = 0; m < sizeof(proof_metrics) / sizeof(proof_metrics[0]); m++)
		print_proofs(out, e, m);
	print_retries(out, e);
}
