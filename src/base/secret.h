/*
 * secret.h - a password that cannot be printed by mistake.
 *
 * The bytes are wiped by secret_done(). Only the authentication code asks for them.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/slice.h"

enum { SECRET_MAX = 256 }; /* longer than any password a server accepts */

struct secret {
	unsigned char hidden[SECRET_MAX];
	size_t hidden_len;
};

void secret_set(struct secret *s, struct slice bytes); /* bytes.len <= SECRET_MAX */
struct slice secret_reveal(const struct secret *s);
void secret_done(struct secret *s);

#endif
