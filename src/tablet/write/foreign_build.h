/*
 * foreign_build.h - the foreign keys between the tables of a set, added when every table is whole.
 *
 *   for each key that the target has not:
 *     applier_suspend()     the target stands still, at a position of the source
 *     the anti-join         is there a row without the one that it refers to?
 *     ALTER TABLE ... ADD CONSTRAINT, with foreign_key_checks=0
 *     applier_resume()
 *
 * With foreign_key_checks=0 the server adds a key without looking at a row, in some milliseconds
 * whatever the size (instant: settled on MariaDB 10.11), under an exclusive lock of the child alone;
 * checked, it would copy the table. The anti-join is the check, and since nothing is written between
 * the two, the key is as proved as if the server had looked. From then on rows come from the source,
 * where the key is, by sessions that check none: what its clients write past the key
 * (foreign_key_checks=0) passes here as it does there.
 *
 * A row that violates the key is named, and stays where it is: the source's owner is to decide what
 * becomes of it. The applier goes on, so that what he does arrives, and the key is tried again.
 */
#ifndef TABLET_WRITE_FOREIGN_BUILD_H
#define TABLET_WRITE_FOREIGN_BUILD_H

#include "tablet/server/env.h"
#include "tablet/write/apply.h"

/* Tables of one stream. */
struct foreign_build {
	const struct tablet_env *env;
	struct applier *applier; /* exact */
	const struct moved_tables *tables;
};

/* Idempotent; keys that refer to others than the tables are left out. In the end the target's definitions,
 * with these keys, are compared with the source's. ERR_CONFLICT with a hint: a row violates a key, or
 * somebody uses the table; to be called again later. */
int foreign_build(struct ctx *cx, const struct foreign_build *b) MUST_USE;

#endif
