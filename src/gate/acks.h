/*
 * acks.h - what all loops of a gate acknowledge: the rules' version, and each workflow's switch key for
 * itself.
 *
 *   a loop takes a route          acks_routed(): it goes by rules of that version now
 *   it has drained a workflow     acks_drained(): up to that revision of its switch key
 *
 * The gate's word is the least of its loops'. It is asked for (acks_version(), acks_of()), and written to the
 * topology (acks_write()), for a vtctld that cannot reach the gate: a moment later, since nobody else
 * waits for that, and while a hold lasts clients would.
 *
 * Invariants
 *   (1) A workflow's acknowledgement comes from what was told of that workflow, whatever others do.
 *   (2) None goes back: a loop that tells of an older revision changes nothing.
 *   (3) What is in the topology was true of this gate when it was written, under the lease that it is on.
 */
#ifndef GATE_ACKS_H
#define GATE_ACKS_H

#include "gate/worker.h"
#include "topo/topo.h"

struct acks {
	int loops; /* whose word counts */
	int64_t version_by[WORKERS_MAX];
	int64_t version_written;
	struct map by_workflow; /* to struct ack */
};

void acks_init(struct acks *a, int loops);
void acks_done(struct acks *a);

void acks_routed(struct acks *a, int loop, int64_t version);
void acks_drained(struct acks *a, int loop, const struct switch_ack *told);

/* A loop is quiet in a hold or pause. Are all, in this one (barrier.h, 10)? */
bool acks_quiet(struct acks *a, int loop, const struct switch_ack *told);

/* Version of the rules that all loops go by, or of newer ones. */
int64_t acks_version(const struct acks *a);
/* The workflow's, as a record without an id; revision 0: nothing was acknowledged yet. */
struct ack_record acks_of(const struct acks *a, const char *workflow);

/* Has what was posted been acknowledged? The answer, without an id, says how far it is. Of a switch key
 * that the route has no more there is nothing to wait for. */
bool acks_answer(const struct acks *a, const struct route *route, const struct rules_post *post,
    struct ack_record *ack);

/* Under a new lease all of it is to be written again. */
void acks_forget_written(struct acks *a);
/* Is there something to be written? */
bool acks_unwritten(const struct acks *a);
/* Writes what has not been, of gate id under its lease. What is acknowledged meanwhile is left for the
 * next time. */
int acks_write(
    struct ctx *cx, struct acks *a, struct topo *t, const char *id, int64_t lease) MUST_USE;
/* Workflows that the route has no switch key of: forgotten, and deleted from the topology. */
int acks_sweep(
    struct ctx *cx, struct acks *a, struct route *route, struct topo *t, const char *id) MUST_USE;

#endif
