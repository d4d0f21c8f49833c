/*
 * stored_mode.h - the sql_mode that a routine, event or trigger was made with, at servers of either flavour.
 *
 * MariaDB's default has NO_AUTO_CREATE_USER, so most of what is stored there has it, too: GRANT is to make no
 * account by the way. MySQL's GRANT never does, and takes no such mode: there it goes without saying. Any
 * other mode that a server does not know may mean something, and the server refuses it by name.
 */
#ifndef TABLET_TABLE_STORED_MODE_H
#define TABLET_TABLE_STORED_MODE_H

#include "base/arena.h"
#include "mysql/dialect.h"

/* As that server takes it. In the arena, or mode itself. */
const char *stored_mode_for(struct arena *a, const struct dialect *d, const char *mode);
/* Is what is there under its mode what was wanted under that one? The other flavour's says less. */
bool stored_mode_is_same(const struct dialect *d, const char *there, const char *wanted);

#endif
