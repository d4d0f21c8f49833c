/*
 * crowds.h - one crowd for tests, at the routes of routes.h, and what is done in it.
 */
#ifndef TESTS_UNIT_GATE_CROWDS_H
#define TESTS_UNIT_GATE_CROWDS_H

#include "gate/turnstile.h"

extern struct crowd               crowd;
extern const struct turnstile_ask READ_ALONE, WRITE_ALONE, READ_IN_TXN, WRITE_IN_TXN;

void start(void);      /* on virtual time: users at customer, open */
void open_doors(void); /* the crowd alone */
void hold(int64_t version);
struct turnstile *users(void);
/* A statement on users, or (on_users false) on another table of its server. */
void run(struct passenger *p, const struct turnstile_ask *ask, bool on_users);
bool drained(usec now);
bool passes(const struct passenger *p, const struct turnstile_ask *ask);

#endif
