/*
 * steps.h - the steps of the cutover, as a table (docs/architecture.md section 6).
 *
 * A step's run() and undo() may be done again: vtctld may die between an act and
 * its record. Every side effect carries the attempt's number, and the servers
 * refuse a number lower than one they have seen. Attempts have odd numbers; whoever
 * rolls one back takes the next, even one first, so that what still travels of
 * the attempt finds it outdated, and the next attempt is above both.
 *
 * Up to the one marked point of no return a failure undoes backwards; from it on there is only
 * forward.
 *
 * What is on disk of a step, before it is acted on: a step whose change of the rules is its record
 * (own_record) is written by that change, in one transaction; of a step inside the hold nothing is
 * (in_hold), since each write would keep clients waiting for the disk. So a record at "hold" stands for
 * any of the steps from there to the commit: whoever takes an attempt over undoes all of them, and whoever
 * goes on behind the commit does again all that is not known to be done. The other steps are written for
 * people, who may look at them for a while.
 *
 * The table names from and to, so that the way back is the same table. What comes once the new side
 * serves (serving) is done when the record has turned round already: from is the new side then, and round
 * the one that step "reverse" has prepared.
 */
#ifndef CTL_STEPS_H
#define CTL_STEPS_H

#include "ctl/lines.h"
#include "ctl/rules.h"

struct cutover {
	struct workflow *w;
	int attempt;
	usec deadline; /* of steps 1 to 5: --timeout */
	int reached;   /* the last step that may have begun */
	/* What one step tells the next. In w->arena, so until the commit saves the record; but for what the
	 * preflight tells, which outlasts the hold's record, in kept. */
	struct arena *kept;
	struct auto_next *values; /* next AUTO_INCREMENT values at the from side, under its lock */
	size_t values_count;
	struct trigger_list triggers;      /* of clients, at the from side */
	struct objects_read_reply objects; /* the same: views and routines */
	struct place_of start;             /* Q */
	int64_t told_us; /* that it is released; 0: not every gate was (release.h) */
};

/* 0: done, or had been done. -1: it may be half done, and is to be undone or done again. Results are in
 * cx->arena, which lasts for the step. */
typedef int step_fn(struct ctx *cx, struct cutover *c);

struct step {
	const char *name;
	const char *sentence; /* what an operator reads while it lasts */
	step_fn *run, *undo;  /* NULL: nothing to do */
	rehearse_fn *rehearse;
	bool point_of_no_return;
	bool own_record;
	bool in_hold;
	bool serving; /* clients write at the new side by then: it may take as long as it takes */
	const char *before, *after; /* fault points */
};

extern const struct step cutover_steps[];
extern const int cutover_steps_count;

/* Its number, or -1. */
int step_find(const char *name);
/* The one after which there is only forward. */
int step_commit(void);
/* Of an attempt left at that step, by its record: the last one that may have begun. */
int step_reached(int recorded);
/* Can step "finish" never be done, as its stream is gone? Sets closed: why there is no way back. */
bool finish_is_in_vain(struct workflow *w, const struct err *why);

#endif
