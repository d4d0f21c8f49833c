/*
 * target_script.h - a scripted target: a fake server that an applier finds in order.
 *
 * It gives each lock, has the stream's row, and notes every statement that writes.
 */
#ifndef TESTS_UNIT_TABLET_TARGET_SCRIPT_H
#define TESTS_UNIT_TABLET_TARGET_SCRIPT_H

#include "fake/fakemysql.h"
#include "tablet/server/position.h"

struct target_script {
	struct fake *fake;
	struct buf said;         /* what it was told, a statement a line */
	const char *disk_offset; /* of the stream's applied */
	const char *packet_max;
	const struct stream_state *state; /* what may be half written */
	const struct slice *part;         /* the one row of run_part, in its order; NULL: none */
};

void target_start(struct target_script *t, const char *address);
/* Answers every statement for which there is no other rule: it changes as many rows as it names;
 * one that is inserted or updated was there.
 * Rules made before this call are looked at first. */
void target_listen(struct target_script *t);
/* These pieces were said in this order. */
void target_said(const struct target_script *t, const char *const *pieces, int count);

#endif
