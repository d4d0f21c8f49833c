/*
 * tail_group.h - the rows of one source transaction, from its first row event to its hand-over.
 *
 *   group_begin()                      at its GTID
 *   group_map(), group_rows() ...      as events come: rows of moved tables are kept as events
 *   group_next() until it gives NULL   at its end: decoded, in fragments of bounded size
 *
 * Until the end nothing is decoded, because a group may be rolled back and must
 * be handed on whole (rule 1). What is beyond GROUP_MEMORY lies in an unlinked
 * file. Wrong images (rule 3) and another definition (rule 4) are noticed when the event comes.
 */
#ifndef TABLET_READ_TAIL_GROUP_H
#define TABLET_READ_TAIL_GROUP_H

#include "base/map.h"
#include "binlog/rows.h"
#include "tablet/read/passed.h"
#include "tablet/read/spool.h"
#include "tablet/read/txn.h"

enum {
	/* Events kept in memory, and rows decoded at a time: each a sixteenth of vttablet's 256 MB. */
	GROUP_MEMORY = 16 * 1024 * 1024,
	GROUP_PART = 16 * 1024 * 1024,
	/* tables that one statement may map: a multi-table update of all that a server joins */
	GROUP_MAPS_MAX = 1024,
};

struct group_params {
	const struct moved_tables *tables;
	struct stream_id id; /* of the heartbeat, or of the stream's row */
	bool guards;         /* whose row is looked for, see tail.h */
	const char *spill_dir;
	const struct passed *passed; /* NULL: nothing is */
};

struct group_map {
	uint64_t id;
	int table;           /* of group_params, or one of those below */
	struct tablemap map; /* in the group's arena, as is the event's body; of moved tables only */
	struct slice body;
};

struct group_savepoint {
	struct group_savepoint *before;
	struct slice name; /* as the server quotes it */
	uint64_t at;       /* bytes kept until then */
};

/* FREE: of another table in a statement that has ended; its place can be taken. */
enum {
	GROUP_TABLE_OTHER = -1,
	GROUP_TABLE_HEARTBEAT = -2,
	GROUP_TABLE_FREE = -3,
	GROUP_TABLE_STREAM = -4,
	GROUP_TABLE_RUN_PART = -5,
};

struct tail_group {
	struct group_params params;
	struct column_type **types; /* by table: those of its columns */
	struct map by_name;         /* "database\0table" to its struct moved_table */
	struct buf name;            /* one that is looked for */
	struct arena arena;         /* maps, until the group ends */
	struct group_map *maps;
	size_t maps_count, maps_cap;
	struct spool events;                /* kept */
	uint64_t events_at;                 /* handed on of them */
	struct group_savepoint *savepoints; /* the newest */
	bool started;                       /* a fragment was handed on */
	bool by_stream;                     /* it writes the row of the stream that is guarded */
	bool frozen;                        /* and that row is frozen then */
	struct slice deltas;                /* and has these, packed (deltas.h) */
	char heartbeat[64];
};

/* borrows what params points to */
void group_state_init(struct tail_group *g, const struct group_params *params);
void group_state_done(struct tail_group *g);

void group_begin(struct tail_group *g); /* forgets what was there */
int group_map(struct tail_group *g, const struct event *e, struct err *err) MUST_USE;
/* Keeps the event if it is of a moved table or of the heartbeat. ERR_CORRUPT: its table was not mapped. */
int group_rows(struct tail_group *g, const struct event *e, struct err *err) MUST_USE;
/*
 * SAVEPOINT, and ROLLBACK TO one: the server writes them down where it cannot cut off what is undone
 * (a table without transactions or a temporary one was written to). Then what was kept since is
 * forgotten. False: it is not known which savepoint that is.
 */
void group_savepoint(struct tail_group *g, struct slice name);
bool group_rollback_to(struct tail_group *g, struct slice name);
/* Has it rows of a moved table, or our heartbeat, or deltas of the stream? */
bool group_matters(const struct tail_group *g);
/* Has it rows of a moved table? */
bool group_has_rows(const struct tail_group *g);
/*
 * The next fragment, which the caller owns, without its end; NULL behind the last. One without rows is given
 * when only the heartbeat, or deltas, are there.
 */
int group_next(struct tail_group *g, struct source_txn **out, struct err *err) MUST_USE;

/* All that is kept, with the table maps that it needs, added to out: each event as the length of its body in
 * four bytes, the least significant one first, its type in one, and the body. They lie in sidecar databases
 * so. */
int group_pack(struct tail_group *g, struct spool *out, struct err *err) MUST_USE;
/* Into a group that has just begun: what it has packed then, as if it had come now. */
int group_unpack(struct tail_group *g, const struct spool *from, struct err *err) MUST_USE;

#endif
