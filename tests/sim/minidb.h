/*
 * minidb.h - a small database server in memory, for simulations of the copy and the stream.
 *
 * It speaks the protocol on a virtual loop and interprets the statements that the
 * product sends (mini_sql.h), with read views, row locks, transactions, row counts and a
 * binlog of real events (mini_binlog.h). It takes its time, by its own random
 * numbers, and does what real servers do to their clients:
 *
 *   group commit      a transaction is in the binlog, and sent, before it is visible
 *   broken clients    a statement that was received runs to its end although nobody
 *                     waits for its answer any more; then its transaction is undone
 *   locks             are waited for; deadlocks and long waits end with 1213 and 1205
 *   victims           a deadlock with somebody unknown undoes a client's transaction, at any of its
 *                     statements; what was sent behind it runs all the same
 *   restarts          sessions end, what was in the binlog stays, all else is undone
 *
 * A session of the world itself (minidb_open()) has no connection: minidb_exec() runs
 * its statements.
 */
#ifndef TESTS_SIM_MINIDB_H
#define TESTS_SIM_MINIDB_H

#include "base/rand.h"
#include "sim/mini_binlog.h"
#include "sim/mini_exec.h"
#include "task/group.h"
#include "task/net.h"

/* How long things take, at most; most are shorter by far. */
struct minidb_pace {
	usec statement; /* before it runs, and again before its answer */
	usec visible;   /* from the binlog to being visible */
	usec alter;     /* of a table */
	usec lock_wait; /* until 1205 */
	usec dump;      /* amid the binlog's events, now and then */
};

struct minidb_params {
	const char *address; /* "source:3306" */
	bool binlog;
	uint64_t seed;
	struct minidb_pace pace;
	uint64_t victim_one_in; /* of the clients' statements that write; 0: none */
	/* A transaction that changed something has become visible. NULL: nobody asks. */
	void (*committed)(void *arg);
	void *arg;
};

struct minidb;
struct mini_session;

struct minidb *minidb_start(const struct minidb_params *params);
void minidb_stop(struct minidb *db);

/* Down at once; minidb_up() opens it again, with a new binlog file. */
void minidb_crash(struct minidb *db);
void minidb_up(struct minidb *db);
bool minidb_is_up(const struct minidb *db);
/* FLUSH BINARY LOGS */
void minidb_rotate(struct minidb *db);

/* NULL while the server is down. */
struct mini_session *minidb_open(struct minidb *db);
void minidb_close(struct mini_session *s);
/* KILL of the client that has this user lock, which the heir has at once. false: nobody has it. */
bool minidb_kill_for(struct mini_session *heir, const char *lock);
/* Runs one statement: 0, or the number of its error; -1: the server has gone, close the session. */
int minidb_exec(struct ctx *cx, struct mini_session *s, const char *sql);
/* The next statement with these words is never run: its connection ends instead. Borrows. */
void minidb_cut_at(struct minidb *db, const char *words);
/* The next transaction with a statement of these words is committed, and its connection ends in place of
 * the answer. Borrows. */
void minidb_cut_behind(struct minidb *db, const char *words);

/* The next statement with these words runs up to some seconds later than it comes, whatever becomes of its
 * client. Borrows. */
void minidb_late_at(struct minidb *db, const char *words);
/* Has it come? */
bool minidb_is_late(const struct minidb *db);

struct mini_store *minidb_store(struct minidb *db);
/* The number N of the last group in the binlog: its GTID is 0-1-N. */
uint64_t minidb_seq(const struct minidb *db);
uint64_t minidb_visible(const struct minidb *db);

#endif
