/*
 * tails.h - one tail for tests, at a scripted source, on virtual time.
 */
#ifndef TESTS_UNIT_TABLET_TAILS_H
#define TESTS_UNIT_TABLET_TAILS_H

#include "tablet/read/tail.h"
#include "unit/tablet/source_script.h"

extern struct source_script script;
extern struct err err;
extern struct tail_params params;
extern struct tail *tail;

/* The story runs in a task; the script is started, and params fit it. */
void in_sim(task_fn *fn);
struct ctx ctx(void);
void open_tail(void);
void end(void);
struct source_txn *next(void);
/* The next one that is more than a position. */
struct source_txn *next_change(void);
/* Nothing comes but such an error. */
void fails(enum err_kind kind, const char *text);
/* Nothing comes within a second but positions, none beyond where we are. */
void expect_silence(uint64_t offset);

#endif
