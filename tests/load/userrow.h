/*
 * userrow.h - what a row of `users` must contain.
 *
 * A row's content is a pure function of (seed, ver, email_ver, cents), so that
 * a journal of a few numbers per write is enough to check every byte later.
 * ver 0 is an original row: nobody has written it yet and its content is known
 * only as a hash (baseline.h). seed is the id for rows inserted with one; a row
 * whose id the server chose has a token with bit 63 set, known before the id.
 */
#ifndef LOAD_USERROW_H
#define LOAD_USERROW_H

#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>

enum { USER_COLS = 6 }; /* id, email, name, created_at, balance, data */

#define USER_COLUMNS "id, email, name, created_at, balance, data"

struct userrow {
	uint64_t id, seed;
	uint32_t ver, email_ver;
	int64_t cents; /* balance */
	bool exists;
	bool frozen; /* its last write has no answer: nobody touches it again */
};

/* The text of each column as a client with utf8mb4 and time_zone +00:00 reads it. */
struct usertext {
	char email[80], name[80], created[24], balance[24], data[1100];
	bool name_null, data_null;
};

void user_text(const struct userrow *r, struct usertext *t);
/* Does a fetched row hold exactly what r says? r->ver is not 0. The id is not compared. */
bool user_matches(const struct userrow *r, char **cols, const unsigned long *lens);
/* Of all columns with their lengths and NULLs; 64-bit FNV-1a. */
uint64_t user_hash(char **cols, const unsigned long *lens);
/* The seed in an email that this program wrote; false for any other. */
bool user_seed_of_email(const char *email, unsigned long len, uint64_t *seed);
/* Random-looking, the same for the same input. */
uint64_t user_mix(uint64_t x);

#endif
