/*
 * gtids.h - which transactions of a server have gone by, whatever its flavour.
 *
 * MariaDB remembers the last one of each domain (gtid.h), MySQL all of them (gtid_set.h). A text
 * tells by itself what it is: "0-1-42,1-2-7" or "uuid:1-5". The empty text, before a server has
 * written anything, is of either form.
 */
#ifndef MYSQL_GTIDS_H
#define MYSQL_GTIDS_H

#include "mysql/gtid.h"
#include "mysql/gtid_set.h"

enum gtid_form {
	GTID_FORM_LIST, /* MariaDB's */
	GTID_FORM_SET,  /* MySQL's */
};

/* One transaction's. */
struct gtid_id {
	enum gtid_form form;
	union {
		struct gtid plain;         /* GTID_FORM_LIST */
		struct gtid_member member; /* GTID_FORM_SET */
	};
};

/* Of one server, so that one of the two is empty. All zero is nothing yet. */
struct gtids {
	struct gtid_list list;
	struct gtid_set set;
};

void gtid_id_print(struct buf *out, const struct gtid_id *id);

void gtids_done(struct gtids *g);
/* Replaces g. ERR_REFUSED: the text is of neither form. */
int gtids_parse(struct gtids *g, struct slice text, struct err *err) MUST_USE;
void gtids_print(struct buf *out, const struct gtids *g);
/* ERR_CORRUPT when it has gone by already, is of the other form, or there are too many. */
int gtids_add(struct gtids *g, const struct gtid_id *id, struct err *err) MUST_USE;
/* Is it among those that have gone by, of MariaDB as the last one of its domain? */
bool gtids_has(const struct gtids *g, const struct gtid_id *id);
bool gtids_same(const struct gtids *a, const struct gtids *b);
/* Has all of part gone by in whole too? */
bool gtids_cover(const struct gtids *whole, const struct gtids *part);

#endif
