/*
 * workflow_store.h - a workflow in the topology: a head, its tables, its journal.
 *
 *   /workflows/<keyspace>/<name>                             the head: struct workflow_head
 *   /workflow_parts/<keyspace>/<name>/<move>/tables/<nnn>    WORKFLOW_PART_TABLES of its tables each
 *   /workflow_parts/<keyspace>/<name>/<move>/journal         its events
 *
 * Each key is bounded, whatever number of tables moves: a thousand tables and two hundred events in
 * one record would be some 200 kB, written anew with each step, and would not stay below the
 * 1.5 MB that etcd takes. Only parts whose text differs are written. Who looks for workflows reads
 * heads alone.
 *
 * <move> counts the moves that a name has stood for. While a new one is checked, the parts of the one
 * before are kept beside its own, as its head is kept in the new head's member before: a refusal puts back
 * that, and the parts are there. They go when the check is over.
 *
 * Invariants
 *   (1)  Whatever writes or deletes a part writes the head in the same transaction, and compares it.
 *   (2)  So no part is newer than its head. Whoever reads lists the parts after the head; where it finds
 *        a newer one, or not as many as the head says, somebody has written between the two, and it
 *        reads again.
 *   (3)  Parts that there are belong to the head's move, or to that of its member before.
 *
 *   revision                          a reader
 *     40      head, tables/000        reads the head: 40, 1 table
 *     41      head, tables/000        (a copy's progress)
 *                                     lists the parts: tables/000 of 41 > 40: again
 *                                     reads the head: 41; lists the parts: 41. That is one state
 *
 * Until version 0.2 all of it was one text, the head's. That is read as it is (workflow_head_read), and
 * what is written next is written in parts.
 */
#ifndef TOPO_WORKFLOW_STORE_H
#define TOPO_WORKFLOW_STORE_H

#include "topo/record.h"
#include "topo/topo.h"

enum {
	WORKFLOW_TABLES_MAX = 1000, /* of one move */
	/* 15 kB with usual names, and 100 kB with the longest ones. */
	WORKFLOW_PART_TABLES = 100,
	/* What a transaction needs beside others' operations: the head, each part, and as many of a move
	 * that goes away. */
	WORKFLOW_OPS_MAX = 1 + 2 * (1 + WORKFLOW_TABLES_MAX / WORKFLOW_PART_TABLES),
};

struct workflow_part {
	const char *key;
	struct slice text;
};

/* As it is in the topology, or is to be. */
struct workflow_texts {
	const char *id;   /* "new_customer/users", as keys have it */
	int64_t revision; /* of the head's last change; 0: there is none */
	struct slice head;
	struct workflow_part *parts; /* of its move, and of the one before */
	size_t parts_count;
};

/* "/workflows/..." */
const char *workflow_key(struct arena *a, const char *id);
/* All that is read is in cx->arena. ERR_NOT_FOUND. */
int workflow_fetch(
    struct ctx *cx, struct topo *t, const char *id, struct workflow_texts *out) MUST_USE;
const struct workflow_texts *workflow_texts_copy(struct arena *a, const struct workflow_texts *x);
int workflow_assemble(struct arena *a, const struct workflow_texts *x, struct workflow_record *out,
    struct err *err) MUST_USE;
/* Both, for who only reads. */
int workflow_whole(
    struct ctx *cx, struct topo *t, const char *id, struct workflow_record *out) MUST_USE;
/* Those of that prefix ("/workflows/") whose head is wanted (NULL: all), whole. */
struct workflow_found {
	const char *id;
	struct workflow_record r;
};
struct workflow_query {
	const char *prefix;
	/* of the head: tables and events are not known yet */
	bool (*wanted)(const struct workflow_found *head, const void *arg);
	const void *arg;
	struct workflow_found *items; /* in the order of their ids */
	size_t count;
};
int workflow_find(struct ctx *cx, struct topo *t, struct workflow_query *q) MUST_USE;
/* Puts r in the place of x, together with what others (NULL: nobody) compare and do; r NULL: deletes it.
 * ERR_CONFLICT when x is not what is there any more. Then x is what is there, with new texts in cx->arena;
 * of an error nothing is changed, but with ERR_RETRY in the topology (topo.h). */
int workflow_replace(struct ctx *cx, struct topo *t, struct workflow_texts *x,
    struct workflow_record *r, const struct topo_txn *others) MUST_USE;

#endif
