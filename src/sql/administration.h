/*
 * administration.h - statements about a server: FLUSH, BACKUP, KILL, RESET, ...
 */
#ifndef SQL_ADMINISTRATION_H
#define SQL_ADMINISTRATION_H

#include "sql/reader.h"

/* Reads one to its end; false, and nothing read, when it is another statement. */
bool administration_read(struct reader *r);

#endif
