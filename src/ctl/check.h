/*
 * check.h - CHECKING: may these tables be moved? Everybody is asked, and nothing is made.
 *
 * The record is there before the first question, so that a move that waits for an answer can be seen
 * and deleted like any other. Whoever lives goes on with it: the questions are asked anew. A move
 * that is refused ends in ERROR with the sentence, until the command that asked for it has told it and
 * puts the record of before back (create.h).
 */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include "ctl/workflow.h"

/* -> CREATING. ERR_REFUSED: it may not be, or somebody did not answer within the move's timeout. Ends when
 * the record is gone, or says something else: ERR_CONFLICT. */
int check_run(struct ctx *cx, struct workflow *w) MUST_USE;
/* The same questions, of a record that is nowhere but in w; the servers are as before. Findings are in its
 * events. */
int check_rehearse(struct ctx *cx, struct workflow *w) MUST_USE;

#endif
