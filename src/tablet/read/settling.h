/*
 * settling.h - XA transactions whose XA COMMIT the tail has handed on, and which may not be visible yet.
 *
 * A snapshot of MariaDB tells a place, and of an ordinary transaction it shows exactly what is before it.
 * Of XA COMMIT it does not: that is written to the binlog first and carried out by the engine afterwards, and
 * a snapshot in between tells a place behind it and shows nothing of it (settled on 10.11 and 11.8: one in
 * fifteen of the views opened beside 1,500 XA transactions a second). XA RECOVER lists the xid until the
 * engine is done. So who opens a view asks that first, when such transactions have gone by (rule 8).
 */
#ifndef TABLET_READ_SETTLING_H
#define TABLET_READ_SETTLING_H

#include "base/list.h"
#include "base/map.h"
#include "mysql/client.h"

enum {
	/* Beyond that the oldest are forgotten: a server has fewer sessions that are at an XA COMMIT. */
	SETTLING_MAX = 65536,
};

struct settling {
	struct list all; /* the oldest first */
	struct map by_xid;
	uint64_t newest; /* number of the newest ever */
};

void settling_init(struct settling *s);
void settling_done(struct settling *s);
/* xid as xid_print() writes it. */
void settling_add(struct settling *s, struct slice xid);
/* It is prepared anew, so the one before it has settled. */
void settling_forget(struct settling *s, struct slice xid);
/* Waits until all that were added before are visible in a view that is opened from then on. */
int settling_wait(struct ctx *cx, struct mysql_client *source, struct settling *s) MUST_USE;

#endif
