/*
 * progress.h - what a move is doing, as a person or a machine wants to read it.
 *
 * On a terminal one live line per phase, drawn over itself; else a plain line at
 * each change of phase and every two seconds; with --format json one object
 * per report.
 *
 * A caller shows each answer it gets and says when; what is worth a line is decided here. Between two calls a
 * live line may stand unfinished: whoever prints something else calls progress_end_line() first. Times are
 * the caller's task_now(), so that tests need no clock.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include "client/view.h"

struct progress {
	bool terminal, json; /* not both */
	bool line_open;      /* a live line stands unfinished */
	char phase[32];      /* as shown last; "" at the beginning */
	/* By the caller's now: when it was first seen, and when a line was printed. */
	usec phase_since, shown_at;
	int64_t phase_rows;           /* copied when the phase began */
	char why[ERR_TEXT_MAX + 128]; /* of waiting, as last shown: an error and what led to it */
};

/* json wins: a live line among objects would be no JSON. Nothing is held, so there is no progress_done(). */
void progress_init(struct progress *p, bool terminal, bool json);
/* vtctld asks both sides, since then, and waits for why; a move that it refuses has no view. */
void progress_checking(struct progress *p, const char *why, usec since, usec now);
/* v's strings are not kept. */
void progress_show(struct progress *p, const struct move_view *v, usec now);
void progress_end_line(struct progress *p); /* no-op where none is open; flushes */
/* The summary of a finished move, or where it stands. */
void progress_summary(const struct progress *p, const struct move_view *v);

#endif
