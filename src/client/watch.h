/*
 * watch.h - a workflow watched by long polls until it is where its command wants it.
 *
 * A vtctld that goes away for a while is waited for: another one, or the same, goes on. Ctrl-C leaves,
 * and says what to type to come back.
 *
 *   state      gone_since  edges
 *   ANSWERED   NEVER       a call fails: GONE, said once on standard error. end() says that it is over:
 *                          return
 *   GONE       when first  a call succeeds: ANSWERED. 60 s: the error, with the hint that the move goes on.
 *                          Meanwhile a call each 300 ms
 *   either                 Ctrl-C, seen between two polls: status 130, and the line to come back
 *
 * Invariants
 *   (1) view and what it points to are of one answer, which arena holds; the next answer replaces both at
 *       once.
 *   (2) The cursor is the answer's revision, the topology's: so another vtctld, which never saw this watch,
 *       goes on where the one before left.
 *   (3) Only ERR_RETRY and ERR_TIMEOUT are waited out. What vtctld refuses ends the watch.
 *
 * A watch over the death of a vtctld:
 *
 *    0.0  move_status, after_revision 0: answered at once with revision 12; one line of progress
 *    0.0  move_status, after_revision 12: vtctld waits for a change, a second at most, and answers anyway,
 *         so that figures move on the screen; and so on
 *    9.3  vtctld is killed: the connection breaks, ERR_RETRY. "waiting for vtctld: ..." is said once
 *    9.6  connection refused; the same each 300 ms, and nothing more is said
 *   11.2  the next vtctld listens: after_revision is that of the last answer before 9.3. It answers with what
 *         has changed meanwhile, if only that it has taken the workflow over
 *   14.0  the state is Switched: end() says MOVE_DONE
 */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include "client/command.h"
#include "client/progress.h"
#include "client/view.h"

enum outcome { MOVE_GOES_ON, MOVE_DONE, MOVE_FAILED };

/* Of one answer: is this where the command wanted it? Called for each answer; must not wait. */
typedef enum outcome outcome_fn(const struct move_view *v, const struct command_options *o);

struct watch {
	struct client *client;
	const struct command_options *options;
	outcome_fn *end;
	bool quiet; /* no progress is printed */
	struct ctl_request request;
	struct progress progress;
	struct move_view view; /* of the last answer */
	struct arena arena;    /* the same */
	usec gone_since;       /* on task_now(); NEVER: vtctld answers */
	const char *checking;  /* what its check waits for */
};

/* Whether it prints as on a terminal is asked here. end may be changed until watch_run(). Nothing is held
 * before the first answer, so a watch that never ran needs no watch_done(). */
void watch_init(struct watch *w, struct client *c, const struct command_options *o, outcome_fn *end);
void watch_done(struct watch *w);
/* Until the outcome. 0 and *status, which is not 0 when it was left; w->view is how it stands then. A
 * move that failed is the error. */
int watch_run(struct ctx *cx, struct watch *w, const char *workflow, int *status) MUST_USE;
/* A call has failed, and cx->err says how: 0 while there is hope, after a moment. -1: that error, with a
 * hint when it has gone on for too long; or the wait's own. For calls that are no polls too. */
int watch_away(struct ctx *cx, struct watch *w) MUST_USE;
/* Leaves it: how to come back is said, and *status is code. 0, so that a function can end with it. */
int watch_detach(struct watch *w, int *status, int code);

#endif
