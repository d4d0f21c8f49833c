/*
 * workflow.h - one workflow's record, as whoever works on it holds it.
 *
 * The record in the topology is the workflow. A struct workflow is a copy with the revision that it
 * was read at.
 *
 *             workflow_load()                 fields of r are set
 *   EMPTY ----------------------> READ <-------------------------> CHANGED
 *     |  ^                         |  ^     workflow_save(),          |
 *     |  |    workflow_done()      |  |     or workflow_load()        |
 *     |  +-------------------------+  |                               |
 *     +---- r is filled, workflow_save(): makes a record -------------+
 *
 *   READ -> READ      workflow_load(), workflow_next(): what somebody else has made of it
 *   READ -> EMPTY     workflow_unmake() and then workflow_done(): the record is gone, or an older one
 *
 * EMPTY    No record was read: revision 0.
 * READ     r is the record as it was at revision. Somebody else may have replaced it since.
 * CHANGED  r says what the record is to be. workflow_save() replaces the record if nobody else has; with
 *          ERR_CONFLICT the copy stays CHANGED, and is to be loaded again.
 *
 * Where the workflow may go from each state is in workflow_states (topo/record.h).
 *
 * Invariants (workflow_check() looks at those with a *)
 *   (1)* Without a revision nothing of a former record is left: the next save makes a new one.
 *   (2)* r.state is the state at revision, or one edge of workflow_states away from it.
 *   (3)* r.attempt is never lower than it was at revision: what a tablet has seen stays outdated.
 *   (4)  Who holds an old copy changes nothing: the revision is compared in the transaction that writes.
 *   (5)  A state is saved before it is acted on (docs/architecture.md, section 6).
 *   (6)* Rows go forward in odd rounds and in reverse in even ones; so the side that serves is always
 *        workflow_from(), but between a commit and its release.
 *   (7)  Strings put into r live until workflow_save(), which reads everything back into an arena
 *        of its own; pointers into r die there, and in workflow_load() and workflow_next().
 *
 * An example: a job and a cancellation change the same record.
 *
 *   the job of "customer/users"                  a client's Workflow delete
 *   loads revision 40: COPYING                   loads revision 40: COPYING
 *   r.tables[0].rows_copied = 5000               r.state = CANCELLING, r.attempt 0 -> 2
 *                                                saves: revision 41
 *   saves: compares 40, finds 41: ERR_CONFLICT
 *   loads revision 41: CANCELLING, and does that
 */
#ifndef CTL_WORKFLOW_H
#define CTL_WORKFLOW_H

#include "ctl/acknowledge.h"
#include "ctl/cluster.h"
#include "rpc/api.h"
#include "rpc/tablet.h"
#include "topo/routing.h"
#include "topo/workflow_store.h"

/* Of a workflow, whichever way it goes (rpc/tablet.h: ends). */
enum side { SIDE_SOURCE, SIDE_TARGET };

struct workflow {
	struct ctl *ctl;
	char id[NAME_PAIR_MAX]; /* "new_customer/users" */
	struct arena arena;
	struct workflow_record r;
	/* In the arena: what it was read from, so that no more than what differs is written; NULL: EMPTY. */
	const struct workflow_texts *texts;
	int64_t revision;        /* of the topology, by the record's last write; 0: none was read */
	enum workflow_state was; /* at that revision; one that is to be made begins with CHECKING */
	int was_attempt;         /* the same: its number (3) */
	usec pause;              /* how long the pause lasts at most that RULES_PAUSE begins */
	bool makes_room;         /* for what it asks tablets (pause.h) */
	struct known_sides *known;     /* workflow_know_sides(), or NULL */
	const struct swapped *swapped; /* by the last save, if that was a swap (rules.h); or NULL */
};

/* Fills an empty one: no record yet. */
void workflow_init(struct workflow *w, struct ctl *c, const char *id);
/* To EMPTY; its id stays. */
void workflow_done(struct workflow *w);
/* Aborts where (1), (2), (3) or (6) does not hold. */
void workflow_check(const struct workflow *w);

/* Reads it, or reads it anew. ERR_NOT_FOUND. */
int workflow_load(struct ctx *cx, struct workflow *w) MUST_USE;
/* Replaces it, or makes it when there is none. ERR_CONFLICT: somebody else was faster. */
int workflow_save(struct ctx *cx, struct workflow *w) MUST_USE;
/* The same together with what else is compared and done, all or nothing; NULL: nothing. Together with
 * WORKFLOW_OPS_MAX that is TOPO_OPS_MAX at most. */
int workflow_save_with(struct ctx *cx, struct workflow *w, const struct topo_txn *others) MUST_USE;
/* Waits for what somebody makes of it next, and reads that. ERR_NOT_FOUND: it is gone. */
int workflow_next(struct ctx *cx, struct workflow *w) MUST_USE;
/* Waits so long, or until somebody has changed the record: it may have been cancelled. */
int workflow_sleep(struct ctx *cx, const struct workflow *w, usec wait) MUST_USE;
/* Its check is not over, or has refused it: nothing was made, and deleting it puts back what its name
 * stood for before. */
bool workflow_unmade(const struct workflow_record *r);
/* Does that. w is done with, but for its id. ERR_CONFLICT: somebody else was faster. */
int workflow_unmake(struct ctx *cx, struct workflow *w) MUST_USE;
/* Adds an event of now; saved with the next save. */
void workflow_note(struct workflow *w, const char *step, const char *what, const char *text);
/* When that step of the record's attempt did that last, wall clock; 0: never. */
int64_t workflow_event_at(const struct workflow *w, const char *step, const char *what);
/* The text of the last event of the record's attempt that says "failed"; NULL: none. */
const char *workflow_failure(const struct workflow *w);
/* Nothing more will be done for it. */
bool workflow_ended(const struct workflow_record *r);
bool workflow_switched(const struct workflow_record *r);
/* It has ended and something is left to do: the end of a switch, or what was asked for since. */
bool workflow_has_work(const struct workflow_record *r);
/* Switched, and the old side follows: ReverseTraffic is possible as far as the record tells. */
bool workflow_has_way_back(const struct workflow_record *r);
/* Somebody has asked for it, and it is not over. */
bool workflow_cancelling(const struct workflow_record *r);
/* Gives it the next even number: whatever still travels under those before is outdated everywhere. */
void workflow_outdate(struct workflow *w);
/* A fault point of what works on it. It stands for the death of this vtctld: ERR_CANCELLED, and
 * nothing more is done by it. */
int workflow_pass(struct ctx *cx, struct workflow *w, const char *point) MUST_USE;
/* "customer.users,orders", for people. */
const char *workflow_tables(struct arena *a, const struct workflow_record *r, enum side s);
/* "new_customer.w", as people type it, for hints. */
const char *workflow_typed(struct arena *a, const struct workflow_record *r);
/* Is that table its source or its target? */
bool workflow_uses(const struct workflow_record *r, const char *keyspace, const char *table);

/* ---- The two sides */

static inline enum side
workflow_from(const struct workflow *w)
{
	return w->r.direction == DIRECTION_FORWARD ? SIDE_SOURCE : SIDE_TARGET;
}

static inline enum side
workflow_to(const struct workflow *w)
{
	return w->r.direction == DIRECTION_FORWARD ? SIDE_TARGET : SIDE_SOURCE;
}

/* Where the rows of that round come from. */
static inline enum side
round_from(int round)
{
	return round % 2 == 1 ? SIDE_SOURCE : SIDE_TARGET;
}

/* Reads from the topology where both are. Calls go there without a look at it, since clients wait for each,
 * until one fails, or workflow_forget_sides(). */
int workflow_know_sides(struct ctx *cx, struct workflow *w) MUST_USE;
void workflow_forget_sides(struct workflow *w);
const char *side_keyspace(const struct workflow *w, enum side s);
const char *side_table(const struct workflow *w, enum side s, size_t i);
/* All names that are routed: the tables', behind them the views', and behind them the routines'. */
size_t workflow_names(const struct workflow *w);
size_t workflow_tables_and_views(const struct workflow *w);
const char *side_name(const struct workflow *w, enum side s, size_t i);
/* Does that name stand at both sides, whichever serves? */
bool workflow_name_is_both(const struct workflow *w, size_t i);
/* So long, and so much longer for each table: for what is done to one after the other. */
usec workflow_longer(const struct workflow *w, usec within);
/* What all requests about the move begin with, to the tablet of that side; the caller adds the rest. Of the
 * present round, or of another one. */
int side_request(
    struct ctx *cx, const struct workflow *w, enum side s, struct move_request *out) MUST_USE;
int round_request(struct ctx *cx, const struct workflow *w, int round, enum side s,
    struct move_request *out) MUST_USE;
/* Of what is asked before a move and before a switch: with the tables of that end that nobody is served
 * from. */
int side_check_request(
    struct ctx *cx, const struct workflow *w, enum side s, struct move_request *out) MUST_USE;
/* Calls the tablet of the side that q names, until cx's deadline; its errors name it. q and reply are the
 * method's own structs; q begins with a struct move_request, whose timeout is set. */
int side_call(struct ctx *cx, const struct workflow *w, enum tablet_method method, void *q,
    void *reply) MUST_USE;
/* Does the tablet of that side answer? */
int side_ask(struct ctx *cx, const struct workflow *w, enum side s) MUST_USE;
/* The views and routines that move too: as they are where they are served, and made where they go to,
 * whether they are there or not. */
int side_objects_read(
    struct ctx *cx, const struct workflow *w, struct objects_read_reply *out) MUST_USE;
int side_objects_make(
    struct ctx *cx, const struct workflow *w, const struct objects_read_reply *from) MUST_USE;
int side_objects_carry(struct ctx *cx, const struct workflow *w) MUST_USE; /* one after the other */
/* Events that move are enabled at that side, which serves, as they were. */
int side_events_on(struct ctx *cx, const struct workflow *w, enum side s) MUST_USE;
/* The fence of that side, made and removed under the record's number. */
int side_fence_install(struct ctx *cx, const struct workflow *w, enum side s) MUST_USE;
int side_fence_remove(struct ctx *cx, const struct workflow *w, enum side s) MUST_USE;
/* Forgets that round's stream, where it ends, and drops the tables that it has made if told so. */
int round_stream_delete(struct ctx *cx, const struct workflow *w, int round, bool drop) MUST_USE;
/* side_call() about another round, with nothing but the record's attempt, and no reply. */
int round_do(struct ctx *cx, const struct workflow *w, int round, enum side s,
    enum tablet_method method) MUST_USE;
/* side_call() with nothing but the attempt, and no reply. */
int side_do(struct ctx *cx, const struct workflow *w, enum side s, enum tablet_method method,
    int attempt) MUST_USE;

#endif
