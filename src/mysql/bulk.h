/*
 * bulk.h - one statement with the values of many rows: MariaDB's COM_STMT_BULK_EXECUTE.
 *
 *   int<1> 0xfa | int<4> statement id | int<2> flags | for each parameter int<2> type
 *   then rows: for each parameter int<1> 0, str<lenenc>; or int<1> 1 for NULL
 *   (mariadb.com/kb: COM_STMT_BULK_EXECUTE; flags 128: types are there)
 *
 * The server parses nothing and, for an INSERT or REPLACE, takes no lock on the table's next
 * AUTO_INCREMENT value, as it does for LOAD DATA. Values are bytes without a character set, which the server
 * converts to each column's type.
 */
#ifndef MYSQL_BULK_H
#define MYSQL_BULK_H

#include "mysql/client.h"

/* Prepared on one connection; gone with it. */
struct bulk {
	uint32_t statement;
	uint16_t params;
};

/* For a row's next parameter; SLICE_NULL is NULL. */
static inline void
bulk_add(struct buf *rows, struct slice value)
{
	buf_add_char(rows, slice_is_null(value) ? 1 : 0);
	if (!slice_is_null(value))
		wire_put_lenenc_str(rows, value);
}

/* Takes the next value off rows that bulk_add() has made. */
struct slice bulk_next(struct slice *rows);

/* Do both sides know the command? Needs CAP_MARIADB_STMT_BULK in mysql_params.caps_with. */
bool bulk_is_known(const struct mysql_client *c);
int bulk_prepare(
    struct ctx *cx, struct mysql_client *c, struct slice sql, struct bulk *out) MUST_USE;
/* The statement is forgotten; the server does not answer. */
int bulk_close(struct ctx *cx, struct mysql_client *c, const struct bulk *b) MUST_USE;
/* Bytes of the packet beside its rows: all together must be below the server's max_allowed_packet. */
size_t bulk_overhead(const struct bulk *b);
/* Of one row or more. ok->info: "Records: 3  Duplicates: 0  Warnings: 0". */
int bulk_execute(struct ctx *cx, struct mysql_client *c, const struct bulk *b, struct slice rows,
    struct mysql_ok *ok) MUST_USE;

#endif
