#include "tablet/compare/ahead.h"

#include "base/check.h"
#include "base/mutant.h"

enum { READ_MINUTES = 10 }; /* the longest before the network is thought dead */

static int
read_ahead(struct ctx *cx, struct ahead *a)
{
	const struct row_span span = { buf_slice(&a->after), SLICE_NULL, .limit = a->limit };
	struct ctx within = ctx_within(cx, READ_MINUTES * MINUTE);

	/* One that was dropped amid an answer has left a connection that is of no use. */
	if (a->looker.source != NULL && mysql_broken(a->looker.source) &&
	    !mutant("tablet_vdiff_ahead_broken"))
		looker_close(&a->looker);
	if (a->looker.source == NULL)
		TRY(looker_open_source(&within, &a->looker));
	return look_at_source(&within, &a->looker, &span, &a->look);
}

static void
ahead_main(void *arg)
{
	struct ahead *a = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (read_ahead(&cx, a) != 0)
		group_fail(&a->group, &err);
}

int
ahead_begin(
    struct ctx *cx, struct ahead *a, const struct looker *of, struct slice after, size_t limit)
{
	check(!a->under_way);
	a->looker.params = of->params;
	a->looker.table = of->table;
	a->limit = limit;
	a->look = (struct look){ 0 };
	buf_init(&a->after);
	buf_add_slice(&a->after, after);
	group_init(&a->group);
	a->under_way = true;
	if (group_spawn(&a->group, "vdiff ahead", ahead_main, a, cx->err) == 0)
		return 0;
	ahead_drop(a);
	return -1;
}

bool
ahead_is_behind(const struct ahead *a, struct slice after)
{
	return a->under_way && slice_eq(buf_slice(&a->after), after);
}

int
ahead_take(struct ctx *cx, struct ahead *a, struct look *out)
{
	int rc = group_wait(cx, &a->group);

	if (rc == 0) {
		*out = a->look;
		a->look = (struct look){ 0 };
	}
	ahead_drop(a);
	return rc;
}

void
ahead_drop(struct ahead *a)
{
	if (!a->under_way)
		return;
	group_done(&a->group);
	look_done(&a->look);
	buf_done(&a->after);
	a->under_way = false;
}

void
ahead_close(struct ahead *a)
{
	ahead_drop(a);
	looker_close(&a->looker);
}
