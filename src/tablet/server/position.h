/*
 * position.h - where a stream is, and its row in the sidecar database that remembers it.
 *
 * A position is a GTID list together with the source's own binlog file and
 * offset. Positions of one source compare by file and offset (file names end
 * in a growing number). The list has a GTID for each domain that the server has ever
 * written in, as long as it may be: it is text that no one changes, shared and counted by the
 * positions of one loop that have it.
 *
 * A stream's row (table stream, at its target) has the state below; copy_state's rows are
 * copy_state.h's, and heartbeat has one of the stream's token, at the source. Each is written
 * in the transaction that makes it true.
 */
#ifndef TABLET_SERVER_POSITION_H
#define TABLET_SERVER_POSITION_H

#include "rpc/tablet.h"
#include "tablet/server/sidecar.h"

struct gtid_text;

/* The last group before a place, in the same file. All zero: not known. */
struct last_group {
	uint64_t begin;
	uint32_t mark; /* group_mark() */
};

/* All zero is no position. Where kept is not NULL the struct is never copied by "=". */
struct position {
	const char *gtid;       /* "0-1-42,1-2-7"; "" or NULL when nothing was ever written */
	struct gtid_text *kept; /* what gtid is in; NULL: borrowed, from an arena as a rule */
	char file[256];         /* "" : no position */
	uint64_t offset;        /* of the byte after the transaction */
	/* Of one that a tail has read, and of applied on disk: by it the place is known again. */
	struct last_group last;
};

bool position_is_set(const struct position *p);
const char *position_gtid(const struct position *p); /* never NULL */
/* What was there goes before, in each. to is all zero or a position; it shares what from keeps, and keeps
 * a copy of what from borrows. */
void position_copy(struct position *to, const struct position *from);
void position_set_gtid(struct position *p, struct slice gtid);
void position_done(struct position *p);
/* Of a row of ours: gtid, file and offset as three columns from values on. Borrows from cx->arena. The last
 * group is not known. */
int position_read(struct ctx *cx, const struct slice *values, struct position *out) MUST_USE;
/* <0, 0, >0 by file number, then offset. An unset one is before all. */
int position_cmp(const struct position *a, const struct position *b);
/* The server's present GTIDs and then its place, in out, which is all zero or a position. agreed: nothing was
 * committed in between, so that they belong together (place_now() sees to that). */
int position_try(
    struct ctx *cx, struct mysql_client *source, struct position *out, bool *agreed) MUST_USE;
/* The present GTIDs alone, without their place: one statement. out as above. */
int position_gtids(struct ctx *cx, struct mysql_client *source, struct position *out) MUST_USE;
/* The place alone, without GTIDs: one statement. */
int position_place(struct ctx *cx, struct mysql_client *source, struct position *out) MUST_USE;

/* Of a stream, see state_succeed(): in names of locks, which a process of another release may hold. Those
 * below SESSION_STRICT_COPY are the applier's, which has fewer. */
enum stream_session {
	SESSION_STRICT_COPY = 63, /* puts rows of a table that is copied whole */
	SESSION_PASS,             /* reads how far the stream is, before a pass of it begins */
	SESSION_DDL,              /* runs DDL of the source's clients */
	SESSION_TABLES,           /* makes the tables, empties and drops them */
	SESSION_RANGES,           /* plans the ranges of their copy */
};

/* Copied and ended with the two below, as its positions are; one that was loaded borrows from its arena. */
struct stream_state {
	const char *sidecar; /* the database that its row is in; borrowed */
	char workflow[NAME_PAIR_MAX];
	int round; /* from 1 */
	enum stream_phase phase;
	/* Past cp: target = source at this position; before: convergent with it. */
	struct position applied;
	struct position cp;          /* consistency point; unset before the last chunk */
	struct position dirty_until; /* a catching-up run up to here may be half written */
	int attempt;                 /* of the freeze; lower ones are refused */
	const char *request;         /* JSON of what created the stream; state_load: in cx->arena */
	char error[512], hint[200];
};

/* to is all zero or a state; what is borrowed beside the positions stays so. */
void state_copy(struct stream_state *to, const struct stream_state *from);
void state_done(struct stream_state *s);
/* ERR_NOT_FOUND */
int state_load(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct stream_state *out) MUST_USE;
/* Where to go on: what one transaction stored. prepared: the XA transactions prepared there (xids.h), in
 * cx->arena. ERR_NOT_FOUND */
int state_place(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    struct position *applied, struct slice *prepared) MUST_USE;
/* Up to where in the source's binlog nobody has read a row of the tables: stored when the stream began. File
 * and offset alone; unset where that is not known. ERR_NOT_FOUND */
int state_known(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct position *known) MUST_USE;
/*
 * Waits until no former session of that number is at work for the stream any more, and becomes the
 * one: what a killed process had sent may still be run when its successor begins. ERR_RETRY when it goes on
 * for long.
 */
int state_succeed(struct ctx *cx, struct mysql_client *c, struct stream_id id, int session) MUST_USE;
/* workflow and round of each */
int state_list(struct ctx *cx, struct mysql_client *c, const char *sidecar,
    struct mysql_rows *streams) MUST_USE;
/* Which row it is. */
struct stream_id state_id(const struct stream_state *s);
/* Inserts the whole row. Of a row that exists applied, prepared and dirty_until stay as they are: only
 * the applier's own transactions move them (else a save racing an applier's commit would take the
 * position back). */
int state_save(struct ctx *cx, struct mysql_client *c, const struct stream_state *s) MUST_USE;
/* The same, appended, for a transaction that has more. */
void state_saved_sql(struct buf *out, const struct stream_state *s);
/* The same of a row that exists; where it was deleted meanwhile nothing comes back. */
int state_update(struct ctx *cx, struct mysql_client *c, const struct stream_state *s) MUST_USE;
/* What it is made with from now on; the rest of the row stays. */
int state_save_request(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct slice request) MUST_USE;
/* Goes on to that phase: on disk, and only then in s. What came between could not be told from what
 * was overwritten: a freeze, say. ERR_CONFLICT: somebody else has moved s meanwhile. */
int state_move(struct ctx *cx, struct mysql_client *c, struct stream_state *s,
    enum stream_phase next) MUST_USE;
/* Of one that copies or catches up: a table is to be copied again, so it copies, and nothing is consistent
 * anywhere yet. On disk, and only then in s. */
int state_copies_again(struct ctx *cx, struct mysql_client *c, struct stream_state *s) MUST_USE;
/* That phase is on disk: now s is in it too. */
void state_moved(struct stream_state *s, enum stream_phase next);
/* The row goes; 0 also when there was none. */
int state_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id) MUST_USE;
/* What is stored of a place, together. Borrowed. */
struct stored_place {
	const struct position *applied;
	struct slice prepared; /* the XA transactions prepared there */
	struct slice deltas; /* of the source since the place before (read/deltas.h); NULL: not kept */
};
/* "UPDATE ... SET applied...": appended, to run inside the applier's transaction. */
void state_applied_sql(struct buf *out, struct stream_id id, const struct stored_place *place);
/* The same where a stream begins. */
void state_begun_sql(struct buf *out, struct stream_id id, const struct stored_place *place,
    const struct position *known);
/* The same with phase FROZEN and the attempt, for the transaction that stops at P. */
void state_frozen_sql(
    struct buf *out, struct stream_id id, const struct stored_place *place, int attempt);
/* The same for dirty_until, before a run that may be left half written. */
void state_dirty_sql(struct buf *out, struct stream_id id, const struct position *dirty_until);

/* Changes the row of a stream that has no error, for a transaction that is to be known as the stream's: with
 * a word, and then with "", as it was. */
void state_mark_sql(struct buf *out, struct stream_id id, const char *word);

enum { HEARTBEAT_TOKEN = 33 }; /* 16 bytes in hex: cannot be met by chance */
void heartbeat_token(char out[HEARTBEAT_TOKEN]);
/* The stream's heartbeat, at its source. ERR_RETRY where there is no such table yet. */
int heartbeat_write(
    struct ctx *cx, struct mysql_client *source, struct stream_id id, const char *token) MUST_USE;
/* Of all rounds. */
int heartbeat_delete(struct ctx *cx, struct mysql_client *source, struct stream_id id) MUST_USE;

#endif
