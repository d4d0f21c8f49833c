/*
 * client.h - one connection to a database server: connect, query, stream rows, load.
 *
 * A client belongs to one task at a time. After any error but ERR_SERVER the
 * connection is broken: the next call fails with ERR_RETRY, close it. An
 * ERR_SERVER leaves it usable (mysql_errno, sqlstate and the server's text
 * are in the err). A statement whose answer was cut by deadline or cancel
 * breaks the connection; whether it ran is unknown.
 *
 * Rows come in the text protocol, one at a time, borrowed until the next call
 * on the client. Nothing of a result is held whole but by mysql_select(),
 * which is for small answers and refuses above MYSQL_SELECT_MAX bytes.
 */
#ifndef MYSQL_CLIENT_H
#define MYSQL_CLIENT_H

#include "mysql/login.h"
#include "mysql/result.h"

enum {
	MYSQL_COLUMNS_MAX = 4096, /* the servers' own limit */
	/* a small answer; a list of thousands of tables fits */
	MYSQL_SELECT_MAX = 16 * 1024 * 1024,
};

/* What an OK packet says. */
struct mysql_ok {
	uint64_t affected_rows, insert_id;
	uint16_t status, warnings;
	/* "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0", cut to fit */
	char info[160];
};

/* A small result in an arena; values[row * columns + col], SLICE_NULL ptr for NULL. */
struct mysql_rows {
	size_t rows, columns;
	struct slice *names;
	struct column_def *defs; /* their numbers only: the names in them are gone */
	struct slice *values;
};

struct mysql_client;

/* The session is begun as its role says (role.h): whatever the server's init_connect did is undone. */
int mysql_connect(
    struct ctx *cx, const struct mysql_params *params, struct mysql_client **out) MUST_USE;
/* COM_RESET_CONNECTION: a session as if it had just begun, but for init_connect and its database. */
int mysql_reset(struct ctx *cx, struct mysql_client *c) MUST_USE;
/* sends COM_QUIT without waiting; NULL is fine */
void mysql_close(struct mysql_client *c);
bool mysql_broken(const struct mysql_client *c);
/* Has an idle server closed the connection, or said something that nobody asked for? Does not wait. */
bool mysql_hung_up(struct mysql_client *c);
uint32_t mysql_thread_id(const struct mysql_client *c); /* for KILL */
/* "10.11.19-MariaDB-0+deb12u1-log" */
const char *mysql_server_version(const struct mysql_client *c);
const struct dialect *mysql_dialect(const struct mysql_client *c);

/* What both sides agreed on. */
uint64_t mysql_caps(const struct mysql_client *c);
void mysql_take_ok(const struct ok_packet *in, struct mysql_ok *out);
/* For a relay: the packets of an idle connection, whose replies it reads to their ends. For a dump:
 * how long the server may be silent. */
struct packets *mysql_packets(struct mysql_client *c);

/* Runs one statement to its end; rows that it returns are read and dropped. ok may be NULL. */
int mysql_exec(
    struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_ok *ok) MUST_USE;
int mysql_execf(struct ctx *cx, struct mysql_client *c, const char *fmt, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));
/* The whole result, copied to cx->arena. */
int mysql_select(
    struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_rows *out) MUST_USE;
int mysql_selectf(struct ctx *cx, struct mysql_client *c, struct mysql_rows *out, const char *fmt,
    ...) MUST_USE __attribute__((format(printf, 4, 5)));

/* Streaming: start, then next until 0. *columns is the number of columns. */
int mysql_stream_start(
    struct ctx *cx, struct mysql_client *c, struct slice sql, size_t *columns) MUST_USE;
/* 1: values[0..columns) are set; 0: no more rows; -1. */
int mysql_stream_next(struct ctx *cx, struct mysql_client *c, struct slice *values) MUST_USE;

/* Pipelining: several statements are sent ahead, their answers read in order. The statements leave with the
 * first mysql_receive(), or when many bytes have collected; answers that are not read yet must be small. */
int mysql_send(struct ctx *cx, struct mysql_client *c, struct slice sql) MUST_USE;
int mysql_receive(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok) MUST_USE;
/* Lets what was sent go out now, for several connections that work at once. */
int mysql_flush(struct ctx *cx, struct mysql_client *c) MUST_USE;

/* LOAD DATA LOCAL INFILE: start, write the file's bytes in pieces, end (ok->info has the counts).
 * A failing end leaves the connection usable when the server answered. */
int mysql_load_start(struct ctx *cx, struct mysql_client *c, struct slice sql) MUST_USE;
int mysql_load_write(struct ctx *cx, struct mysql_client *c, struct slice bytes) MUST_USE;
int mysql_load_end(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok) MUST_USE;

/* Sends a raw command packet (COM_BINLOG_DUMP, COM_REGISTER_SLAVE, ...) with a new sequence, and reads
 * packets of its answer: for binlog/dump.c. The payload is borrowed until the next call; an ERR packet
 * becomes ERR_SERVER; *eof says that an EOF packet came. */
int mysql_command(struct ctx *cx, struct mysql_client *c, struct slice payload) MUST_USE;
int mysql_read_packet(
    struct ctx *cx, struct mysql_client *c, struct slice *payload, bool *eof) MUST_USE;
/* Has the next packet at least begun to arrive? Never waits. */
bool mysql_has_input(const struct mysql_client *c);

#endif
