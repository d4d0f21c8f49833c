/*
 * route.h - where every table is served: an immutable snapshot of the topology, swapped whole.
 *
 * A snapshot is made of the records of keyspaces and tablets, of the routing rules, and of the workflows'
 * switch keys. It is shared by all loops and never changes; who keeps one over a wait holds a reference.
 * The rules' version is that of the rules themselves: two snapshots with the same version may differ in
 * what the switch keys say (each has the revision of its last change), and in where a keyspace's server is.
 * epoch is the gate's lease epoch under which the rules were read: a rule is
 * to be believed only while that lease is held (lease_view.h).
 *
 * Names compare as bytes, as on servers with lower_case_table_names = 0.
 */
#ifndef GATE_ROUTE_H
#define GATE_ROUTE_H

#include "gate/known_rules.h"

struct route_keyspace {
	const char *name, *database;
	const char *sidecar; /* the database of our own there */
	const char *server;  /* of its primary; NULL while there is none */
	const char *follows; /* the keyspace that new tables are made in; "": itself */
};

struct route_rule {
	const struct routing_rule *record;
	const struct route_keyspace *to; /* NULL: the keyspace is gone */
	const struct route_keyspace *other; /* of its workflow's other side; NULL: no workflow, or gone */
};

struct route_switch {
	struct switch_record record;
	int64_t revision;   /* of its last change */
	const char *server; /* of the side that serves now; NULL: none, or it governs no rule */
};

struct route {
	_Atomic int refs;
	struct arena arena;
	uint64_t number; /* of this gate's routes, each above the last */
	uint64_t epoch;
	char version[64];          /* of the servers, for greetings */
	struct rule_set *set;      /* a reference */
	struct rules_record rules; /* what they come to; as set->rules */
	struct route_rule *ruled;  /* as rules.rules */
	struct route_switch *switches;
	size_t switches_count;
	struct route_keyspace *keyspaces;
	size_t keyspaces_count;
	const char **vtctlds; /* addresses */
	size_t vtctlds_count;
	struct map by_keyspace;
};

struct route_stamp {
	uint64_t number, epoch;
};

/* The JSON texts of records; rules may be NULL: none yet. */
struct route_source {
	const struct slice *keyspaces, *tablets;
	size_t keyspaces_count, tablets_count;
	const struct slice *vtctlds;
	size_t vtctlds_count;
	struct rule_set *rules;
	const struct known_switch *switches; /* of all workflows that govern one of the rules */
	size_t switches_count;
	struct route_stamp stamp;
	const char *version; /* "": not known yet */
};

/* With one reference. */
int route_new(const struct route_source *from, struct route **out, struct err *err) MUST_USE;
struct route *route_ref(struct route *r);
void route_unref(struct route *r); /* NULL is fine */

const struct route_keyspace *route_keyspace(const struct route *r, struct slice name);
const struct route_rule *route_rule(
    const struct route *r, struct slice keyspace, struct slice table);
/* A database of the servers themselves: each has its own. ASCII case ignored. */
bool route_is_system(struct slice database);
/* A database that no client may use under this name: a sidecar, ASCII case ignored, or a keyspace's that
 * has another name. */
bool route_is_hidden(const struct route *r, struct slice database);
/* At its server are the databases that are no keyspace, for a session that has used this one last. Without
 * one (SLICE_NULL) they are known only while there is one server. NULL: not known. */
const struct route_keyspace *route_base(const struct route *r, struct slice last);
/* A rule for a table of that name in any keyspace, ASCII case ignored. */
const struct route_rule *route_rule_named(const struct route *r, struct slice table);
/* The first keyspace, by name, that this server has; NULL for none. */
const struct route_keyspace *route_keyspace_at(const struct route *r, const char *server);
/* Any keyspace with a server, the first by name; NULL when there is none. */
const struct route_keyspace *route_any(const struct route *r);

#endif
