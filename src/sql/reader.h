/*
 * reader.h - a cursor over a statement's tokens, for the files of this folder.
 *
 * The readers below go forward only. Whoever meets something that it has no
 * rule for sets unclear and returns; statement_read() then throws the roles
 * away and lists every identifier. So no reader has to guess: when in doubt,
 * it calls reader_unclear().
 *
 * Invariants
 *   (1) at <= count, and tokens[count] is TOKEN_END: looking ahead never leaves the array.
 *   (2) reader_unclear() sets at to count: every loop over tokens ends, and what was added is thrown away
 *       later.
 *   (3) Refs are only added. Whoever needs "those of this part" remembers tables_count from before.
 *
 * A reader is on the stack of statement_read() and its like; what it makes is in the arena.
 */
#ifndef SQL_READER_H
#define SQL_READER_H

#include "sql/statement.h"
#include "sql/tokens.h"

enum {
	READER_DEPTH_MAX = 16, /* subqueries in subqueries; about 600 bytes of stack for each */
	READER_NAME_PARTS = 3, /* database.table.column */
};

/* A WITH name in scope; it hides a table of that name. */
struct cte {
	struct slice name;
	struct cte *outer;
};

struct reader {
	struct arena *arena;
	struct slice sql;
	unsigned modes;
	const struct token *tokens; /* ends with TOKEN_END */
	size_t count, at;
	struct statement *out;
	size_t refs_room;
	struct cte *ctes;
	int depth;
	bool in_list; /* a select list, or a query inside one */
	size_t open;  /* parentheses of the expression being read */
	bool unclear;
	bool locks;  /* the query being read has a locking clause */
	bool locked; /* a query that was read had one */
	bool writes; /* an effect was met: INTO, a stored function, ... */
};

/* The present token; TOKEN_END at the end. Pointers to tokens stay good as long as the arena. */
const struct token *reader_now(const struct reader *r);
const struct token *reader_ahead(const struct reader *r, size_t n);
void reader_step(struct reader *r);       /* stays at the end */
bool reader_done(const struct reader *r); /* at the end, or at the ';' that ends this statement */
bool reader_is(const struct reader *r, enum keyword keyword);
bool reader_is_punct(const struct reader *r, uint8_t c);
bool reader_is_text(
    const struct reader *r, const char *word); /* an unquoted word, ASCII case ignored */
bool reader_is_name(const struct reader *r);   /* a word or a quoted name */
/* Steps over it when it is there. */
bool reader_accept(struct reader *r, enum keyword keyword);
bool reader_accept_punct(struct reader *r, uint8_t c);
bool reader_accept_text(struct reader *r, const char *word);
/* Steps over it; unclear when it is not there. */
void reader_expect(struct reader *r, enum keyword keyword);
void reader_expect_punct(struct reader *r, uint8_t c);
void reader_unclear(struct reader *r); /* gives the statement up, and goes to its end */

/* A token as it stands in the statement. */
struct slice reader_text(const struct reader *r, const struct token *t);
/* The text of a token that is a name, without quotes. */
struct slice reader_name(struct reader *r, const struct token *t); /* in the text, or in the arena */
void reader_add(struct reader *r, const struct table_ref *ref);
/* At "table" or "db.table": adds it with this role (but a WITH name is passed over). Unclear when
 * there is no name. */
void reader_table(struct reader *r, enum table_role role);
/* "db": a whole database. */
void reader_database(struct reader *r, enum table_role role);
void reader_table_list(struct reader *r, enum table_role role); /* a, b, c */
/* Notes what stays on the connection: enum statement_leaves. */
void reader_leaves(struct reader *r, unsigned what);
/* From '(' to behind its ')', whatever is inside: for lists of columns and hints, in which no table can
 * be named. */
void reader_skip_parens(struct reader *r);

#endif
