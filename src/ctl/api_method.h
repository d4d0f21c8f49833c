/*
 * api_method.h - the rows of vtctld's table of HTTP methods, one file for each kind.
 *
 * A method writes its JSON document to out, or fails with the err that the caller will see.
 */
#ifndef CTL_API_METHOD_H
#define CTL_API_METHOD_H

#include "ctl/cluster.h"
#include "rpc/api.h"

typedef int api_fn(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out);

struct api_method {
	const char *name;
	api_fn *run;
};

/* All end with { NULL, NULL }. */
extern const struct api_method api_cluster_methods[]; /* keyspaces, tablets */
extern const struct api_method api_admin_methods[];   /* rules, and what is taken away */
extern const struct api_method api_move_methods[];    /* workflows and tables */
extern const struct api_method api_control_methods[]; /* to workflows that are there */
extern const struct api_method api_vdiff_methods[];   /* comparisons */
extern const struct api_method api_name_methods[];    /* for gates: places of names */

#endif
