/*
 * progress.h - what a move is doing, as a person or a machine wants to read it.
 *
 * On a terminal one live line per phase, drawn over itself; else a plain line at
 * each change of phase and every two seconds; with --format json one object
 * per report.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include "client/view.h"

struct progress {
	bool terminal, json;
	bool line_open; /* a live line stands unfinished */
	char phase[32];
	usec phase_since, shown_at;
	int64_t phase_rows;           /* copied when the phase began */
	char why[ERR_TEXT_MAX + 128]; /* of waiting, as last shown: an error and what led to it */
};

void progress_init(struct progress *p, bool terminal, bool json);
/* vtctld asks both sides, since then, and waits for why; a move that it refuses has no view. */
void progress_checking(struct progress *p, const char *why, usec since, usec now);
void progress_show(struct progress *p, const struct move_view *v, usec now);
void progress_end_line(struct progress *p);
/* The summary of a finished move, or where it stands. */
void progress_summary(const struct progress *p, const struct move_view *v);

#endif
