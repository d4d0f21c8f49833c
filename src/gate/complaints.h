/*
 * complaints.h - errors that clients were sent, counted by number and cause.
 *
 * The cause of a refusal is its sentence with "?" for what it quotes, so that it is one of those in the
 * source and says nothing of anybody's data; that of a server's error is "server", and of a server that
 * could not be asked the kind of the failure. One loop counts, another prints.
 */
#ifndef GATE_COMPLAINTS_H
#define GATE_COMPLAINTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"

#include <stdatomic.h>

enum { COMPLAINTS_MAX = 128 }; /* kinds of one loop: some 80 refusals; the last one is all others */

struct complaint {
	int number;
	const char *cause; /* as in the source, with its conversions */
	_Atomic uint64_t count;
	usec logged; /* 0: never */
	uint64_t logged_count;
};

struct complaints {
	_Atomic size_t used; /* those before it do not change but for their counts */
	struct complaint items[COMPLAINTS_MAX];
};

#define COMPLAINT_OF_SERVER "server"

/* One more. cause lives for ever. */
struct complaint *complaints_add(struct complaints *c, int number, const char *cause);
/* One line for each cause now and then: is it time? *since is how many there were since the last one. */
bool complaint_is_due(struct complaint *c, usec now, uint64_t *since);
/* The cause as people read it: "?" for conversions. */
void complaint_print_cause(struct buf *out, const char *cause);
/* For Prometheus: the sums over several loops. */
void complaints_print(struct buf *out, const struct complaints *const *all, size_t count);

#endif
