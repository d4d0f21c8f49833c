/*
 * journal.h - what was acknowledged, and what was sent and never answered.
 *
 * One text file per client (client-N.journal), appended to after each answer:
 *
 *   S <row>          the row is now so (acknowledged)
 *   U <n>            n changes were sent together without an answer; then n times
 *   B <row>          before
 *   A <row>          after
 *
 * with <row> = id seed ver email_ver cents exists. All changes of a U happened
 * or none did; its rows are never touched again. id 0 is a row whose id the
 * server was to choose: it is known by its seed.
 */
#ifndef LOAD_JOURNAL_H
#define LOAD_JOURNAL_H

#include "userrow.h"

#include <stdio.h>

struct change {
	struct userrow before, after;
};

FILE *journal_create(const char *dir, int client); /* NULL with a sentence on stderr */
void journal_known(FILE *f, const struct userrow *row);
void journal_unknown(FILE *f, const struct change *changes, int count);

/* Reading back: one entry at a time. */
enum journal_entry { JOURNAL_END, JOURNAL_KNOWN, JOURNAL_UNKNOWN, JOURNAL_BROKEN };
enum { CHANGES_MAX = 8 }; /* of one transaction; workload.c makes at most 4 */

struct journal_item {
	struct change changes[CHANGES_MAX]; /* KNOWN: changes[0].after */
	int count;
};

enum journal_entry journal_read(FILE *f, struct journal_item *item);

#endif
