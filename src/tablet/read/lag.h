/*
 * lag.h - how long a reader of a binlog has been behind its server.
 *
 * The server's place is asked for again and again (place_watch.h). Behind since is the time when a place was
 * polled that is not read yet; each time that such a place has been reached it is counted anew.
 */
#ifndef TABLET_READ_LAG_H
#define TABLET_READ_LAG_H

#include "tablet/server/position.h"

struct lag {
	struct position polled;
	usec behind_since; /* NEVER: not behind */
	bool known;
};

void lag_init(struct lag *l);
void lag_done(struct lag *l);
/* read: how far the reader is when the server's place is now. */
void lag_note(struct lag *l, const struct position *read, const struct position *now);
int64_t lag_ms(const struct lag *l); /* -1: not known */
#endif
