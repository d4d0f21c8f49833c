/*
 * reroute.h - gives a name that no table has another place, so that what a client makes under it is
 * made, and found, where it has to be.
 *
 * A client that says CREATE TABLE x LIKE t, RENAME TABLE t TO x or CREATE VIEW x AS SELECT ... FROM t of
 * a moved table t wants x at the server of t, while x is a name of its own keyspace. The gate asks for the
 * name first, and says its statement after. So a name changes its place only while nothing has it, and
 * whoever dies at whatever moment leaves a name without a table:
 *
 *      gate that asks        vtctld                        other gates              x is served, or made
 *      CREATE ... LIKE       lock "naming"
 *      asks, waits     --->  t at rest? nothing has x?                              at home
 *                            rules n, switch NAMING   ---> DDL on x waits,
 *                            every gate has them,          what was sent is
 *                            or has lost its lease    <--- waited for               at home
 *                            still nothing has x, at home or beside t?              nothing is made
 *                            rules n+1: x beside t    ---> DDL on x goes on
 *                            every gate has them      <---                          beside t
 *      sends it, plain <---  unlock
 *
 *   dies                                        what is left
 *   the gate, any time                          rule x, perhaps; at worst it names nothing (1146), as x does
 *   vtctld before n, or after n+1               the same
 *   vtctld between them                         DDL on x waits until a vtctld has found the rule (500 ms) and
 *                                               opened it; the client is told to try again
 *   the server                                  its own affair: one statement is whole or not there
 *
 * Nothing is to be done after the statement, which is why there is no record of it. No reader sees a wrong
 * table: before n+1 x is at home, where there is none; after it beside t, where there is none until the
 * statement has made one. A gate that has lost its lease is waited out, and sends nothing by old rules
 * about names that have a rule. One that is cut off and has never seen a rule of x may make x at home
 * meanwhile: the one hole. That table is hidden by the rule; nothing of it is lost.
 *
 * Back. A rule made so is its table's (MAKER_DDL): when DROP or RENAME has taken the table away, the gate
 * says so before its client has the answer, and the name goes home by the same steps. If it does not come to
 * it the rule stays, and does no harm: the next table of that name is made beside t again. A rule that a move
 * has left is the name's: who drops and makes its table (a restored dump) makes it where it was moved to.
 *
 * Names of tables that are being moved are refused, as the tables are.
 */
#ifndef CTL_REROUTE_H
#define CTL_REROUTE_H

#include "ctl/cluster.h"

struct reroute {
	const char *keyspace, *table; /* the name */
	const char *to_keyspace, *to_table;
};

/* *version is that of rules which every gate has and in which it is there. ERR_REFUSED with 1050: there is
 * such a table, at either place; 1205: somebody is busy with the name, try again. */
int reroute_name(struct ctx *cx, struct ctl *c, const struct reroute *r, int64_t *version) MUST_USE;
/* Home, if a client's statement has made the rule and nothing has the name any more. */
int reroute_home(struct ctx *cx, struct ctl *c, const char *keyspace, const char *table,
    int64_t *version) MUST_USE;
/* ERR_REFUSED while a move uses the table that is served under that name. */
int reroute_check_rest(
    struct ctx *cx, struct ctl *c, const char *keyspace, const char *table) MUST_USE;
/* What a dead vtctld has left NAMING is opened. *open becomes true when there was any, whoever opens it. */
int reroute_tidy(struct ctx *cx, struct ctl *c, bool *open) MUST_USE;

#endif
