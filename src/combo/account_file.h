/*
 * account_file.h - the credentials file of rpc/api.h, with new random passwords.
 */
#ifndef COMBO_ACCOUNT_FILE_H
#define COMBO_ACCOUNT_FILE_H

#include "base/err.h"

/* Leaves an existing file alone. The client `app` has no password and is let in from loopback only. */
int account_file_make(const char *path, struct err *err) MUST_USE;

#endif
