/*
 * tail_offset.h - a dump from the file and offset of the place that was read, where they are seen to be it.
 *
 * Asked for by GTIDs, a server reads its file from the beginning up to the place, each time that a
 * stream goes on. File and offset cost it nothing and prove nothing: another history may have any bytes
 * there. So the tail asks for them where it can see that the server has the same history up to there:
 *
 *   last group   The place has a last group before it (struct last_group): its offset, and the mark of its
 *                events. The dump begins at that group, which must be there again: with the same mark, which
 *                covers its GTID, its times and its transaction number; that GTID is the last one of its
 *                domain in our position; nothing of another group follows up to our offset, and an event
 *                ends exactly there. The server has all of our GTIDs: that is asked before, on the same
 *                connection. The events of the group are read here and go nowhere. To a binlog file is only
 *                ever added: that group, with its number at its offset, is not to be had without what lies
 *                before it.
 *   still there  The place has no last group: it was read from the server and not from its binlog. The
 *                connection of the dump is told the same place with the same GTIDs. So nothing was written
 *                since, and the place is the end of the binlog of the process at the other end. Between that
 *                answer and the dump there is room for a RESET MASTER alone: its numbers begin anew, so that
 *                the first group is refused as gone by. Not of MySQL, whose GTIDs and place may differ while
 *                both stand still.
 *
 * What is not seen so, what the server refuses, and what fails before a group behind the place has ended,
 * but for a lost connection, is asked for again by GTIDs (rule 5), on a new connection. A group is handed on
 * when it has ended: so nothing was handed on of a dump that is given up.
 *
 * GTIDs are numbers: a server that was set back to a backup gives out the same ones once more, to other
 * transactions. File and offset show that where GTIDs cannot: a server that has all of our GTIDs, and in the
 * file of that name not the last group at its offset, but another one, or the middle of one, or the file's
 * end, has another history, and its GTIDs are not asked. Of a file that is gone nothing is known.
 *
 *   file .000004         ...               700     900   940          980
 *                        ... Gtid 0-1-74 ... | Gtid 0-1-75 ... Xid | checkpoint | Gtid 0-1-76
 *   stored: 0-1-75, .000004, offset 940, last group begins at 700
 *   dump from 700: the group with that mark, the checkpoint, 940: goes on
 *   dump from 700: Gtid 0-1-12, or 0-1-75 of another second: refused, it is another history
 *   dump from 700: "impossible position": .000004 has 640 bytes, as in a backup of before: refused, whatever
 *                  GTIDs there are in .000005
 *   dump from 700: "Could not find first log file name": purged, by GTIDs
 *
 * Places of 4 GB and more, which the request has no room for, and groups larger than OFFSET_GROUP_MAX
 * are left to GTIDs. So is a place in the head of a file behind the last group's, where GTIDs cost nothing.
 */
#ifndef TABLET_READ_TAIL_OFFSET_H
#define TABLET_READ_TAIL_OFFSET_H

#include "tablet/read/tail_state.h"

enum { OFFSET_GROUP_MAX = 1024 * 1024 }; /* what is read again for nothing */

enum tail_begun {
	TAIL_BEGUN,     /* the dump's next event is the first behind the place */
	TAIL_NOT_ASKED, /* no dump was asked for on this connection */
	TAIL_GIVEN_UP,  /* the connection is good for nothing; cx->err says why */
	TAIL_OTHER,     /* the same, and the server has another history: by GTIDs neither */
};

/* Of a connection that has begun nothing. */
enum tail_begun tail_offset_begin(struct ctx *cx, struct tail *t);

#endif
