/*
 * complete.h - the end of a workflow that has switched: there is no way back any more.
 *
 *   SWITCHED ---> COMPLETING ---> COMPLETE
 *
 *   stream   the tablet of the side that does not serve stops the stream back and its guard, and
 *            forgets it; the stream before it is forgotten too
 *   tables   the old tables are dropped, renamed to _NAME_old, or kept: armed fence and all
 *   fence    the triggers at the served side go
 *   rules    the routes of the tables' names go if somebody has asked for that; else clients find the
 *            tables by
 *            the old names for ever
 *
 * (1) COMPLETING has a number above all that were given, as CANCELLING has (cancel.h).
 * (2) The stream and its guard end before a table is touched: neither ever reads, or closes a way back over,
 *     our own DROP.
 * (3) What is dropped or renamed belongs to the side that does not serve, never to "the source": no
 *     rule may route to it, and every gate has acknowledged that.
 * (4) Every step may be done again; they are begun from the first one by whoever resumes.
 *
 * Somebody asks for it (Complete), or a later command needs the tables: DropTable of an old one, and another
 * move of the same tables. A finished move never stands in the way of the next one; the old tables are kept.
 */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl/lines.h"
#include "ctl/rules.h"

struct complete_answer {
	bool already; /* it was complete before */
	struct lines lines;
};

/* What becomes of the old tables and of the rules. */
struct complete_wish {
	enum old_tables old_tables;
	bool remove_rules;
	bool dry_run; /* nothing is written: the answer's lines say what would be done */
};

/* Writes that it is wanted. ERR_REFUSED unless it has switched, or while an attempt is under way. */
int complete_ask(struct ctx *cx, struct ctl *c, const char *id, const struct complete_wish *wish,
    struct complete_answer *out) MUST_USE;
/* The wish of whoever needs the tables for something else. */
extern const struct complete_wish complete_keeping;
/* COMPLETING -> COMPLETE. -1: what it waits for is in the record's state_text. */
int complete_run(struct ctx *cx, struct workflow *w) MUST_USE;
/* Waits until it is complete. */
int complete_wait(struct ctx *cx, struct ctl *c, const char *id) MUST_USE;
/* Ends the ways back of other workflows that have switched and use a table of this one, and waits for
 * that; an event of each in w's record. */
int complete_others(struct ctx *cx, struct workflow *w) MUST_USE;
int complete_others_rehearse(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
/* Drops the workflow's tables and views at that side, as far as they are there. */
int complete_drop(struct ctx *cx, const struct workflow *w, enum side s) MUST_USE;

#endif
