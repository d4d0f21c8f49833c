/*
 * tablet.h - what vttablets are asked, and what they answer: one request and one reply for each method.
 *
 * A workflow has a stream for each direction that it has had, counted by rounds: 1 forth, 2 back, 3 forth
 * again. What is said below of a stream is of the request's round; fences and locks are the workflow's.
 *
 * POST /tablet/<method>; the tables of members (topo/message.h) are in tablet.c. A move has two ends:
 * rows go from one to the other, and a move that comes back has them exchanged; which end the server
 * is that is asked, side says. Nothing here is called source or target.
 *
 *  status                    health of the server
 *  validate                  what a server needs for moves, each of it met or not. Privileges are tried by
 *                            doing, and change nothing
 *  check_from                may these tables be moved away: refuses (with a hint), or describes them.
 *                            Privileges are tried by doing, and undone
 *  check_to                  may they arrive: each missing, or empty and defined as definitions says
 *  survey                    what will hurt the move at this end, as far as its server tells: findings, and
 *                            how much there is to copy (MOVE_FROM); asks only. bytes: what is to arrive
 *  stream_create             makes the bare tables anew and starts the stream; idempotent
 *  stream_prepare            a way back: stores a stream of round 2 or higher that copies nothing and begins
 *                            at start, and does not start it. Idempotent for an attempt; a higher one's
 *                            takes the place of one that has not started
 *  stream_start              starts what was prepared; idempotent
 *  stream_status
 *  stream_throttle           its copy has these limits, and it does this on DDL, from now on, durably;
 *                            idempotent
 *  throttle_try              MOVE_TO: asks both servers once what these limits need to know; refuses a query
 *                            that fails, or lasts, and what the accounts may not ask. Changes nothing
 *  stream_suspend            the stream stops where it is, durably; stream_create has it go on.
 *                            Nothing without one
 *  stream_delete             stops and forgets the stream, and drops the tables that it made if told so and
 *                            it is not past its commit; idempotent
 *  fence_install             triggers, disarmed (MOVE_FROM) or armed (MOVE_TO); idempotent. ERR_TIMEOUT:
 *                            the table was never free (ctl/pause.h)
 *  fence_remove              triggers and fence rows go; idempotent, and as above
 *  objects_read              the definitions of the views and routines that move too
 *  objects_make              makes them, or makes them anew; refuses what clients cannot use there
 *  objects_drop              drops the routines, but those that stand at both ends, or were there before the
 *                            move; idempotent
 *  events_off                events that are enabled here no longer are, and none of the database runs any
 *                            more; refuses while one that runs once is due; idempotent
 *  events_on                 those that were enabled where events_off was asked are so here; idempotent
 *  triggers_read             the triggers of clients at the tables; refuses those that would do something
 *                            else at the other end
 *  triggers_try              can they be made here, and do they run? Tried on tables without rows, and undone
 *  triggers_drop             drops what triggers of clients the tables have here; idempotent
 *  next_values               the tables' next AUTO_INCREMENT values
 *  set_next_values           sets them: of a frozen stream to the number, of another one to no less than it
 *  lock                      MOVE_FROM, step 2: READ lock, position P, and the next AUTO_INCREMENT values.
 *                            It ends by unlock, by a lost connection, or with the program; the same
 *                            attempt again gives the same answer. MOVE_TO, step 4: READ lock of what was
 *                            frozen, then the guard's word; it ends by disarm, by thaw, and as above
 *  arm                       MOVE_FROM, step 3: the fence is armed, under the lock; idempotent. ERR_RETRY
 *                            without that lock
 *  lock_status               are that end's locks held still, and the fence of MOVE_FROM armed?
 *  unlock                    of MOVE_FROM; idempotent
 *  disarm                    fences of attempts up to this one refuse nobody any more; idempotent
 *  freeze                    step 3: waits until position is applied, and stops there; then sets the next
 *                            AUTO_INCREMENT values to the number, and makes the triggers of clients. The
 *                            reply has Q, where the server is after all that
 *  thaw                      the triggers that freeze has made go, the stream goes on; idempotent
 *  finish                    past the commit: the stream has ended for good, kept for its status
 *  vdiff_create, ...         comparisons of both sides: vdiff.h
 *  table_find                which exist, a view too; waits for who makes or drops one
 *  table_list                the names of a database's base tables
 *  table_sizes               how many bytes their rows have, as the server estimates; 0 of what is not there
 *  table_drop                DROP TABLE with its fence; refuses what does not exist
 *  table_rename              RENAME TABLE within its database, then its fence goes; idempotent
 *
 * An attempt that is lower than one seen before is refused with ERR_CONFLICT.
 */
#ifndef RPC_TABLET_H
#define RPC_TABLET_H

#include "base/fsm.h"
#include "rpc/definitions.h"
#include "rpc/findings.h"
#include "rpc/requirements.h"
#include "rpc/vdiff.h"
#include "task/task.h"
#include "topo/message.h"
#include "topo/on_ddl.h"
#include "topo/throttle_limits.h"

#include <stdbool.h>

enum tablet_method {
	TABLET_STATUS,
	TABLET_VALIDATE,
	TABLET_CHECK_FROM,
	TABLET_CHECK_TO,
	TABLET_SURVEY,
	TABLET_STREAM_CREATE,
	TABLET_STREAM_PREPARE,
	TABLET_STREAM_START,
	TABLET_STREAM_STATUS,
	TABLET_STREAM_THROTTLE,
	TABLET_THROTTLE_TRY,
	TABLET_STREAM_SUSPEND,
	TABLET_STREAM_DELETE,
	TABLET_FENCE_INSTALL,
	TABLET_FENCE_REMOVE,
	TABLET_FENCE_STATUS,
	TABLET_OBJECTS_READ,
	TABLET_OBJECTS_MAKE,
	TABLET_OBJECTS_DROP,
	TABLET_EVENTS_OFF,
	TABLET_EVENTS_ON,
	TABLET_TRIGGERS_READ,
	TABLET_TRIGGERS_TRY,
	TABLET_TRIGGERS_DROP,
	TABLET_NEXT_VALUES,
	TABLET_SET_NEXT_VALUES,
	TABLET_LOCK_PREPARE,
	TABLET_LOCK,
	TABLET_ARM,
	TABLET_LOCK_STATUS,
	TABLET_UNLOCK,
	TABLET_DISARM,
	TABLET_FREEZE,
	TABLET_THAW,
	TABLET_FINISH,
	TABLET_VDIFF_CREATE,
	TABLET_VDIFF_SHOW,
	TABLET_VDIFF_STOP,
	TABLET_VDIFF_RESUME,
	TABLET_VDIFF_DELETE,
	TABLET_TABLE_FIND,
	TABLET_TABLE_LIST,
	TABLET_TABLE_SIZES,
	TABLET_TABLE_DROP,
	TABLET_TABLE_RENAME,
	TABLET_METHODS,
};

/* Every request begins with it. */
struct tablet_request {
	usec timeout; /* the tablet gives up after that; 0: after its own time */
};

/* ---- About a move */

enum move_side { MOVE_FROM, MOVE_TO };

struct move_end {
	const char *server; /* "127.0.0.1:17101"; "" where nobody needs it */
	const char *database;
	const char *sidecar; /* our own database there; read from "": the default */
};

struct moved_names {
	const char *from, *to; /* of one table, at either end */
};

/* Alone it is the request of all methods about a move that are not below. */
struct move_request {
	struct tablet_request head;
	const char *workflow; /* "new_customer/users" */
	int round; /* which of the workflow's streams; 0, as of a time before they were counted: 1 */
	int attempt;
	enum move_side side; /* which end is asked */
	struct move_end from, to;
	struct moved_names *tables;
	size_t tables_count;
	const char **views; /* that move with them, under the same names */
	size_t views_count;
	struct moved_routine *routines; /* the same */
	size_t routines_count;
	/* In what is asked before a move and before a switch: tables of the end that is asked which no name
	 * is served from. Earlier moves have left them. */
	const char **away;
	size_t away_count;
	/* Of a call that makes or removes a fence: the gates make room for it (fence_status). Where a lock
	 * that waits would harm clients, it is not asked for without that. */
	bool room;
	/* As the workflow has them now: what a stream is made with, and stream_throttle changes. */
	struct throttle_limits limits;
	enum on_ddl on_ddl; /* the same of what it does on DDL */
};

struct check_from_request {
	struct move_request move;
	bool force;             /* goes on past views and the like that name a table */
	bool drop_foreign_keys; /* goes on without foreign keys that lead out of the set or into it */
	bool common; /* the other end's server is of another flavour: definitions in common form */
	bool with_views; /* those that name nothing but tables of the set, and each other, move too */
	bool with_routines; /* routines that name nothing else, or no table at all, move too */
	bool to_innodb;     /* tables of MyISAM and Aria move, into tables of InnoDB */
	bool way_back;      /* the switch is to leave one */
};

struct table_facts {
	const char *definition; /* SHOW CREATE TABLE without AUTO_INCREMENT=n, or in common form */
	const char *converted;  /* a sentence: what the copy has in another way; "" */
	const char *strict;     /* a sentence: it has no key, and what that costs; "" */
	int64_t rows_estimate;
};

struct check_from_reply {
	struct table_facts *tables; /* as the request's */
	size_t tables_count;
	const char *passed;  /* a sentence: what force passed; "" */
	const char *dropped; /* a sentence: foreign keys that it goes on without; "" */
	const char *restore; /* SQL that makes those again which are dropped here; "" */
	const char **views;  /* that move too */
	size_t views_count;
	struct trigger_list triggers; /* that move with their tables */
	struct routine_list routines; /* that move too */
	const char *staying;          /* a sentence: routines that stay, and why; "" */
};

struct check_to_request {
	struct move_request move;
	const char **definitions; /* of the tables at the other end; none: not compared */
	size_t definitions_count;
	struct trigger_list triggers; /* of the tables at the other end */
	struct routine_list routines; /* that are to be made here */
	bool common;                  /* as in check_from_request */
};

struct check_to_reply {
	struct moved_routine *kept; /* of the routines: those that are here, and the same */
	size_t kept_count;
};

struct survey_request {
	struct move_request move;
	int64_t bytes; /* MOVE_TO: of rows and indexes at the other end */
	/* MOVE_TO: rows at the other end that are too large for this one are looked for */
	bool before_copy;
};

struct survey_reply {
	struct findings findings;
	int64_t bytes; /* MOVE_FROM: the same of the tables here, as the server estimates */
};

struct fence_install_request {
	struct move_request move;
	bool force, drop_foreign_keys, way_back; /* as in check_from */
};

/* Of a server's binlog. */
struct place_of {
	const char *position; /* a GTID list, "0-1-42" */
	const char *file;
	int64_t offset;
};

struct stream_prepare_request {
	struct move_request move;
	/* P of the attempt: from there on nobody else may change the tables at move.to. */
	const char *guard_from;
	struct place_of start; /* Q of the attempt: where move.from is after the freeze */
};

struct stream_delete_request {
	struct move_request move;
	bool drop;
};

/* Phases of a stream, rows of stream_phases: what each means and what comes next. On disk as names, but for
 * STREAM_SUSPENDED and STREAM_ERROR, which are told in place of the phase that a command, or an error, has
 * stopped it in. */
enum stream_phase {
	STREAM_STARTING,
	STREAM_PREPARED,
	STREAM_COPYING,
	STREAM_CATCHING_UP,
	STREAM_INDEXING,
	STREAM_RUNNING,
	STREAM_FROZEN,
	STREAM_STOPPED,
	STREAM_SUSPENDED,
	STREAM_ERROR,
};
extern const struct fsm stream_phases;
const char *stream_phase_name(enum stream_phase p); /* "starting", "copying", "catching-up", ... */

enum table_progress {
	TABLE_INIT,
	TABLE_COPYING,
	TABLE_COPIED,
	TABLE_CATCHING_UP,
	TABLE_INDEXING,
	TABLE_RUNNING,
	TABLE_SWITCHED,
	TABLE_ERROR,
};
extern const char *const table_progress_names[]; /* "init", "copying", ...; NULL-terminated */
/* Of a table whose rows were all copied, or not, while its stream is in that phase. */
enum table_progress table_progress_in(enum stream_phase phase, bool copied);

struct table_status {
	enum table_progress progress;
	int64_t rows_estimate, rows_copied;
};

/* A statement of the source's on one of the tables. */
struct ddl_status {
	const char *table, *statement; /* UTF-8; what is none is a question mark */
	const char *state;             /* met, running, executed, failed, ignored, copied */
	const char *error;             /* of failed: the target's */
	const char *position;          /* behind it: a GTID list */
	int64_t at_us;                 /* the tablet's wall clock, when it was met */
};
extern const struct message ddl_status_message;

struct stream_status_reply {
	enum stream_phase phase;
	const char *error; /* why it stopped, or what it waits for; "" */
	const char *hint;
	const char *closed;   /* why there is no way back any more, a sentence; "" */
	const char *position; /* applied: a GTID list */
	/* The XA transaction that has been prepared for longest of those that have changed the tables; "" */
	const char *prepared;
	bool exact;           /* in exact mode, and every table is indexed */
	int64_t lag_ms;       /* -1: not known */
	int64_t guard_lag_ms; /* of the way back's guard, which reads its own server; as above */
	int64_t rows_copied, rows_total; /* the total is an estimate */
	const char *loaded_by;           /* how the copy writes rows, for people; "" */
	struct throttle_limits limits;   /* of the copy, in force */
	const char *throttled;           /* by what it is kept waiting now, for people; "" */
	int64_t throttled_us; /* since when, by the wall clock of the tablet; 0: it is not */
	int64_t changes_applied;
	struct table_status *tables; /* as the stream's */
	size_t tables_count;
	enum on_ddl on_ddl;     /* in force */
	struct ddl_status *ddl; /* that it has met, the newest first; the last ones alone */
	size_t ddl_count;
};
extern const struct message stream_status_reply_message;

struct auto_next {
	uint64_t next; /* 0: none */
};

struct next_values_reply {
	struct auto_next *tables;
	size_t tables_count;
};

/* As the request's; a routine that is gone is left out. */
struct objects_read_reply {
	struct view_definition *views;
	size_t views_count;
	struct routine_list routines;
};

struct objects_make_request {
	struct move_request move;
	struct view_definition *views;
	size_t views_count;
	struct routine_list routines;
};

struct triggers_read_reply {
	struct trigger_list triggers;
};

struct triggers_try_request {
	struct move_request move;
	struct trigger_list triggers;
};

struct set_next_values_request {
	struct move_request move;
	struct auto_next *values; /* as move.tables */
	size_t values_count;
};

struct freeze_request {
	struct move_request move;
	const char *position;
	struct auto_next *values; /* as move.tables; none: they stay */
	size_t values_count;
	struct trigger_list triggers; /* of the tables at the other end */
};

/* P; of MOVE_TO nothing. */
struct lock_reply {
	const char *position;     /* a GTID list, "0-1-42"; "" */
	struct auto_next *tables; /* as the request's */
	size_t tables_count;
};

/* Q */
struct freeze_reply {
	struct place_of place;
};

struct fence_status_request {
	struct move_request move;
	/* The gates have let the tables go, and keep clients off them for so long, in microseconds. */
	int64_t room_us;
};

struct fence_status_reply {
	bool waits; /* a call that makes or removes it has been refused a table that others use */
	bool asks;  /* its server cannot refuse at once: it asks for nothing before it has room */
};

struct lock_status_reply {
	bool held;
};

/* Of all methods about comparisons. */
struct vdiff_request {
	struct move_request move;
	const char *uuid;
	struct vdiff_options options; /* vdiff_create */
};

/* ---- About a server */

struct status_reply {
	bool healthy;
	const char *reason; /* "" or a sentence */
};

struct validate_request {
	struct tablet_request head;
	const char *database; /* the keyspace's, at the server */
};

struct validate_reply {
	const char *flavour, *version; /* "MariaDB", "10.11.14-MariaDB-..." */
	struct requirements list;
};
extern const struct message validate_reply_message; /* what vtctld answers, too */

struct tables_request {
	struct tablet_request head;
	const char *database;
	const char **tables;
	size_t tables_count;
};

struct table_rename_request {
	struct tablet_request head;
	const char *database, *table, *to;
};

struct table_found {
	bool exists;
};

struct table_find_reply {
	struct table_found *tables; /* as the request's */
	size_t tables_count;
};

struct table_size {
	int64_t bytes;
};

struct table_sizes_reply {
	struct table_size *tables; /* as the request's */
	size_t tables_count;
};

struct table_list_reply {
	const char **tables;
	size_t tables_count;
};

/* ---- The methods' shapes */

struct tablet_call {
	const char *name;
	const struct message *request, *reply;
};

extern const struct tablet_call tablet_calls[TABLET_METHODS];

/* From 1. */
int move_round(const struct move_request *r);

/* What a stream was created with, as its row keeps it: stream_create's request. Of a row that release 0.1
 * wrote, or one before this form, too. */
void stored_request_write(struct buf *out, const struct move_request *r);
int stored_request_read(
    struct arena *a, struct slice json, struct move_request *out, struct err *err) MUST_USE;

/* Asks a vttablet. request and reply are the method's own structs; what the reply points to is in
 * cx->arena. */
int rpc_tablet(struct ctx *cx, const char *address, enum tablet_method method, const void *request,
    void *reply) MUST_USE;

#endif
