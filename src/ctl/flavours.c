#include "ctl/flavours.h"

#include "ctl/cluster.h"
#include "mysql/flavour.h"

static int
flavour_of(struct ctx *cx, const struct workflow *w, enum side s, const struct dialect **out)
{
	struct tablet_record tablet;
	struct health_record health;

	TRY(cluster_primary(cx, w->ctl, side_keyspace(w, s), &tablet));
	TRY(cluster_health(cx, w->ctl, tablet.alias, &health));
	return health.version[0] == '\0' ? 0 : flavour_find(health.version, out, cx->err);
}

int
flavours_differ(struct ctx *cx, const struct workflow *w, bool *out)
{
	const struct dialect *source = NULL, *target = NULL;

	TRY(flavour_of(cx, w, SIDE_SOURCE, &source));
	TRY(flavour_of(cx, w, SIDE_TARGET, &target));
	*out = source != NULL && target != NULL && source != target;
	return 0;
}

int
flavours_allow_on_ddl(struct ctx *cx, const struct workflow *w)
{
	enum on_ddl on = w->r.options.on_ddl;
	bool differ;

	if (on == ON_DDL_STOP || on == ON_DDL_IGNORE)
		return 0;
	TRY(flavours_differ(cx, w, &differ));
	if (!differ)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "--on-ddl %s between servers of different flavours: a statement of the "
	    "source's may mean something else at the target",
	    on_ddl_names[on]);
	return err_hint(
	    cx->err, "--on-ddl STOP, or IGNORE and ALTER the table at the target yourself");
}
