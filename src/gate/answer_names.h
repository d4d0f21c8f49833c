/*
 * answer_names.h - names of tables in answers, as the client knows them.
 *
 * The server that runs a rewritten statement tells in each column's definition which database and table it is
 * of, and drivers use that: getCatalogName(), updatable result sets. Answers of CHECK TABLE, SHOW CREATE and
 * the like have the name in their rows, too. Nothing of this is asked of a statement that was sent as it was
 * written.
 *
 * A client that MariaDB was shown to, as the only flavour there was then, may expect extended metadata in
 * each definition; where its statements run at MySQL by now, an empty one is put there.
 */
#ifndef GATE_ANSWER_NAMES_H
#define GATE_ANSWER_NAMES_H

#include "gate/plan.h"
#include "mysql/reply_relay.h"

struct backend;
struct session;

struct answer_names {
	const struct plan_name *names;
	size_t count;
	/* The default database there and the client's, which columns of derived tables are of. */
	struct slice database, as_database;
	uint64_t caps;  /* of the connection to the server */
	bool extends;   /* these have no extended metadata, and the client's have */
	unsigned modes; /* of sql_mode, for the lexer */
	bool binary;    /* rows are those of a prepared statement */
	bool in_rows;   /* the first column of a row names a table */
	bool defined;   /* and the second is its definition */
	size_t columns; /* that have been seen */
};

/* Do definitions from there lack the extended metadata that the client of s expects? */
bool answer_names_extends(const struct session *s, const struct backend *b);
/* Of a statement of s that runs there; keyspace: that its names are of. */
void answer_names_init(struct answer_names *a, const struct session *s, const struct plan *plan,
    const struct backend *b, struct slice keyspace);
/* Of what names no table of a plan. */
void answer_names_none(struct answer_names *a, const struct session *s, const struct backend *b);
/* Is there anything to be changed? */
bool answer_names_needed(const struct answer_names *a);

/* mend_fn, whose names are an answer_names. */
int answer_names_definition(
    void *names, struct slice told, struct buf *out, struct err *err) MUST_USE;
int answer_names_row(void *names, struct slice told, struct buf *out, struct err *err) MUST_USE;

/* The text of an error with the client's names where it has `database`.`table` or 'database.table'. */
void answer_names_text(const struct plan *plan, struct slice told, struct buf *out);

/* A reply to PREPARE or COM_FIELD_LIST with these names. */
int answer_names_relay(struct ctx *cx, struct answer_names *a, struct packets *from,
    struct packets *to, struct reply_scan *scan) MUST_USE;

#endif
