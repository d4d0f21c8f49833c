/*
 * What a line looks like (on a terminal the same one is drawn over itself):
 *
 *   checking     2s
 *   copying      [######------------------]  25% 250,000 rows, 81,224 rows/s, ETA 10s, lag 0.3s
 *   catching-up  4s, lag 12.0s
 *   Switching    attempt 1: fence
 *
 * The name is the workflow's state where that says all, else the stream's phase; seconds count from when
 * this command saw the phase begin, so a command that comes later counts anew. Rates are of this phase,
 * as seen here.
 */
#include "client/progress.h"

#include "topo/json.h"
#include "topo/name.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	BAR_CELLS = 24,    /* leaves room for the figures in 80 columns */
	PLAIN_EVERY_S = 2, /* a log of an hour's copy has 1,800 lines */
};

void
progress_init(struct progress *p, bool terminal, bool json)
{
	*p = (struct progress){ .terminal = terminal && !json, .json = json };
}

/* 1234567 as 1,234,567. */
static void
add_grouped(struct buf *out, int64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);

	for (int i = 0; i < len; i++) {
		buf_add_char(out, digits[i]);
		if (i + 1 < len && (len - i - 1) % 3 == 0 && digits[i] != '-')
			buf_add_char(out, ',');
	}
}

/* Attempts have odd numbers; each rollback takes the even one behind. */
static int64_t
tries(const struct move_view *v)
{
	return (v->attempt + 1) / 2;
}

static const char *
phase_of(const struct move_view *v)
{
	static const char *const whole[] = { "Switching", "Switched", "Complete", "Cancelling",
		"Cancelled", "Error" };

	/* The workflow's word where it says all; in the others the stream's phase says more than
	 * "Copying". */
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strcmp(v->state, whole[i]) == 0)
			return whole[i];
	}
	if (strcmp(v->state, "Checking") == 0)
		return "checking";
	if (strcmp(v->state, "Creating") == 0 || v->phase[0] == '\0')
		return "preparing";
	return v->phase;
}

static double
rows_per_s(const struct progress *p, const struct move_view *v, usec now)
{
	double seconds = (double)(now - p->phase_since) / (double)SECOND;

	/* Of the first moment a rate would be noise. */
	return seconds < 0.2 ? 0 : (double)(v->rows_copied - p->phase_rows) / seconds;
}

static void
add_bar(struct buf *out, const struct move_view *v)
{
	/* The total is the server's estimate: it may be too low. */
	int64_t total = v->rows_total > v->rows_copied ? v->rows_total : v->rows_copied;
	int full = total == 0 ? 0 : (int)(v->rows_copied * BAR_CELLS / total);

	buf_add_char(out, '[');
	for (int i = 0; i < BAR_CELLS; i++)
		buf_add_char(out, i < full ? '#' : '-');
	buf_addf(out, "] %3d%% ", total == 0 ? 0 : (int)(v->rows_copied * 100 / total));
}

static void
add_copying(struct buf *out, const struct progress *p, const struct move_view *v, usec now)
{
	double speed = rows_per_s(p, v, now);

	add_bar(out, v);
	add_grouped(out, v->rows_copied);
	buf_add_str(out, " rows");
	if (speed <= 0)
		return;
	buf_add_str(out, ", ");
	add_grouped(out, (int64_t)speed);
	buf_add_str(out, " rows/s");
	if (v->rows_total > v->rows_copied)
		buf_addf(
		    out, ", ETA %ds", (int)((double)(v->rows_total - v->rows_copied) / speed) + 1);
}

static void
describe(struct buf *out, const struct progress *p, const struct move_view *v, usec now)
{
	buf_addf(out, "%-12s ", p->phase);
	if (strcmp(p->phase, "copying") == 0)
		add_copying(out, p, v, now);
	else if (strcmp(p->phase, "Switching") == 0)
		buf_addf(out, "attempt %" PRId64 ": %s", tries(v), v->step);
	else
		buf_addf(out, "%ds", (int)((now - p->phase_since) / SECOND));
	if (v->lag_ms >= 0)
		buf_addf(out, ", lag %.1fs", (double)v->lag_ms / 1000);
	/* On a terminal the line has to fit: why has one of its own, and Workflow show says the rest. */
	if (v->throttled[0] != '\0')
		buf_addf(out, ", throttled%s%s", p->terminal ? "" : ": ",
		    p->terminal ? "" : v->throttled);
	if (!p->terminal && p->why[0] != '\0')
		buf_addf(out, "  %s", p->why);
	if (v->stream_error[0] != '\0')
		buf_addf(out, "  %s", v->stream_error);
}

static void
put_json(const struct progress *p, const struct move_view *v)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "workflow", v->workflow);
	json_put_str(&w, "phase", p->phase);
	json_put_str(&w, "step", v->step);
	json_put_i64(&w, "attempt", tries(v));
	json_put_i64(&w, "rows_copied", v->rows_copied);
	json_put_i64(&w, "rows_total", v->rows_total);
	json_put_i64(&w, "lag_ms", v->lag_ms);
	json_put_i64(&w, "changes_applied", v->changes_applied);
	json_put_str(&w, "throttled", v->throttled);
	json_put_str(&w, "state_text", p->why);
	json_put_str(&w, "error", v->stream_error);
	json_put_close(&w, '}');
	printf("%s\n", out.data);
}

void
progress_end_line(struct progress *p)
{
	if (p->line_open)
		printf("\n");
	p->line_open = false;
	fflush(stdout);
}

/* A new phase finishes the line of the last one. */
static bool
enter_phase(struct progress *p, const struct move_view *v, usec now)
{
	const char *phase = phase_of(v);

	if (strcmp(p->phase, phase) == 0)
		return false;
	progress_end_line(p);
	snprintf(p->phase, sizeof(p->phase), "%s", phase);
	p->phase_since = now;
	p->phase_rows = v->rows_copied;
	return true;
}

/* What it waits for, or why the last attempt failed. A move that has ended says it at its end. */
static bool
take_why(struct progress *p, const struct move_view *v)
{
	bool ended = strcmp(v->state, "Error") == 0 || strcmp(v->state, "Cancelled") == 0;
	const char *why = ended ? "" : v->state_text;

	/* Compared as far as it is kept: a longer one would be "new" each time. */
	if (strncmp(p->why, why, sizeof(p->why) - 1) == 0)
		return false;
	snprintf(p->why, sizeof(p->why), "%s", why);
	if (p->terminal && why[0] != '\0') {
		progress_end_line(p);
		printf("  %s\n", why);
	}
	return true;
}

void
progress_show(struct progress *p, const struct move_view *v, usec now)
{
	SCOPED(buf) struct buf line = BUF_INIT;
	bool changed = enter_phase(p, v, now);

	changed |= take_why(p, v);
	/* A change is told at once, figures every two seconds; a live line is drawn at each answer. */
	if (!p->terminal && !changed && now - p->shown_at < PLAIN_EVERY_S * SECOND)
		return;
	p->shown_at = now;
	if (p->json) {
		put_json(p, v);
	} else {
		describe(&line, p, v, now);
		/* Back to the first column, and the rest of the old line wiped. */
		printf(p->terminal ? "\r%s\033[K" : "%s\n", line.data);
		p->line_open = p->terminal;
	}
	fflush(stdout);
}

void
progress_checking(struct progress *p, const char *why, usec since, usec now)
{
	const struct move_view v = {
		.workflow = "",
		.state = "",
		.state_text = why,
		.step = "",
		.phase = "checking",
		.stream_error = "",
		.throttled = "",
		.lag_ms = -1,
	};

	enter_phase(p, &v, since);
	progress_show(p, &v, now);
}

static double
seconds_between(int64_t from_us, int64_t to_us)
{
	return from_us == 0 || to_us < from_us ? 0 : (double)(to_us - from_us) / 1e6;
}

static void
summary_json(const struct move_view *v)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);
	double copy_s = seconds_between(v->created_us, v->copied_us);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "workflow", v->workflow);
	json_put_str(&w, "state", v->state);
	json_put_str(&w, "source", v->source);
	json_put_str(&w, "target", v->target);
	json_put_i64(&w, "rows", v->rows_copied);
	json_put_double(&w, "copy_s", copy_s);
	json_put_i64(
	    &w, "copy_rows_per_s", copy_s > 0 ? (int64_t)((double)v->rows_copied / copy_s) : 0);
	json_put_double(&w, "hold_ms", (double)v->hold_us / 1000);
	json_put_i64(&w, "attempts", tries(v));
	json_put_i64(&w, "undone_holds", v->undone_holds);
	json_put_double(&w, "undone_holds_ms", (double)v->undone_us / 1000);
	json_put_close(&w, '}');
	printf("%s\n", out.data);
}

static void
print_old_tables(const struct move_view *v)
{
	/* Of many tables the line could not be pasted: then its form is shown. */
	bool one = v->tables == 1;
	const char *old = v->tables <= NAMES_SHOWN ? v->source : "KEYSPACE.TABLE[,TABLE...]";

	if (strcmp(v->way_back, "open") == 0 || strcmp(v->way_back, "pending") == 0)
		printf("The old table%s. To go back: vtctlclient MoveTables ReverseTraffic %s\n",
		    one ? " follows" : "s follow", v->workflow);
	else
		printf("The old table%s in place.\n", one ? " stays" : "s stay");
	printf("When you no longer need %s: vtctlclient DropTable %s\n", one ? "it" : "them", old);
}

void
progress_summary(const struct progress *p, const struct move_view *v)
{
	double copy_s = seconds_between(v->created_us, v->copied_us);
	SCOPED(buf) struct buf rows = BUF_INIT;

	if (p->json) {
		summary_json(v);
		return;
	}
	add_grouped(&rows, v->rows_copied);
	if (strcmp(v->state, "Running") == 0 && !v->served_back) {
		printf("%s is in sync with %s (%s rows). Run the same command without --no-switch "
		       "to switch.\n",
		    v->target, v->source, rows.data);
		return;
	}
	printf("%s is now served from %s.\n", v->source, v->served_back ? v->source : v->target);
	if (v->served_back) {
		printf("  writes waited for %.0f ms\n%s follows. To go there again: vtctlclient "
		       "MoveTables SwitchTraffic %s\n",
		    (double)v->hold_us / 1000, v->target, v->workflow);
		return;
	}
	printf("  copied    %s rows in %.1fs", rows.data, copy_s);
	if (copy_s > 0) {
		buf_reset(&rows);
		add_grouped(&rows, (int64_t)((double)v->rows_copied / copy_s));
		printf(" (%s rows/s, indexes and catching up included)", rows.data);
	}
	printf("\n  switched  in attempt %" PRId64 "; writes waited for %.0f ms", tries(v),
	    (double)v->hold_us / 1000);
	if (v->undone_holds > 0)
		printf(", after %" PRId64 " attempt%s that held them for %.1f s", v->undone_holds,
		    v->undone_holds == 1 ? "" : "s", (double)v->undone_us / 1e6);
	printf("\n");
	print_old_tables(v);
}
