/*
 * world.h - a gate's sessions between clients and two scripted servers, on virtual time.
 *
 * db1:3306 has keyspace customer, db2:3306 new_customer. A server knows what a transaction is and
 * answers every statement: a SELECT with one row, its own name; writes with OK. It writes down what
 * it was told, "db1: BEGIN"; commands of the gate's own (resets, databases) are left out unless
 * asked for.
 */
#ifndef TESTS_UNIT_GATE_WORLD_H
#define TESTS_UNIT_GATE_WORLD_H

#include "gate/client_connection.h"
#include "mysql/client.h"
#include "fake/fakemysql.h"
#include "unit/gate/routes.h"

struct world {
	struct gate_loop gate_loop;
	struct lease_view lease;
	struct credentials *credentials;
	struct fake *db1, *db2;
	struct listener *listener;
	struct group group;
	struct buf said; /* what servers were told, one line each */
	uint32_t clients;
	int refreshes;
	int64_t refreshed_to; /* a refresh brings these rules: users at new_customer; 0: nothing */
	bool fence;           /* writes to users at db1 are refused */
	int victims;          /* so many statements with the word victim are a deadlock's */
	bool autocommit_off;
	bool chain;     /* COMMIT begins the next transaction: completion_type */
	bool databases; /* what is told of default databases is written down as well */
	usec slow_kill; /* a KILL takes so long */
	usec slow;      /* a statement with the word slow takes so long */
};

typedef void story_fn(struct ctx *cx, struct world *w);

/* Runs the story in a task and everything to its end. The route is version 0 at first. */
void world_run(story_fn *story);
void world_rules(struct world *w, int64_t version, const char *to, enum rule_phase phase);
/* Until the lease is gone. */
void world_lease(struct world *w, uint64_t epoch, usec until);

/* Lets time pass. */
void world_pause(struct ctx *cx, usec time);

struct mysql_client *world_client(struct ctx *cx, const char *database);
/* OK, or the error's number. */
int world_do(struct ctx *cx, struct mysql_client *c, const char *sql);
/* A command that is no query, "@" left out: its number and what follows. OK, or the error's number. */
int world_command(struct ctx *cx, struct mysql_client *c, const void *packet, size_t len);
/* A prepared statement without parameters: its number; and its execution, as world_do(). */
uint32_t world_prepare(struct ctx *cx, struct mysql_client *c, const char *sql);
int world_execute(struct ctx *cx, struct mysql_client *c, uint32_t id);
/* The one value of a SELECT: which server answered. "error 1234" otherwise. */
const char *world_ask(struct ctx *cx, struct mysql_client *c, const char *sql);
/* What servers were told since the last call is exactly this. */
void world_expect(struct world *w, const char *said);

/* A statement in a task of its own. */
struct background {
	struct mysql_client *client;
	const char *sql;
	bool done;
	int rc; /* as world_do() */
	usec at;
	struct group *group;
};

void world_start(
    struct world *w, struct background *b, struct mysql_client *client, const char *sql);

#endif
