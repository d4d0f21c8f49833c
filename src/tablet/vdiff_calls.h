/*
 * vdiff_calls.h - what is said to comparisons (rpc/vdiff.h), of streams that end at this server.
 *
 * A call changes rows (compare/diff_rows.h) and wakes the streams' tasks; it waits for no comparison.
 */
#ifndef TABLET_VDIFF_CALLS_H
#define TABLET_VDIFF_CALLS_H

#include "rpc/tablet.h"
#include "tablet/stream/stream.h"

/* Of the stream that q names, at env's server. */
struct vdiff_call {
	const struct tablet_env *env;
	struct stream_id id;         /* its; borrowed from the request */
	bool over;                   /* it is past its commit */
	const struct stream *stream; /* until something waits: it may be deleted then */
	const struct vdiff_request *q;
};

/* r is written by vdiff_show() alone. */
typedef int vdiff_fn(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r);

/* ERR_REFUSED: a table that is not the stream's, or a stream that is past its commit; ERR_CONFLICT: there is
 * one of that UUID. */
int vdiff_create(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r) MUST_USE;
int vdiff_show(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r) MUST_USE;
/* ERR_NOT_FOUND. Nothing of one that has ended. */
int vdiff_stop(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r) MUST_USE;
/* ERR_NOT_FOUND. Nothing of one that is under way. */
int vdiff_resume(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r) MUST_USE;
int vdiff_delete(struct ctx *cx, const struct vdiff_call *c, struct vdiff_reply *r) MUST_USE;

#endif
