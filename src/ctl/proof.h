/*
 * proof.h - a comparison of all rows that comes before a switch (--vdiff).
 *
 * Before an attempt begins, once for each switch: the stream is in step all the time, so what was equal
 * stays equal, and attempts that are rolled back need no other one. Its UUID is in the record, written before
 * the tablet is asked: whoever goes on with the workflow looks at the same comparison.
 *
 *   proof ""      a UUID is written; the tablet begins the comparison of that UUID
 *   proof UUID    it is looked at, again and again: under way, found nothing, or found something
 *   switched      "" again: the next round has another stream
 *   given up      "" again (job.c): nobody knows what happens until the next word, so it is compared anew
 *
 * A continuous proof (tablet/compare/prover.h) takes its place where the stream has one that has its
 * baseline: then no row is read. It must have read the target's binlog but for the last second, and no table
 * may differ there. Without its baseline, or ended, it is as if there were none.
 *
 * VDiff shows it, stops it and resumes it as any other; the switch waits for it meanwhile.
 */
#ifndef CTL_PROOF_H
#define CTL_PROOF_H

#include "ctl/workflow.h"

/* May it switch, as far as that is concerned? Looks once; *proved: it found nothing, or none is asked for.
 * Not yet: the record says how far it is, and is saved where that is new. ERR_REFUSED: rows differ, or cannot
 * be compared. */
int proof_look(struct ctx *cx, struct workflow *w, bool *proved) MUST_USE;

#endif
