#include "topo/topo.h"

#include "base/check.h"

#include <stdio.h>

void
topo_close(struct topo *t)
{
	if (t != NULL)
		t->ops->close(t);
}

/* ---- What every store may rely on */

static int
key_check(const char *key, struct err *err)
{
	size_t len = strlen(key);

	if (len == 0 || len > TOPO_KEY_MAX || key[0] != '/')
		return err_set(err, ERR_REFUSED, "'%.64s' is not a key of the topology", key);
	/* Blanks would end a key in logs and on command lines; UTF-8 beyond ASCII passes. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] <= ' ' || key[i] == 0x7f)
			return err_set(
			    err, ERR_REFUSED, "key '%.64s' has a byte that keys have not", key);
	return 0;
}

/* etcd refuses it too: which of the two would win? */
static int
check_twice(const struct topo_txn *txn, size_t i, struct err *err)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(txn->ops[k].key, txn->ops[i].key) == 0)
			return err_set(
			    err, ERR_REFUSED, "a transaction changes '%s' twice", txn->ops[i].key);
	return 0;
}

static int
txn_check(const struct topo_txn *txn, struct err *err)
{
	size_t bytes = 0;

	/* Here and not in a store, so that what works with one works with the other, and with etcd. */
	if (txn->compares_count > TOPO_OPS_MAX || txn->ops_count > TOPO_OPS_MAX)
		return err_set(
		    err, ERR_REFUSED, "a transaction of more than %d operations", TOPO_OPS_MAX);
	for (size_t i = 0; i < txn->compares_count; i++)
		TRY(key_check(txn->compares[i].key, err));
	for (size_t i = 0; i < txn->ops_count; i++) {
		TRY(key_check(txn->ops[i].key, err));
		TRY(check_twice(txn, i, err));
		if (txn->ops[i].value.len > TOPO_VALUE_MAX)
			return err_set(err, ERR_REFUSED, "value of '%s' has %zu bytes, at most %d",
			    txn->ops[i].key, txn->ops[i].value.len, TOPO_VALUE_MAX);
		bytes += txn->ops[i].value.len;
	}
	if (txn->read != NULL)
		TRY(key_check(txn->read->prefix, err));
	if (bytes > TOPO_TXN_MAX)
		return err_set(err, ERR_REFUSED, "a transaction of %zu bytes, at most %d", bytes,
		    TOPO_TXN_MAX);
	return 0;
}

/* ---- Calls */

int
topo_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	TRY(key_check(key, cx->err));
	return t->ops->get(cx, t, key, out);
}

int
topo_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	TRY(key_check(prefix, cx->err));
	return t->ops->list(cx, t, prefix, out);
}

int
topo_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	TRY(txn_check(txn, cx->err));
	return t->ops->txn(cx, t, txn, out);
}

int
topo_watch(
    struct ctx *cx, struct topo *t, const char *prefix, int64_t revision, struct topo_events *out)
{
	TRY(key_check(prefix, cx->err));
	return t->ops->watch(cx, t, prefix, revision, out);
}

/* One operation, under one compare or none. */
static int
change(struct ctx *cx, struct topo *t, const struct topo_compare *old, const struct topo_op *op,
    struct topo_result *result)
{
	struct topo_txn txn = {
		.compares = old, .compares_count = old == NULL ? 0 : 1, .ops = op, .ops_count = 1
	};

	TRY(topo_txn(cx, t, &txn, result));
	if (!result->succeeded)
		return err_set(cx->err, ERR_CONFLICT, "'%s' was changed by somebody else", op->key);
	return 0;
}

int
topo_put(struct ctx *cx, struct topo *t, const struct topo_compare *old, struct slice value,
    int64_t lease, int64_t *revision)
{
	struct topo_op op = { old->key, value, lease };
	struct topo_result result;

	check(!slice_is_null(value));
	TRY(change(cx, t, old, &op, &result));
	if (revision != NULL)
		*revision = result.revision;
	return 0;
}

int
topo_delete(struct ctx *cx, struct topo *t, const struct topo_compare *old)
{
	struct topo_op op = { old->key, SLICE_NULL, 0 };
	struct topo_result result;

	return change(cx, t, old, &op, &result);
}

int
topo_set(struct ctx *cx, struct topo *t, const char *key, struct slice value, int64_t lease)
{
	struct topo_op op = { key, value, lease };
	struct topo_result result;

	check(!slice_is_null(value));
	return change(cx, t, NULL, &op, &result);
}

/* ---- Locks */

static int
lock_key(char *out, size_t size, const char *name, struct err *err)
{
	if (snprintf(out, size, "/locks/%s", name) >= (int)size)
		return err_set(err, ERR_REFUSED, "the lock's name '%.64s' is too long", name);
	return 0;
}

/* The lock's key exists: ours from a call whose answer was lost, or somebody else's. */
static int
lock_taken(struct ctx *cx, struct topo *t, const char *key, const struct topo_op *ours)
{
	struct topo_kv kv;

	/* It may go between the failed creation and this look: then it is free, but nobody's; the caller
	 * tries again. */
	if (topo_get(cx, t, key, &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		return err_set(cx->err, ERR_CONFLICT, "lock '%s' was held until just now", key);
	}
	if (kv.lease == ours->lease && slice_eq(kv.value, ours->value))
		return 0;
	return err_set(
	    cx->err, ERR_CONFLICT, "lock '%s' is held by '%.*s'", key, SLICE_ARG(kv.value));
}

int
topo_lock(struct ctx *cx, struct topo *t, const char *name, const char *holder, int64_t lease)
{
	char key[TOPO_KEY_MAX + 1];
	struct topo_op op = { key, slice_str(holder), lease };
	struct topo_compare absent = { key, 0 };
	struct topo_result result;

	check(lease != 0); /* a lock that outlives its holder would need a person to remove it */
	TRY(lock_key(key, sizeof key, name, cx->err));
	if (change(cx, t, &absent, &op, &result) == 0)
		return 0;
	if (cx->err->kind != ERR_CONFLICT)
		return err_wrap(cx->err, "taking lock '%s'", name);
	return lock_taken(cx, t, key, &op);
}

int
topo_unlock(struct ctx *cx, struct topo *t, const char *name, int64_t lease)
{
	char key[TOPO_KEY_MAX + 1];
	struct topo_kv kv;

	TRY(lock_key(key, sizeof key, name, cx->err));
	TRY(topo_get(cx, t, key, &kv));
	if (kv.lease != lease)
		return err_set(cx->err, ERR_CONFLICT, "lock '%s' is held by '%.*s'", name,
		    SLICE_ARG(kv.value));
	return topo_delete(cx, t, &(struct topo_compare){ key, kv.modified });
}
