/*
 * vdiff.h - comparisons of a workflow's two sides: what is asked of the tablet that its stream ends at (in a
 * struct vdiff_request, tablet.h) and of vtctld, and what both answer.
 *
 * A comparison has a UUID, and is of one stream. States are those of vdiff_states, which are on disk as
 * names; so are a table's.
 *
 *   vdiff_create   stores a comparison, PENDING; the same UUID again is ERR_CONFLICT
 *   vdiff_show     uuid "": the newest one; "all": all; or that one. None: an empty list
 *   vdiff_stop     uuid; nothing of one that has ended
 *   vdiff_resume   uuid: goes on where it stopped, or, where it was completed, behind the last key compared
 *   vdiff_delete   uuid or "all"; of none nothing
 */
#ifndef RPC_VDIFF_H
#define RPC_VDIFF_H

#include "base/parse.h"
#include "topo/message.h"

enum vdiff_state { VDIFF_PENDING, VDIFF_STARTED, VDIFF_STOPPED, VDIFF_COMPLETED, VDIFF_ERROR };
extern const struct fsm vdiff_states;
const char *vdiff_state_name(enum vdiff_state s); /* "pending", ... */

/* How a comparison is done. */
struct vdiff_options {
	const char **tables; /* by their names at the target; none: all */
	size_t tables_count;
	int64_t limit;     /* rows of each table; 0: all */
	int64_t max_extra; /* rows on one side alone, of a table, that are looked for on the other under
			    * another spelling of their key */
	int samples;       /* differences of each kind, of a table, that are kept */
	int truncate_at; /* bytes of a value in them */
	bool repair;     /* what differs is copied again */
	bool continuous; /* once nothing differs, each transaction is proven from then on */
};

/* The continuous proof that begins with a comparison (tablet/compare/prover.h). */
enum proof_state { PROOF_NONE, PROOF_BASELINE, PROOF_PROVING, PROOF_ENDED };
extern const struct fsm proof_states;
const char *proof_state_name(enum proof_state s);

struct proof_view {
	enum proof_state state;
	/* wall clock; since: its sums begin there; proven: its baseline found nothing, 0: not yet */
	int64_t since_us, proven_us;
	int64_t transactions, changes; /* of the target, judged since; of these rows */
	int64_t findings;              /* how often a table did not come to what the source said */
	const char *source, *target;   /* file:offset up to where that is; "" */
	int64_t lag_ms;         /* behind the target's binlog; -1: not known, it does not run */
	const char **differing; /* tables that differ now */
	size_t differing_count;
	const char *finding; /* the last one, a sentence; "" */
	const char *error;   /* why it has ended, a sentence; "" */
};

struct vdiff_table {
	const char *name; /* at the target */
	enum vdiff_state state;
	int64_t estimate; /* rows in all */
	/* compared, the others add up to it; unsettled: of rows that changed each time they were looked at */
	int64_t compared, matching, mismatched, extra_source, extra_target, unsettled;
	int64_t repaired;   /* of those that differed */
	int64_t updated_us; /* wall clock */
	/* Samples: objects of JSON with commas between them; "" */
	const char *mismatched_rows, *extra_source_rows, *extra_target_rows, *unsettled_rows;
};

struct vdiff_view {
	const char *uuid;
	enum vdiff_state state;
	const char *error; /* a sentence; "" */
	/* wall clock, 0: not yet */
	int64_t created_us, started_us, completed_us;
	struct vdiff_table *tables;
	size_t tables_count;
	struct proof_view proof; /* PROOF_NONE: it has none */
};

struct vdiff_reply {
	struct vdiff_view *items; /* the newest first */
	size_t count;
};

extern const struct message vdiff_options_message, vdiff_reply_message;

#endif
