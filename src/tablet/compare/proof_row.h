/*
 * proof_row.h - a continuous proof on disk (prover.h): a row of the sidecar database's proof, at the target.
 *
 * A stream has one, of the comparison that was last asked to go on so. Its state goes as proof_states say, on
 * the condition that it is what it was, and of the same comparison: commands and tasks never overwrite each
 * other's.
 */
#ifndef TABLET_COMPARE_PROOF_ROW_H
#define TABLET_COMPARE_PROOF_ROW_H

#include "rpc/vdiff.h"
#include "tablet/compare/diff_rows.h"
#include "tablet/compare/key_list.h"
#include "tablet/read/deltas.h"

/* All zero is none. */
struct proof_row {
	char uuid[VDIFF_UUID_MAX + 1]; /* of its comparison */
	enum proof_state state;
	int64_t since_us, proven_us;
	struct position read;   /* of the target: all up to here was judged */
	struct position source; /* file and offset alone: what the source has said up to here was */
	int64_t transactions, changes, findings;
	struct deltas differing;   /* target less source, of the tables that differ there */
	struct key_list *suspects; /* by table: keys that may */
	int tables;
	char finding[512], error[512];
};

/* Of so many tables. */
void proof_row_init(struct proof_row *p, int tables);
void proof_row_done(struct proof_row *p);

/* BASELINE at p's places, in the place of whatever there was. */
int proof_row_begin(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, const struct proof_row *p) MUST_USE;
/* Into one that was just made. ERR_NOT_FOUND */
int proof_row_load(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct proof_row *out) MUST_USE;
/* Is there one that has not ended? */
int proof_row_lives(struct ctx *cx, struct mysql_client *c, struct stream_id id, bool *out) MUST_USE;
/* All but its state; nothing where it is another comparison's by now. */
int proof_row_save(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct proof_row *p) MUST_USE;
/* To PROVING, or to ENDED with why; *moved: it was in a state that may go there. */
int proof_row_move(struct ctx *cx, struct mysql_client *c, struct diff_id id,
    const struct proof_view *to, bool *moved) MUST_USE;
/* Of that comparison, or of any where uuid is NULL. */
int proof_row_delete(struct ctx *cx, struct mysql_client *c, struct diff_id id) MUST_USE;

/* As it is told; tables gives the names. In the arena. */
void proof_row_view(
    const struct proof_row *p, const char *const *tables, struct arena *a, struct proof_view *out);

#endif
