/*
 * place_watch.h - where a server's binlog is now, asked once for all who want to know.
 *
 * Each stream wants to know it of its source a few times a second, and many may follow the same server for
 * weeks. So one task asks, through one connection, as long as anybody wants to know.
 *
 *            place_watch_take(), the first        an error
 *   (none) -------------------------------> ASKING ----------> FAILED
 *     ^                                       |                   |
 *     +------ place_watch_done(), the last ---+-------------------+
 *
 * ASKING   The server is asked each PLACE_WATCH_MS; all who wait are told.
 * FAILED   All who have it are told the error, now and later. Who takes one from then on gets another.
 *
 * Invariants (place_watch_check() looks at those with a *)
 *   (1)* Somebody has it.
 *   (2)* It is among those that are handed out exactly while it asks.
 *   (3)  What a call is told is a place that came after it began, and is at most PLACE_WATCH_MS old.
 *
 * An example: streams A and B follow server s.
 *
 *   A: take   s is asked: place 100      A: next -> 100
 *   B: take   the same one               B: next waits; 0.2 s later both are told 140
 *   s goes away                          A and B: next -> ERR_RETRY. Each ends its pass, and is done with it
 *   A: take   a new one: connecting fails, A is told
 */
#ifndef TABLET_READ_PLACE_WATCH_H
#define TABLET_READ_PLACE_WATCH_H

#include "base/list.h"
#include "tablet/server/env.h"
#include "tablet/server/position.h"

/* A fifth of the second that a stream's lag is judged by. */
enum { PLACE_WATCH_MS = 200 };

/* Those that ask, of one vttablet. */
struct place_watches {
	struct list asking;
};

struct place_watch;

void place_watches_init(struct place_watches *all);
/* The caller's until place_watch_done(). env outlives it; where env->places is NULL it is shared with nobody.
 * Waits for nothing. -1: ERR_RETRY, no task is to be had. */
int place_watch_take(const struct tablet_env *env, const char *server, struct place_watch **out,
    struct err *err) MUST_USE;
/* Waits for the next place, without GTIDs; or the watch's error. */
int place_watch_next(struct ctx *cx, struct place_watch *w, struct position *out) MUST_USE;
/* For SCOPED(place_watch). Of NULL nothing. */
void place_watch_done(struct place_watch **w);
/* Aborts where (1) or (2) does not hold. */
void place_watch_check(const struct place_watch *w);

#endif
