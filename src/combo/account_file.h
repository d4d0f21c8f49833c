/*
 * account_file.h - the credentials file of rpc/api.h, with new random passwords.
 */
#ifndef COMBO_ACCOUNT_FILE_H
#define COMBO_ACCOUNT_FILE_H

#include "base/err.h"

/* Leaves an existing file alone: its passwords are in the servers already. Else written beside it, synced
 * and renamed, mode 0600, so that a file of that name is whole. Blocking. The client `app` has no
 * password and is let in from loopback only. */
int account_file_make(const char *path, struct err *err) MUST_USE;
/* The same, or else path stands for a file that somebody has given. attached: a keyspace whose server is not
 * ours, so that its accounts cannot be made up. Either may be NULL. */
int account_file_use(
    const char *path, const char *given, const char *attached, struct err *err) MUST_USE;

#endif
