/*
 * administration.h - statements about a server: FLUSH, BACKUP, KILL, RESET, ...
 */
#ifndef SQL_ADMINISTRATION_H
#define SQL_ADMINISTRATION_H

#include "sql/reader.h"

/* Reads one to its end, sets kind and implicit_commit, and names the tables that it locks (FLUSH TABLES
 * a, BACKUP LOCK a); of the others no name matters to a move. false, and nothing read, when it is another
 * statement. */
bool administration_read(struct reader *r);

#endif
