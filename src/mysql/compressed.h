/*
 * compressed.h - a conn whose bytes go in frames (compression.h), as conn.h has one whose bytes go in TLS.
 *
 * It reads, writes and waits as a conn does, and asks itself before it waits for the conn: a frame may hold
 * more than was asked for, or its last bytes may hold nothing.
 *
 * It belongs to the task that has the packets, and does not own the conn. Buffers are borrowed from the
 * loop's pool while they hold something.
 */
#ifndef MYSQL_COMPRESSED_H
#define MYSQL_COMPRESSED_H

#include "mysql/compression.h"
#include "task/bufpool.h"
#include "task/net.h"

struct compressed;

/* early: frames that were read of the conn already. level: as compression_new(). */
struct compressed *compressed_new(
    struct conn *conn, enum compression_algorithm algorithm, int level, struct slice early);
void compressed_free(struct compressed *z); /* NULL is fine */
void compressed_park(struct compressed *z);
/* For the numbers that commands and answers begin with. */
struct compression *compressed_frames(struct compressed *z);

/* As conn_read(). Packets are numbered as they come out. */
int compressed_read(
    struct ctx *cx, struct compressed *z, void *out, size_t len, size_t *got) MUST_USE;
/* As net_wait_readable(). */
int compressed_wait_readable(struct ctx *cx, struct compressed *z) MUST_USE;
bool compressed_has_input(const struct compressed *z);
/* Of a conn on which nothing is to come: has something, or its end? Does not wait. */
bool compressed_hung_up(struct compressed *z);

/* As conn_write(). */
int compressed_write(struct ctx *cx, struct compressed *z, struct slice bytes) MUST_USE;
/* Makes frames of bytes that leave ahead of the next write; what comes behind them begins with one of its
 * own. */
void compressed_keep(struct compressed *z, struct slice bytes);
size_t compressed_kept(const struct compressed *z); /* bytes */
/* As conn_write_last(). */
void compressed_write_last(struct compressed *z, struct slice bytes);

#endif
