/*
 * compression.h - the protocol's compression: a layer of frames between packets and the connection.
 *
 *   int<3> bytes that follow | int<1> number | int<3> length of what they are packed from, 0: they are not
 *
 * A frame carries any part of the stream of packets: several, or a piece of one. Numbers go up by one with
 * each frame in either direction, and begin anew with each command, as those of packets do:
 *
 *   client   frame 0   COM_QUERY
 *   server   frame 1   columns, rows     frame 2   rows, end
 *   client   frame 0   COM_STMT_EXECUTE (one that was sent ahead: frame 0 too)
 *   server   frame 1   ...
 *
 * Servers set the number of their next packet to that of the next frame whenever they flush, so that within
 * a reply of several results, or a dump, the packets' own numbers jump. Nobody looks at them in a
 * compressed connection; in one that is not they must be right, and relays pass packets on. So what is read
 * here is numbered anew.
 *
 * Codec only: bytes in, bytes out. packet.h is how it is used.
 *
 * Bounds. A peer's frame is unpacked as far as there is room for, never held whole; it must give exactly
 * the length that it says. Between two frames compression_park() leaves no memory but this struct.
 */
#ifndef MYSQL_COMPRESSION_H
#define MYSQL_COMPRESSION_H

#include "base/pack.h"

enum compression_algorithm { COMPRESSION_NONE, COMPRESSION_ZLIB, COMPRESSION_ZSTD };

/* Those that one side lets the other choose among: as the words of MySQL's protocol_compression_algorithms
 * and of its tools' --compression-algorithms, "zlib,zstd,uncompressed", in their order. */
enum { COMPRESSION_ALGORITHMS = 3 };
#define COMPRESSION_WORDS "zlib,zstd,uncompressed"

struct compression_choice {
	enum compression_algorithm order[COMPRESSION_ALGORITHMS];
	int count;
};

/* ERR_REFUSED for another word, or none. */
int compression_choice_read(
    struct compression_choice *out, const char *words, struct err *err) MUST_USE;
bool compression_permits(const struct compression_choice *c, enum compression_algorithm algorithm);

enum {
	COMPRESSION_HEADER = 7,
	/* packed at once: zlib looks no further back, and the loop's other tasks wait for it */
	COMPRESSION_PIECE = 32 * 1024,
	/* below it nothing is packed; the servers' own bound */
	COMPRESSION_LEAST = 50,
};

struct compression;

/* Not of COMPRESSION_NONE. level: of zstd, 1 to 22; for zlib it is zlib's own default. */
struct compression *compression_new(enum compression_algorithm algorithm, int level);
void compression_free(struct compression *c); /* NULL is fine */
/* Gives memory back until the next frame. */
void compression_park(struct compression *c);

/* A command is about to be written; the first frame that is read then begins its answer. */
void compression_command_out(struct compression *c);
/* A command is about to be read. */
void compression_command_in(struct compression *c);
/* The answer to a command that was sent ahead of others is about to be read. */
void compression_answer_in(struct compression *c);

/* Unpacks from the front of raw as far as there is room (> 0) and the frames' numbers follow each other;
 * gives nothing where more of raw is needed. ERR_CORRUPT with 1156 for a frame that is not the next, 1157
 * for one that does not hold what it says. */
int compression_read(
    struct compression *c, struct slice *raw, struct room *room, struct err *err) MUST_USE;
/* Numbers the packets among bytes, which follow those of the last call. */
void compression_number(struct compression *c, char *bytes, size_t len);
/* The next ones begin with a packet of this number. */
void compression_number_from(struct compression *c, uint8_t number);

/* Adds the frames that carry bytes to out. */
void compression_write(struct compression *c, struct slice bytes, struct buf *out);

#endif
