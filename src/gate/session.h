/*
 * session.h - one client: its connection, what it has set, its transaction, the backends it holds.
 *
 * Transaction
 *
 *          BEGIN                     first statement that names a table
 *   NONE ---------> PENDING -----------------------------------------> OPEN
 *    ^                 | COMMIT, ROLLBACK                               |
 *    +-----------------+------------------------------------------------+  the server says so
 *
 *   NONE -> PENDING      begin() in dispatch.c, with session_begin_with(); session_use_next() for what
 *                        SET TRANSACTION said
 *   PENDING, NONE -> OPEN, OPEN -> NONE
 *                        session_take_status(), as the server's reply says; with autocommit off a
 *                        statement goes from NONE to OPEN
 *   PENDING, OPEN -> NONE  session_end_txn(): COMMIT and ROLLBACK, or session_drop_backend() when
 *                        the connection has gone
 *
 * NONE     No transaction. Each statement may go to another server.
 * PENDING  The client has begun, and no server knows: which one it will be is not known before a table
 *          is named. begin has what to send ahead of that statement.
 * OPEN     A server has it: that of slots[txn_slot].
 *
 * A slot is empty, or has a backend that is IN USE or PARKED (pool.h).
 *
 *   empty  -> IN USE     session_backend()
 *   IN USE -> PARKED     session_rest(), at the end of each statement, unless the session has something
 *                        there that cannot be repeated elsewhere
 *   PARKED -> IN USE     session_backend(), session_keep()
 *   PARKED -> empty      another session has taken it (pool_take()), it was parked for too long, or its
 *                        server has closed it (session_backend())
 *   any    -> empty      session_drop_backend(), session_reset(), session_done()
 *
 * Invariants (session_check() looks at all but (6))
 *   (1) OPEN: slots[txn_slot] is IN USE.
 *   (2) view is set only in OPEN, by a plain read under REPEATABLE READ or SERIALIZABLE: until
 *       the transaction ends its plain reads are routed by it.
 *   (3) bound >= 0: slots[bound] is IN USE. So is every slot that keeps: what is there cannot be
 *       named elsewhere. home is the first of them.
 *   (4) While LOCK TABLES is in force the session's work counts as one that has written: a cutover's
 *       own lock would wait for it, and it must still be let through to its UNLOCK TABLES.
 *   (5) A snapshot beside the transaction (snapshot.h) is IN USE and ends with it, its connection closed.
 *       What it says of transactions is not the session's.
 *   (6) Between two statements every backend that none of (1), (3), (4), (5) and no insert id keeps is
 *       PARKED: an idle client holds no connection that another one could use.
 *
 * An example: table users has moved to server B, all others are on A.
 *
 *   the client says            txn      slots
 *   SELECT ... FROM orders     NONE     0: A, IN USE while it runs, then PARKED
 *   BEGIN                      PENDING  0: A, PARKED. Nothing was sent to a server.
 *   UPDATE users ...           OPEN     1: B, IN USE. BEGIN went ahead of it. txn_slot = 1
 *   SELECT ... FROM orders     OPEN     refused (1235): it has written at B. txn_slot = 1
 *   COMMIT                     NONE     1: B, PARKED, after B's reply says that none is open
 *   (idle; others need A)      NONE     0: empty, 1: B, PARKED
 *   SELECT ... FROM orders     NONE     0: A again, a connection that is reset and given the settings
 */
#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include "gate/charset.h"
#include "gate/gate_loop.h"
#include "gate/prepared.h"
#include "gate/settings.h"
#include "gate/temporary.h"
#include "sql/statement.h"

enum {
	SLOTS_MAX = 4,         /* servers that one session uses at a time */
	BEGIN_MAX = 16 * 1024, /* bytes of BEGIN and savepoints: some 700 of those */
};

/* What comes after COMMIT and ROLLBACK that do not say so themselves. */
enum completion { COMPLETION_NONE, COMPLETION_CHAIN, COMPLETION_RELEASE, COMPLETION_UNKNOWN };

enum txn_state { TXN_NONE, TXN_PENDING, TXN_OPEN };

struct kill_question;

struct session {
	struct list_node node; /* in the loop's sessions */
	struct gate_loop *loop;
	struct task *task; /* that runs it */
	uint32_t id;       /* the client's connection id */
	uint64_t owner; /* backend.session of those with its state; another one after each reset */
	struct conn *conn;
	struct packets client;
	uint64_t caps;
	uint8_t collation;
	char *user;
	char *keyspace; /* NULL: none; or a database that is no keyspace, at base's server */
	char *base;     /* the last that was a keyspace; NULL: none was */
	size_t keyspace_len, base_len;
	const struct route_keyspace *own; /* keyspace's, by the route of this number; NULL: it has none */
	uint64_t own_number;              /* 0: not looked for */
	struct settings settings;
	unsigned modes;         /* of sql_mode, for the lexer */
	struct charset charset; /* of the client's statements */
	bool autocommit;
	enum isolation isolation;
	struct arena arena;   /* of the statement */
	struct slice sql;     /* of the statement, while it is served; or SLICE_NULL */
	enum command command; /* being served, or the last one */
	usec since;           /* it has come, or its answer has gone (idle) */

	struct backend *slots[SLOTS_MAX];
	int bound;       /* a slot, or -1 */
	int insert_slot; /* whose server alone knows LAST_INSERT_ID(); -1: it is insert_id */
	uint64_t insert_version;
	char insert_id[24];        /* digits; "" when its connection was lost */
	int last;                  /* the slot of the last statement, or -1 */
	uint64_t last_serial;      /* of the backend that was in it */
	unsigned keeps[SLOTS_MAX]; /* what cannot be repeated: enum statement_leaves (3) */
	int home; /* where statements without tables find them; -1: no slot keeps */

	/* Where a setting is that cannot be repeated: nothing may run elsewhere as if it were not
	 * set. -1: there is none; SLOTS_MAX: it was lost with its connection. */
	int only_slot;
	struct temporary_tables temporary; /* ever made */
	struct buf handlers;               /* that are open (handler.h) */
	int lock_slot;                     /* the first where LOCK TABLES is in force (4), or -1 */
	bool locked[SLOTS_MAX];            /* all of them */

	enum txn_state txn;
	int txn_slot;
	bool snapshots[SLOTS_MAX]; /* snapshots beside txn_slot's (5) */
	bool txn_named;            /* it has named a table */
	bool txn_read_only;
	struct buf begin;    /* what to begin with, here or elsewhere: session_begin_with() */
	bool begin_cut;      /* not all of it was kept: it cannot go elsewhere */
	struct buf next;     /* SET TRANSACTION: in front of the next begin, and like it */
	size_t next_used;    /* bytes of begin that came from next for the present statement */
	struct route *view;  /* (2) */
	struct route *began; /* OPEN: the route when it began; NULL: not known */
	struct touched touched; /* tables that it has named, as far as a move could end it (digest.h) */
	bool txn_shared;        /* WITH CONSISTENT SNAPSHOT: it has one at each server */
	struct work work;

	struct idmap statements; /* prepared ones: number to struct prepared */
	uint32_t statements_next;
	uint32_t prepared_last;  /* what PREPARED_LAST means; 0: none */
	struct map named;        /* SQL's own: name to struct named */
	struct prepared *cursor; /* one with an open cursor on slots[bound] */
	bool idle;               /* waiting for the client's next command */
	bool replied;            /* something of the present answer has gone to the client */
	uint64_t rows;           /* of the last answer, or changed by it */
	bool failed;             /* that answer was an error */
	bool killed;
	int running;      /* the slot whose server executes the client's statement, or -1 */
	bool interrupted; /* by KILL QUERY, while it waits at the gate */
	int killers;      /* KILLs under way to that server (kill.h) */
	struct waitlist killers_gone; /* or an answer to kill has come */
	struct kill_question *kill;   /* this client says KILL and waits */
	uint64_t kill_tickets;
	bool answered; /* the last statement, by the gate and not by slots[last] */
	char *signal;  /* answered with an error: the SIGNAL that raises it; or NULL */
	bool more;     /* statements of the same command follow this one */
};

void session_init(struct session *s, struct gate_loop *loop, struct conn *conn, uint32_t id);
/* Gives everything back; not the conn. */
void session_done(struct session *s);
/* Back to what it was after the handshake: COM_RESET_CONNECTION. */
void session_reset(struct session *s);
void session_set_keyspace(struct session *s, struct slice name);
/* Both as they are, to be freed by the session; what it had is the caller's. */
void session_put_keyspace(struct session *s, char *keyspace, char *base);
/* The keyspace at whose server the current database is; NULL: there is none. */
const struct route_keyspace *session_place(const struct session *s, const struct route *r);
void session_set_user(struct session *s, const char *user);

/* The slot of a backend on this server, IN USE. May wait for one; what the session has set is on
 * it. */
int session_backend(
    struct ctx *cx, struct session *s, const struct route_keyspace *where, int *slot) MUST_USE;
/* The backend's default database. */
int session_use(struct ctx *cx, struct session *s, int slot, const char *database) MUST_USE;
/* The default database in which names of the keyspace are understood there. */
int session_use_keyspace(
    struct ctx *cx, struct session *s, int slot, struct slice keyspace, struct slice base) MUST_USE;
/* The same of the session's own. It runs for every statement: the route is asked once. */
int session_use_own(struct ctx *cx, struct session *s, int slot) MUST_USE;
/* The statement generated an insert id there. */
void session_note_insert_id(struct session *s, int slot);
/* False when it was lost with its connection. */
bool session_has_insert_id(const struct session *s);
/* Asks for it, so that its backend need not be kept. */
int session_save_insert_id(struct ctx *cx, struct session *s) MUST_USE;
/* Makes LAST_INSERT_ID() of this slot the session's. */
int session_carry_insert_id(struct ctx *cx, struct session *s, int slot) MUST_USE;
/* The statement is over: parks what need not be kept. */
void session_rest(struct session *s);
/* A backend that broke, or that carries something of unknown state. Ends the transaction when it
 * was there. */
void session_drop_backend(struct session *s, int slot);
/* How the lexer is to read its statements: modes, and the servers' version. */
unsigned session_modes(const struct session *s);
/* What the last reply says about transaction and modes. */
void session_take_status(struct session *s, int slot, uint16_t status);
void session_end_txn(struct session *s);
/* Adds a statement to what the transaction begins with: BEGIN, then savepoints. false: too much. */
bool session_begin_with(struct session *s, struct slice sql) MUST_USE;
/* The next of them; false at the end. *at starts at 0. */
bool session_next_begin(const struct session *s, size_t *at, struct slice *sql);
/* The transaction ends: which tables it has named is noted (digest.h). */
void session_note_span(struct session *s);
/* A statement begins a transaction without a BEGIN: it gets what SET TRANSACTION said. */
void session_use_next(struct session *s);
/* It was not sent after all: the next one gets that. */
void session_unuse_next(struct session *s);
/* Of the present transaction, or else the session's. */
enum isolation session_isolation(const struct session *s);
/* The slot has something that no other connection can be given. */
void session_keep(struct session *s, int slot, unsigned what);
/* Does another slot than this one keep any of it? */
bool session_keeps_elsewhere(const struct session *s, int slot, unsigned what);
/* The slot keeps this no longer. */
void session_keep_no_more(struct session *s, int slot, unsigned what);
/* The first slot that keeps any of it, or -1. */
int session_keeper(const struct session *s, unsigned what);
/* LOCK TABLES is in force there. */
void session_locked(struct session *s, int slot);
void session_end_snapshots(struct session *s);
/* It is in force no longer: the server has said so, or the connection has gone. */
void session_unlocked(struct session *s, int slot);
int session_locked_count(const struct session *s);

/* A value of completion_type, as a literal. */
enum completion session_completion_of(struct slice value);
enum completion session_completion(const struct session *s);
/* The flags that are true of the session, for answers of our own. */
uint16_t session_status(const struct session *s);
/* What of it the server of this slot does not know: a transaction that no server knows of yet, or another
 * one. 0: nothing. told: what that server says in an OK. */
uint16_t session_status_elsewhere(const struct session *s, int slot, uint16_t told);
int session_send_ok(struct ctx *cx, struct session *s) MUST_USE;
/* The last statement was answered by that slot's server. */
void session_last(struct session *s, int slot);
/* The last statement was answered by the gate: ROW_COUNT() and the like ask about this answer. e: the error
 * that it was, or NULL. */
void session_answered(struct session *s, const struct err *e);
/* Counts an error that the client is sent, and logs one of ours now and then. */
void session_complain(struct session *s, const struct err *e);
/* Sends the error to the client; 0 when that succeeded. */
int session_send_err(struct ctx *cx, struct session *s, const struct err *e) MUST_USE;
/* The same; a warning, whose sqlstate is 01000, comes with an OK. */
int session_send_diagnostic(struct ctx *cx, struct session *s, const struct err *e) MUST_USE;
/* One command on a backend whose answer is dropped; a server's ERR is ERR_SERVER. */
int session_side_command(struct ctx *cx, struct session *s, int slot, struct slice packet) MUST_USE;
/* Whatever completion_type says. */
#define SIDE_COMMIT   "COMMIT AND NO CHAIN NO RELEASE"
#define SIDE_ROLLBACK "ROLLBACK AND NO CHAIN NO RELEASE"
int session_side_query(struct ctx *cx, struct session *s, int slot, struct slice sql) MUST_USE;
/* May the connection be closed without the client losing anything but the connection? */
bool session_at_rest(const struct session *s);
/* SLICE_NULL: none. */
static inline struct slice
session_keyspace(const struct session *s)
{
	return slice_of(s->keyspace, s->keyspace_len);
}

/* The same. */
static inline struct slice
session_base(const struct session *s)
{
	return slice_of(s->base, s->base_len);
}

/* What the route says of the session's keyspace, if it has been asked; NULL: nothing, or not yet. */
static inline const struct route_keyspace *
session_own(const struct session *s, const struct route *r)
{
	return s->own_number == r->number ? s->own : NULL;
}

/* Has any slot something that only it has? Asked several times a statement, and rarely so. */
static inline bool
session_keeps_any(const struct session *s)
{
	static const unsigned nothing[SLOTS_MAX];
	static const bool none[SLOTS_MAX];

	return memcmp(s->keeps, nothing, sizeof(s->keeps)) != 0 ||
	    memcmp(s->snapshots, none, sizeof(s->snapshots)) != 0;
}

/* Aborts where one of (1) to (5) does not hold. */
void session_check(const struct session *s);

#endif
