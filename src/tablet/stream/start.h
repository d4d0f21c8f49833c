/*
 * start.h - the beginning of a copy: bare tables, and the position that the tail begins at.
 */
#ifndef TABLET_STREAM_START_H
#define TABLET_STREAM_START_H

#include "tablet/server/env.h"
#include "tablet/server/position.h"
#include "tablet/table/moved_table.h"

/* What keeps a stream waiting that is not stopped: told with its status as long as it is new. */
struct waiting {
	char text[512];
	usec at;
};

void waiting_note(struct waiting *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Notes what cx's error says, for so long as there is to be no other try. */
int waiting_again(struct ctx *cx, struct waiting *w, int64_t ms) MUST_USE;

/* Borrowed. */
struct start_params {
	const struct tablet_env *env;
	const struct move_request *request;
	struct mysql_client *dba, *source; /* own server; other server */
	struct stream_id id;
	const struct moved_tables *tables;
	struct waiting *waiting;
};

/* Makes the bare tables anew where they are empty, fixes the start position before the first row is read,
 * and stores it once what XA had prepared before has ended. cx has an arena. ERR_REFUSED: a table that has
 * rows. */
int start_tables(struct ctx *cx, const struct start_params *p) MUST_USE;

#endif
