/*
 * barriers.h - what one loop has in flight, for tests, at the routes of routes.h.
 */
#ifndef TESTS_UNIT_GATE_BARRIERS_H
#define TESTS_UNIT_GATE_BARRIERS_H

#include "gate/barrier.h"

extern struct in_flight in_flight;
extern const struct barrier_ask READ_ALONE, WRITE_ALONE, READ_IN_TXN, WRITE_IN_TXN;

void start(void);       /* virtual time, and nothing in flight: users at customer, open */
void start_alone(void); /* the same without the time */
void hold(int64_t version);
struct barrier *users(void);
/* A statement on users, or (on_users false) on another table of its server. */
void run(struct work *w, const struct barrier_ask *ask, bool on_users);
bool drained(usec now);
bool passes(const struct work *w, const struct barrier_ask *ask);

#endif
