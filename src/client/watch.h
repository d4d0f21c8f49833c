/*
 * watch.h - a workflow watched by long polls until it is where its command wants it.
 *
 * A vtctld that goes away for a while is waited for: another one, or the same, goes on. Ctrl-C leaves,
 * and says what to type to come back.
 */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include "client/command.h"
#include "client/progress.h"
#include "client/view.h"

enum outcome { MOVE_GOES_ON, MOVE_DONE, MOVE_FAILED };

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
	usec gone_since;       /* NEVER: vtctld answers */
	const char *checking;  /* what its check waits for */
};

void watch_init(struct watch *w, struct client *c, const struct command_options *o, outcome_fn *end);
void watch_done(struct watch *w);
/* Until the outcome. 0 and *status, which is not 0 when it was left; w->view is how it stands then. A
 * move that failed is the error. */
int watch_run(struct ctx *cx, struct watch *w, const char *workflow, int *status) MUST_USE;
/* A call has failed: 0 while there is hope, after a moment. */
int watch_away(struct ctx *cx, struct watch *w) MUST_USE;
/* Leaves it: how to come back is said. */
int watch_detach(struct watch *w, int *status, int code);

#endif
