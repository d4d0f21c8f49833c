/*
 * kept.h - the rows of XA transactions that are prepared at the source, until these end (rule 2).
 *
 * XA PREPARE brings the rows; XA COMMIT, maybe days later, brings only the xid. So the tail keeps the
 * rows of moved tables, and hands them on at the COMMIT. The stream's applier writes them down as well
 * (server/xa_rows.h), in the transaction that stores a position behind the PREPARE: a tail that begins there
 * is given them again.
 *
 * The rows are events, each as tail_group.c packs it, with the table maps that they need.
 */
#ifndef TABLET_READ_KEPT_H
#define TABLET_READ_KEPT_H

#include "base/list.h"
#include "mysql/client.h"
#include "tablet/read/spool.h"
#include "tablet/server/sidecar.h"

enum {
	/* of one transaction, in memory; most have a row or two. As many xids as a stream remembers
	 * (xids.h), each with so much, are 50 MB. */
	KEPT_MEMORY = 8 * 1024,
};

struct kept {
	struct list all; /* struct kept_txn */
	const char *dir;
};

void kept_init(struct kept *k, const char *dir); /* dir: of files, for what is large; borrowed */
void kept_done(struct kept *k);
/* xid as xid_print() writes it. Empty; what was there under that xid is forgotten. */
struct spool *kept_new(struct kept *k, struct slice xid);
struct spool *kept_find(const struct kept *k, struct slice xid); /* NULL: none */
void kept_drop(struct kept *k, struct slice xid);
/* The xid of the one that was prepared first; borrowed until it is dropped. Empty: none. */
struct slice kept_oldest(const struct kept *k);
/* Into one that is empty: those of the set (xids.h), as the stream has them on disk. ERR_CORRUPT: not all
 * of them are there. */
int kept_load(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct slice set,
    struct kept *k) MUST_USE;

#endif
