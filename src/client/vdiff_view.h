/*
 * vdiff_view.h - a comparison as Vitess's VDiff shows it: for people, and as JSON.
 *
 * What Vitess has no word for stands beside its members, and only where there is any: UnsettledRows, of
 * rows that had changed each time they were looked at, so that nothing is said of them; RepairedRows;
 * ContinuousProof.
 */
#ifndef CLIENT_VDIFF_VIEW_H
#define CLIENT_VDIFF_VIEW_H

#include "base/buf.h"
#include "base/parse.h"
#include "rpc/vdiff.h"

/* Of which workflow, and how it is shown. */
struct vdiff_shown {
	const char *keyspace, *workflow;
	bool verbose; /* with its tables */
	usec now;     /* wall clock: for the time that it will take */
};

/* Not over: it is to be done, or is being done. */
bool vdiff_goes_on(const struct vdiff_view *v);
/* No row differs that was not repaired, and all are known; a continuous proof has not ended. */
bool vdiff_is_equal(const struct vdiff_view *v);

/* Appended. */
void vdiff_text(struct buf *out, const struct vdiff_shown *s, const struct vdiff_view *v);
void vdiff_json(struct buf *out, const struct vdiff_shown *s, const struct vdiff_view *v);
/* A line for each, in a frame; and as JSON, an array. */
void vdiff_list_text(struct buf *out, const struct vdiff_shown *s, const struct vdiff_reply *r);
void vdiff_list_json(struct buf *out, const struct vdiff_shown *s, const struct vdiff_reply *r);
/* "Summary for t: {ProcessedRows:10 ...}", as Vitess's first version ends. */
void vdiff_first_text(struct buf *out, const struct vdiff_view *v);

#endif
