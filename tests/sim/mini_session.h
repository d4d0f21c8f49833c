/*
 * mini_session.h - a session of a small server: what it waits for, and its transaction.
 */
#ifndef TESTS_SIM_MINI_SESSION_H
#define TESTS_SIM_MINI_SESSION_H

#include "mysql/server.h"
#include "sim/minidb.h"

enum { MINI_LOCK_NAME_MAX = 80 };

struct minidb {
	struct minidb_params params;
	struct mini_store store;
	struct mini_binlog binlog;
	struct rand rand;
	struct rand victims;
	const char *cut_at, *cut_behind, *late_at; /* NULL: nowhere */
	struct list sessions;
	struct list pending;       /* in the binlog and not visible yet, in order */
	struct waitlist ended;     /* a transaction has, or a user lock is free */
	struct waitlist written;   /* something is in the binlog */
	struct listener *listener; /* NULL: down */
	struct group group;
	uint32_t next_id;
};

struct mini_session {
	struct list_node node, pending;
	struct minidb *db;
	struct mini_txn txn;
	struct arena arena; /* of one statement */
	uint32_t id, replica_id;
	bool dead; /* the server went down, or killed it */
	bool found_rows;
	bool held; /* autocommit=0 */
	bool ends; /* behind its COMMIT */
	usec heartbeat;
	bool seeks;                    /* its dump is asked for by GTIDs */
	uint64_t sought;               /* of the GTID that its dump begins behind */
	char lock[MINI_LOCK_NAME_MAX]; /* "": none */
	/* Of a client: */
	struct conn *conn;
	struct packets packets;
	struct server_client client;
};

struct mini_session *session_new(struct minidb *db);
/* Undoes its transaction, frees its locks and itself. */
void session_free(struct mini_session *s);
/* Visible or undone (seq 0), whoever waited for it looks again. */
void session_end_txn(struct mini_session *s, uint64_t seq);
void session_make_visible(struct mini_session *s);

/* A random time up to max, mostly short. -1: cancelled, or the session is dead. */
int session_pause(struct ctx *cx, struct mini_session *s, usec max);
/* One statement; sql stays valid. -1: the session is at its end. */
int session_run(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out);
/* The client's file of a load, to its end, in out. */
int session_read_file(struct ctx *cx, struct mini_session *s, struct buf *out);

/* Where the binlog was when the group of this number had become the newest visible one. */
void minidb_place(const struct minidb *db, uint64_t seq, const char **file, uint64_t *offset);

#endif
