/*
 * strict_copy.h - the copy of strict tables (table_def.h): each whole, all in one view of the source.
 *
 * Their rows have no key, so no chunk can begin behind another one, no window can tell which of them have
 * changed, and no row that comes twice would be met. So they are copied when the others are what the
 * source is (EXACT), while the applier stands still, and from then on their changes are applied in order:
 *
 *      applier                     this copy                             strict tables at the target
 *      EXACT, at 100               (a process before has died)           rows of a copy that is not whole
 *      stands still at 120         waits for that one's session,
 *                                  empties the tables                    empty
 *                                  view of the source, of place 150      empty
 *                                  rows, one transaction for a batch     more and more
 *                                  source: INSERT at 160                 more and more
 *                                  0, 150                                the source at 150
 *      strict_from 150, goes on
 *      passes over what is at 130                                        the source at 150
 *      150 is on disk; INDEXING    (the copy counts now)                 the source at 150
 *      applies what is at 160                                            the source at 160
 *
 * How the place of the view is known: still_view.h.
 *
 * Whoever dies before INDEXING is on disk leaves tables that the next one empties. The source keeps the
 * view until the end (no lock), and the other tables wait as long: where that is too long, the table wants
 * a key.
 */
#ifndef TABLET_COPY_STRICT_COPY_H
#define TABLET_COPY_STRICT_COPY_H

#include "tablet/copy/copy.h"
#include "tablet/server/env.h"
#include "tablet/write/apply.h"

struct strict_copy {
	const struct tablet_env *env;
	const char *from; /* the source's address */
	const struct copy_params *params;
	struct copier *copier; /* which knows how far each table is */
	struct applier *applier;
};

/*
 * The applier is exact, and its stream CATCHING_UP. 0: it is beyond the place of the view, and applies what
 * comes behind it. Nothing to do where no table is strict. A lost connection begins it anew; meanwhile the
 * applier goes on.
 */
int strict_copy_run(struct ctx *cx, const struct strict_copy *s) MUST_USE;

#endif
