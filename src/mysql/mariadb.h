/*
 * mariadb.h - MariaDB's row of the dialects.
 */
#ifndef MYSQL_MARIADB_H
#define MYSQL_MARIADB_H

#include "mysql/dialect.h"

extern const struct dialect mariadb_dialect;

#endif
