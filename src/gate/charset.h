/*
 * charset.h - what the character set of a client's statements means for reading them.
 *
 * Statements are cut by bytes: some sets need to be known for that (sql/multibyte.h), and some
 * cannot be read at all. Names of tables are compared with rules, which are in UTF-8: a name
 * that is not ASCII can be compared only when the client's set is UTF-8 too.
 */
#ifndef GATE_CHARSET_H
#define GATE_CHARSET_H

#include "base/slice.h"

struct charset {
	unsigned modes; /* of sql/modes.h */
	bool refused;   /* statements in it cannot be read */
	bool utf8;      /* names in it are as rules have them */
};

/* As a SET names it: gbk, 'utf8mb4', utf8 COLLATE x, or a collation's number; DEFAULT and others are
 * taken for sets of one byte. */
struct charset charset_named(struct slice value);
/* Of a handshake's collation. */
struct charset charset_of_collation(unsigned collation);

#endif
