/*
 * spare.h - connections to the tablet's own server that are kept for the next call.
 *
 * In a cutover's hold clients wait while a call opens a connection: a handshake, a reset, the role's
 * statements, and a thread at the server. So calls of a cutover take one that is there.
 *
 *          spare_take(): opens one              spare_done()
 *   (none) ------------------------> TAKEN ---------------------> KEPT
 *     ^                              |  ^    spare_take(): it answers   |
 *     +-- spare_done(): broken, -----+  +-------------------------------+
 *         or enough are kept         KEPT -> (none)  spares_done(), or the server has closed it
 *
 * Invariants (spares_check() looks at those with a *)
 *   (1)* Kept are at most SPARES_MAX, of roles that state what a session relies on (mysql/role.h).
 *   (2)  A call leaves nothing in the session: no transaction, lock, temporary table, variable. Whoever
 *        needs any of these opens a connection of its own (env_dba(), ddl_open()), or closes the one that it
 *        has taken (spare_close(), spare_keep()).
 *   (3)  One that the server has closed is not handed out; that is looked at without a round trip, so it
 *        may still be lost a moment later, as any other.
 *
 * An example: attempt 3 of a cutover.
 *
 *   preflight   fence_install opens as many as the hold will need, and keeps them
 *   hold
 *   fence       lock takes one for its READ locks, which is closed with them, and one for P, which it gives
 *               back
 *   catch-up    arm takes one for the fence's row, and gives it back
 *   reverse     stream_prepare, the same
 *   commit      lock_status, the same
 */
#ifndef TABLET_SERVER_SPARE_H
#define TABLET_SERVER_SPARE_H

#include "tablet/server/env.h"

/* One cutover's calls to a tablet come one after another; two workflows may be at it at once. */
enum {
	SPARES_MAX = 6,
	SPARES_HOLD = 2, /* what one cutover has in use at a time, at a side */
};

struct spares {
	struct mysql_client *kept[SPARES_MAX];
	enum mysql_role roles[SPARES_MAX];
	int count;
};

/* Of one call. */
struct spare {
	struct mysql_client *client;
	enum mysql_role role;
	struct spares *home; /* NULL: it is closed after use */
};

/* To env's own server as vt_dba, in ROLE_DBA or ROLE_DDL. */
int spare_take(
    struct ctx *cx, const struct tablet_env *env, enum mysql_role role, struct spare *out) MUST_USE;
/* Sees to it that so many are there to be taken, in that role. */
int spares_fill(
    struct ctx *cx, const struct tablet_env *env, enum mysql_role role, int count) MUST_USE;
/* For SCOPED(spare). */
void spare_done(struct spare *s);
/* Closes it, with whatever is in its session. */
void spare_close(struct spare *s);
/* It is the caller's from here on, who closes it. */
struct mysql_client *spare_keep(struct spare *s);
/* Closes those that are kept. */
void spares_done(struct spares *s);
/* Aborts where (1) does not hold. */
void spares_check(const struct spares *s);

#endif
