/*
 * link.h - one connection, as one client sees it: paced, timed, reconnecting.
 *
 * Every statement has one of three outcomes: the server did it, the server
 * refused it (nothing happened), or the connection went away first (nobody
 * knows). Errors are counted; lost connections apart from the others.
 */
#ifndef LOAD_LINK_H
#define LOAD_LINK_H

#include "stalls.h"

#include <mysql.h>
#include <stdatomic.h>
#include <stdbool.h>

enum outcome { DONE, REFUSED, LOST };

enum stmt_kind {
	STMT_SELECT,
	STMT_INSERT,
	STMT_UPDATE,
	STMT_DELETE,
	STMT_TXN,
	STMT_COMMIT,
	STMT_CONNECT
};
extern const char *const stmt_kind_names[];

struct settings {
	const char *host, *user, *password, *database, *journal, *summary, *socket;
	int port, clients, seconds;
	/* statements per second of all clients; 0 = as fast as they can */
	double rate;
	uint64_t seed;
	int64_t start_us; /* of this run */
	bool tolerate_disconnects;
	bool orders;  /* also writes orders.h's tables */
	bool burst;   /* the statements of a transaction follow one another at once */
	bool inserts; /* nothing but autocommit INSERTs */
};

/* What all clients of a run are told. */
struct steering {
	atomic_bool stop;
	atomic_bool rest; /* no new statement, except in a burst that has begun */
};

enum {
	FAILURES_KEPT = 10, /* the first few are told in full */
	PARAMS_MAX = 6,
};

struct failure {
	int64_t at_us;
	unsigned code;
	char text[256], sql[120];
};

struct link {
	const struct settings *set;
	const struct steering *steering;
	MYSQL *my; /* NULL when not connected */
	/* by enum prep of workload.c; made again on each connection */
	MYSQL_STMT *prepared[3];
	struct stalls stalls;
	bool in_burst;        /* in such a transaction */
	int64_t next_us;      /* when the rate lets the next statement go */
	pthread_mutex_t lock; /* of what follows: the control thread reads it */
	uint64_t errors, disconnects, wrong_reads;
	struct failure first[FAILURES_KEPT];
	int first_count;
};

/* A text result of one statement; free with link_free_result(). */
void link_init(struct link *l, const struct settings *set, const struct steering *steering);
void link_done(struct link *l);
/* A new connection with the session as the checks need it; NULL with *code and text on failure. */
MYSQL *link_open(const struct settings *set, unsigned *code, char *text, size_t size);
/* Connects, trying again until it works or the run is stopped (then false). */
bool link_ensure(struct link *l);
/* Runs one statement. *result may be NULL when none is wanted; else the caller frees it. */
enum outcome link_run(
    struct link *l, enum stmt_kind kind, const char *sql, size_t len, MYSQL_RES **result);
/* Executes prepared[which] (preparing sql first when needed) with text parameters; a NULL value is SQL NULL.
 * cols and lens, when given, get the one row of the result, valid until the next call; *found says
 * if there is one. */
struct reply {
	char bytes[6][1200];
	char *cols[6];
	unsigned long lens[6];
	bool found;
};
enum outcome link_execute(struct link *l, enum stmt_kind kind, int which, const char *sql,
    const char *const *params, struct reply *reply);
/* Something that the answer should not have said. */
void link_wrong_read(struct link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
