/*
 * account_name.h - the account that a session has, as its server knows it: 'vt_app'@'10.0.%'.
 *
 * Which of a server's rows lets somebody in depends on the host that it sees, and on its rows.
 */
#ifndef TABLET_ACCOUNT_NAME_H
#define TABLET_ACCOUNT_NAME_H

#include "mysql/client.h"

/* In cx->arena. */
int account_name(struct ctx *cx, struct mysql_client *c, const char **out) MUST_USE;

#endif
