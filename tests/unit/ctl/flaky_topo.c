/* The topology as a vtctld sees it: what it writes of a cutover may get lost. */
#include "unit/ctl/fakes.h"

static struct topo *
real_of(struct topo *t)
{
	return ((struct flaky *)t)->world->topo;
}

static int
flaky_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	((struct flaky *)t)->reads++;
	return topo_get(cx, real_of(t), key, out);
}

static int
flaky_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	((struct flaky *)t)->reads++;
	return topo_list(cx, real_of(t), prefix, out);
}

static bool
says(const struct topo_op *op, const char *words)
{
	return op->value.len > 0 &&
	    memmem(op->value.ptr, op->value.len, words, strlen(words)) != NULL;
}

/* What a plan may call it; NULL: it is left alone. */
static const char *
name_of(const struct topo_txn *txn)
{
	const char *name = NULL;

	for (size_t i = 0; i < txn->ops_count; i++) {
		const struct topo_op *op = &txn->ops[i];

		if (strncmp(op->key, "/routing/switches/", 18) == 0 &&
		    says(op, "\"phase\":\"switched\""))
			return "txn";
		if (says(op, "\"rolling_back\":true"))
			name = "rolling back";
		if (says(op, "\"state\":\"Switched\""))
			name = "end";
	}
	return name;
}

static bool
changes_record(const struct topo_txn *txn)
{
	for (size_t i = 0; i < txn->ops_count; i++) {
		if (strncmp(txn->ops[i].key, "/workflows/", strlen("/workflows/")) == 0)
			return true;
	}
	return false;
}

/* Of all that is written only a release may be undone by a power cut: the commit is behind it. */
static void
check_synced(const struct topo_txn *txn)
{
	bool releases = false;

	for (size_t i = 0; i < txn->ops_count; i++)
		releases |= strncmp(txn->ops[i].key, "/workflows/", strlen("/workflows/")) == 0 &&
		    says(&txn->ops[i], "\"step\":\"release\"");
	expect(releases || !txn->unsynced);
}

static int
flaky_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	struct world *w = ((struct flaky *)t)->world;
	const char *name = name_of(txn);
	enum trouble trouble = name == NULL ? NO_TROUBLE : world_trouble(w, name);

	check_synced(txn);
	if (trouble == NO_TROUBLE && changes_record(txn))
		trouble = world_trouble(w, "record");
	if (trouble == REFUSES)
		return err_set(cx->err, ERR_REFUSED, "the topology cannot be written");
	if (trouble == FAILS)
		return err_set(cx->err, ERR_RETRY, "the topology cannot be reached");
	TRY(topo_txn(cx, real_of(t), txn, out));
	return trouble == LATE ? err_set(cx->err, ERR_RETRY, "the topology's answer was lost") : 0;
}

static int
flaky_watch(
    struct ctx *cx, struct topo *t, const char *prefix, int64_t revision, struct topo_events *out)
{
	return topo_watch(cx, real_of(t), prefix, revision, out);
}

static int
flaky_grant(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease)
{
	return real_of(t)->ops->lease_grant(cx, real_of(t), ttl, lease);
}

static int
flaky_renew(struct ctx *cx, struct topo *t, int64_t lease)
{
	return real_of(t)->ops->lease_renew(cx, real_of(t), lease);
}

static int
flaky_revoke(struct ctx *cx, struct topo *t, int64_t lease)
{
	return real_of(t)->ops->lease_revoke(cx, real_of(t), lease);
}

static const struct topo_ops flaky_ops = {
	.name = "flaky",
	.get = flaky_get,
	.list = flaky_list,
	.txn = flaky_txn,
	.watch = flaky_watch,
	.lease_grant = flaky_grant,
	.lease_renew = flaky_renew,
	.lease_revoke = flaky_revoke,
};

void
flaky_open(struct flaky *f, struct world *w)
{
	*f = (struct flaky){ .base = { .ops = &flaky_ops }, .world = w };
}
