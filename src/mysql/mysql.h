/*
 * mysql.h - the row of MySQL's dialect, 8.4 and later.
 */
#ifndef MYSQL_MYSQL_H
#define MYSQL_MYSQL_H

#include "mysql/dialect.h"

extern const struct dialect mysql_server_dialect;

#endif
