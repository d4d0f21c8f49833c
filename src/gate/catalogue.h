/*
 * catalogue.h - information_schema and SHOW follow the routes: a moved table is shown where clients know it.
 *
 * A statement that names tables of information_schema runs at one server, as any other, and that server
 * evaluates it. What the gate does is to put a derived table in the place of each of these names:
 * the server's own rows that are to be shown, and as literals those of other servers (catalogue_view.h,
 * catalogue_ship.h). A SHOW that lists things is such a query under another name (catalogue_show.h).
 *
 *   SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer'
 *   SELECT table_name FROM (SELECT * FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('customer')
 *       AND NOT (TABLE_SCHEMA = 'customer' AND TABLE_NAME COLLATE utf8mb3_bin IN ('users'))
 *       UNION ALL VALUES ('def', 'customer', 'users', 'BASE TABLE', ...)) AS `tables`
 *       WHERE table_schema = 'customer'
 *
 * What no rule concerns, and no other server has a part in, is left as it was written.
 */
#ifndef GATE_CATALOGUE_H
#define GATE_CATALOGUE_H

#include "gate/plan.h"
#include "gate/session.h"

/* plan_make() for statements of all kinds, with what the catalogue asks for on top. Waits only for those that
 * look at a catalogue. modes: sql_mode, for the lexer. */
int catalogue_plan(
    struct ctx *cx, struct session *s, const struct plan_input *in, struct plan *out) MUST_USE;

#endif
