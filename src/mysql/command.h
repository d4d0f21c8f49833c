/*
 * command.h - what a client asks for: commands decoded and encoded.
 *
 * A command is a packet with sequence 0: int<1> number, then its arguments. Only what
 * somebody between client and server must understand is read; the rest is passed on.
 */
#ifndef MYSQL_COMMAND_H
#define MYSQL_COMMAND_H

#include "mysql/caps.h"
#include "mysql/wire.h"

/* Slices are borrowed from the packet. */
struct command_packet {
	enum command com;
	struct slice text;     /* QUERY, STMT_PREPARE: the SQL; INIT_DB, ...: the database */
	uint32_t statement_id; /* STMT_... but PREPARE */
	uint8_t cursor;        /* STMT_EXECUTE: flags, 0 none */
	uint16_t option;       /* SET_OPTION: 0 multi statements on, 1 off */
	uint32_t thread_id;    /* PROCESS_KILL */
};

/* COM_CHANGE_USER: str<NUL> user | int<1> length, auth | str<NUL> database | int<2> collation |
 * str<NUL> plugin, if PLUGIN_AUTH | attributes as in the handshake response. */
struct change_user {
	struct slice user, auth, database, plugin, attributes;
	uint16_t collation;
};

int command_read(struct slice packet, struct command_packet *out, struct err *err) MUST_USE;
void command_put_text(struct buf *b, enum command com, struct slice text);
int change_user_read(
    struct slice packet, uint64_t caps, struct change_user *out, struct err *err) MUST_USE;
void change_user_put(struct buf *b, uint64_t caps, const struct change_user *c);
/* Writes another statement id into a packet that command_read() found to have one. */
void command_set_statement_id(uint8_t *packet, uint32_t id);
const char *command_name(enum command com); /* "Query", as SHOW PROCESSLIST says */

#endif
