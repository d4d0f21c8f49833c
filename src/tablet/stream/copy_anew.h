/*
 * copy_anew.h - the copy of one table begins anew, because the table was altered while rows were copied.
 *
 * What a half copied table is cannot be altered at the target: chunks are read by the definition that the
 * source has now, and the tail is behind. So it is made again as it is at the source now, and copied from its
 * first row on. For whatever the statement was, what comes out is what the source has.
 *
 *   1  With the source's metadata lock (a transaction that has read no row of it), so that nobody alters it:
 *      P, the present end of the binlog, and D, the definition there. Nobody who reads waits for that.
 *   2  On disk: the row of the DDL has P, the ranges of the table are gone, no consistency point is known.
 *   3  The target's table is dropped, and made bare by D.
 *   4  One transaction: the position goes behind the statement, and the row says "copied".
 *
 * From then on the tail passes over all changes and all DDL of the table that lie before P (read/passed.h):
 * D is the definition of what lies behind. The copy's views contain P (rule 8 of docs/architecture.md: they
 * contain what the tail has handed on, and here what it has passed over, too). So a change before P is in
 * every view, and one behind P is handed on and touches the windows.
 *
 * A kill between 1 and 4 begins again at 1, whatever --on-ddl says by then. Other tables go on where they
 * are.
 *
 * An example: t is altered at 200 (D1) and at 300 (D2), the stream is at 150.
 *
 *   150   the tail hands on the statement at 200, the pass ends
 *   -     P = 350, D = D2; t is made by D2; position 200
 *   200   changes of t up to 350 are passed over, the statement at 300 with them; chunks of t have views
 *         of 350 and later
 *   350   changes of t are handed on, read by D2
 */
#ifndef TABLET_STREAM_COPY_ANEW_H
#define TABLET_STREAM_COPY_ANEW_H

#include "tablet/server/ddl_rows.h"
#include "tablet/stream/pass.h"

/* 1 to 3 for the request's table of that number, by whoever is alone at it (on_ddl.h). row: MET; its state
 * and its copied_from are set. cx has an arena. ERR_REFUSED: by name, and nothing was done. */
int copy_anew(struct ctx *cx, const struct pass *p, size_t table, struct ddl_row *row) MUST_USE;

#endif
