#include "ctl/enlist.h"

#include <stdio.h>

static int
put(struct ctx *cx, struct ctl *c, int64_t lease)
{
	char key[TOPO_KEY_MAX];

	(void)snprintf(key, sizeof(key), "/vtctlds/%s", c->http);
	return topo_set(cx, c->topo, key, slice_str(c->http), lease);
}

static void
attach(struct ctx *cx, void *arg, int64_t lease)
{
	(void)(put(cx, arg, lease) != 0); /* cx->err tells the lease's task */
}

int
enlist(struct ctx *cx, struct ctl *c)
{
	if (c->http == NULL)
		return 0;
	topo_lease_on_grant(c->lease, attach, c);
	return put(cx, c, topo_lease_id(c->lease));
}
