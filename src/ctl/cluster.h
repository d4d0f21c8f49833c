/*
 * cluster.h - what vtctld looks up: keyspaces, tablets, gates.
 *
 * Nothing is remembered: each call reads the topology anew, and results live in
 * cx->arena. struct ctl is one vtctld; it holds no state of its own beyond
 * which workflows its tasks are working on.
 */
#ifndef CTL_CLUSTER_H
#define CTL_CLUSTER_H

#include "base/list.h"
#include "ctl/counts.h"
#include "rpc/api.h"
#include "rpc/tablet.h"
#include "task/group.h"
#include "topo/record.h"
#include "topo/topo.h"

struct ctl {
	struct topo *topo;
	const char *name;         /* how locks call this vtctld: its address and process */
	const char *http;         /* where it answers, for gates; NULL: nowhere */
	struct topo_lease *lease; /* of all its locks */
	struct group jobs;        /* one task per workflow at work here */
	struct list working;      /* struct job of each */
	struct waitlist kicked;
	bool kick; /* ctl_kick() */
	struct ctl_counts counts;
	bool naming; /* a task of this vtctld has the turn, or takes it (reroute.c) */
	bool dead;   /* a fault point has ended it: it does nothing more */
};

/* Somebody made or changed a workflow: whoever runs the jobs looks at once. */
void ctl_kick(struct ctl *c);

enum { CTL_LEASE_S = 3 }; /* as a gate's: what a killed vtctld's workflows wait for the next one */

/* ERR_REFUSED with a hint when there is no such keyspace. */
int cluster_keyspace(
    struct ctx *cx, struct ctl *c, const char *name, struct keyspace_record *out) MUST_USE;
/* The primary of shard 0; ERR_REFUSED when there is none. */
int cluster_primary(
    struct ctx *cx, struct ctl *c, const char *keyspace, struct tablet_record *out) MUST_USE;
/* A table of a keyspace, under its own name there. */
struct place {
	const char *keyspace, *table;
};

/* A method about that table alone, of the keyspace's primary, which has as long as cx: with a deadline. */
int cluster_table_call(struct ctx *cx, struct ctl *c, const struct place *p,
    enum tablet_method method, void *reply) MUST_USE;
/* Several of one keyspace. */
struct places {
	const char *keyspace;
	const char **tables;
	size_t count;
};

int cluster_tables_call(struct ctx *cx, struct ctl *c, const struct places *p,
    enum tablet_method method, void *reply) MUST_USE;
/* Renames that table, within its database; done again it is no error. */
int cluster_table_rename(
    struct ctx *cx, struct ctl *c, const struct place *p, const char *to) MUST_USE;
/* The tablet's record, by alias ("zone1-100"), whether the tablet runs or not; ERR_NOT_FOUND. */
int cluster_tablet(
    struct ctx *cx, struct ctl *c, const char *alias, struct tablet_record *out) MUST_USE;
/* What it last said of itself; one that says nothing is not healthy. */
int cluster_health(
    struct ctx *cx, struct ctl *c, const char *alias, struct health_record *out) MUST_USE;
/* Waits until the keyspace has a healthy primary. */
int cluster_wait_healthy(struct ctx *cx, struct ctl *c, const char *keyspace) MUST_USE;

#endif
