/*
 * planner.h - a plan, a statement while plan_make() makes one of it, and the text that is sent in the end.
 */
#ifndef GATE_PLANNER_H
#define GATE_PLANNER_H

#include "gate/route.h"
#include "gate/temporary.h"
#include "sql/statement.h"

/* A table, by the name of the server that runs the statement and by the client's: perhaps the same one. */
struct plan_name {
	struct slice database, table; /* the server's */
	struct slice as_database, as_table;
};

struct plan {
	const struct route_keyspace *place; /* NULL: any server will do */
	const struct route_rule **ruled;    /* of the tables it names, each once */
	size_t ruled_count, ruled_room;
	bool names_tables;
	/* it names no table and must run at the place all the same, because it means the keyspace itself
	 * or something else of it (a routine, a catalogue) */
	bool in_place;
	bool locks;     /* anything but a plain read */
	bool catalogue; /* it names tables of information_schema */
	bool rewritten;
	struct slice text; /* to be sent */
	/* of all tables in it, where one has two names: answers have the server's */
	struct plan_name *names;
	size_t names_count;
	/* where a temporary table is made that is not made in its own keyspace; NULL: no such one */
	const char *temporary;
};

/* One statement being planned. */
struct planner {
	struct arena *arena;
	const struct route *route;
	const struct statement *s;
	struct slice sql, keyspace, base;
	const struct temporary_tables *temporary;
	unsigned uses; /* the statement's, and of its catalogue tables */
	struct plan *out;
	const struct table_ref *placed_by; /* the table that decided the place */
	const struct route_rule *program;  /* of the routine or event that it defines; NULL: none */
	const struct route_keyspace *elsewhere; /* the session's own, when DATABASE() is to be its name */
	struct slice placed_keyspace;
	bool named_otherwise; /* a table of the statement is, where it runs */
};

bool planner_is_table(const struct table_ref *t);
struct slice planner_keyspace(const struct planner *p, const struct table_ref *t);
/* NULL: none is about it */
const struct route_rule *planner_rule(const struct planner *p, const struct table_ref *t);
/* Where a temporary table of the session is that is not in its own keyspace, or NULL. */
const struct route_keyspace *planner_temporary(const struct planner *p, const struct table_ref *t);

/*
 * A stored routine or an event that moves with its tables has a rule, under a name that no table has
 * (topo/name.h), and goes by it as a table does: held, placed, and called by the name of the database that
 * has it. One that needs no table stands at both sides, so a statement that calls it runs where its tables
 * are. Of any other one it is known only which database it is in.
 */
/* Of a TABLE_ROUTINE; NULL: it has none. */
const struct route_rule *planner_routine_rule(const struct planner *p, const struct table_ref *t);
/* Of what the statement defines, drops or shows. */
const struct route_rule *planner_program_rule(const struct planner *p);
/* Does it stand at the server that the statement has been placed at, though it needs no table? */
bool planner_routine_is_there(const struct planner *p, const struct route_rule *rule);
/* The statement with the name of what it defines as the place has it. */
void planner_program_rewrite(struct planner *p, const struct route_rule *rule);

/* The plan's text: every name as the server that runs it has it. Placed before. */
int planner_rewrite(struct planner *p, struct err *err) MUST_USE;

#endif
