#include "tablet/read/kept.h"

#include "base/mem.h"
#include "tablet/read/xids.h"
#include "tablet/server/xa_rows.h"

#include <stdlib.h>

struct kept_txn {
	struct list_node node;
	struct buf xid;
	struct spool rows;
};

void
kept_init(struct kept *k, const char *dir)
{
	*k = (struct kept){ .dir = dir };
	list_init(&k->all);
}

static void
forget(struct kept_txn *t)
{
	if (t == NULL)
		return;
	list_remove(&t->node);
	buf_done(&t->xid);
	spool_done(&t->rows);
	free(t);
}

void
kept_done(struct kept *k)
{
	while (!list_empty(&k->all))
		forget(list_item(k->all.first, struct kept_txn, node));
}

static struct kept_txn *
find(const struct kept *k, struct slice xid)
{
	list_each(&k->all, n) {
		struct kept_txn *t = list_item(n, struct kept_txn, node);

		if (slice_eq(buf_slice(&t->xid), xid))
			return t;
	}
	return NULL;
}

struct spool *
kept_new(struct kept *k, struct slice xid)
{
	struct kept_txn *t = mem_new(struct kept_txn);

	forget(find(k, xid));
	buf_init(&t->xid);
	buf_add_slice(&t->xid, xid);
	spool_init(&t->rows, k->dir, KEPT_MEMORY);
	list_push(&k->all, &t->node);
	return &t->rows;
}

struct spool *
kept_find(const struct kept *k, struct slice xid)
{
	struct kept_txn *t = find(k, xid);

	return t == NULL ? NULL : &t->rows;
}

void
kept_drop(struct kept *k, struct slice xid)
{
	forget(find(k, xid));
}

struct slice
kept_oldest(const struct kept *k)
{
	if (list_empty(&k->all))
		return slice_str("");
	return buf_slice(&list_item(k->all.first, struct kept_txn, node)->xid);
}

static int
load_one(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct slice xid,
    struct spool *out)
{
	for (struct xa_piece which = { xid, 0 };; which.no++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct slice piece;

		inner.arena = &scratch;
		TRY(xa_rows_read(&inner, c, id, &which, &piece));
		if (slice_is_null(piece) && which.no > 0)
			return 0;
		if (slice_is_null(piece))
			return err_set(cx->err, ERR_CORRUPT,
			    "the rows of the prepared XA transaction %.*s are gone from the sidecar database",
			    SLICE_ARG(xid));
		TRY(spool_add(out, piece, cx->err));
	}
}

int
kept_load(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct slice set, struct kept *k)
{
	while (set.len > 0) {
		struct slice xid;
		bool with_rows;

		set = xids_split(set, &xid, &with_rows);
		if (with_rows)
			TRY(load_one(cx, c, id, xid, kept_new(k, xid)));
	}
	return 0;
}
