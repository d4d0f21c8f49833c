/*
 * topo_file.c - the store in one SQLite file, from inside a loop.
 *
 * A handle is one connection. Its calls run on helper threads, one at a time
 * (busy); a call that finds the file locked by others gives up after a moment
 * and is made again, so that its task's deadline and cancellation count.
 * topo_look.c sees what others have changed.
 */
#include "topo/topo_file.h"

#include "base/check.h"
#include "base/mem.h"
#include "task/offload.h"

#include <stdlib.h>

#define RETRY_PAUSE (2 * MSEC) /* after a try that waited for the lock already */

void
file_run_call(void *call)
{
	struct call *c = call;

	c->locked = false;
	c->rc = c->act(c);
	if (c->rc != 0 && c->db != NULL)
		c->locked = db_busy(c->db);
}

void
file_call_done(struct call *c)
{
	arena_done(&c->arena);
}

int
file_call(struct ctx *cx, struct file *f, struct call *c)
{
	for (;;) {
		/* Not in the order of their coming: all are woken, and the first to run has it. Calls are
		 * short. */
		while (f->busy)
			TRY(waitlist_wait(cx, &f->free));
		f->busy = true;
		c->db = f->db;
		offload(cx, file_run_call, c);
		f->busy = false;
		waitlist_wake_all(&f->free);
		if (!c->locked)
			return c->rc == 0 ? 0 : err_copy(cx->err, &c->err);
		arena_reset(&c->arena);
		if (task_sleep(cx, RETRY_PAUSE) != 0)
			return err_wrap(
			    cx->err, "waiting for others to unlock '%s'", db_path(f->db));
	}
}

/* ---- What runs on the helper thread */

static int
run_get(struct call *c)
{
	return tables_get(c->db, &c->arena, c->text, &c->kv, &c->err);
}

static int
run_list(struct call *c)
{
	return tables_list(c->db, &c->arena, c->text, &c->list, &c->err);
}

static int
run_txn(struct call *c)
{
	return tables_txn(c->db, &c->arena, c->txn, &c->result, &c->err);
}

static int
run_grant(struct call *c)
{
	return tables_lease_grant(c->db, c->ttl, &c->lease, &c->err);
}

static int
run_renew(struct call *c)
{
	return tables_lease_renew(c->db, c->lease, &c->arena, &c->leases, &c->err);
}

static int
run_leases(struct call *c)
{
	return tables_leases(c->db, &c->arena, &c->leases, &c->err);
}

/* On failure the half-open file is closed here, where it may block. */
static int
run_open(struct call *c)
{
	if (tables_open(c->text, &c->db, &c->err) == 0)
		return 0;
	c->locked = db_busy(c->db);
	db_close(c->db);
	c->db = NULL;
	return -1;
}

static int
run_close(struct call *c)
{
	db_close(c->db);
	c->db = NULL;
	return 0;
}

/* ---- Calls */

static struct topo_kv
copy_out(struct arena *a, const struct topo_kv *kv)
{
	struct topo_kv copy = *kv;

	copy.key = arena_dup(a, kv->key);
	copy.value = arena_dup(a, kv->value);
	return copy;
}

static int
file_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	struct call c = { .act = run_get, .text = key };
	int rc = file_call(cx, (struct file *)t, &c);

	if (rc == 0)
		*out = copy_out(cx->arena, &c.kv);
	file_call_done(&c);
	return rc;
}

static struct topo_list
list_out(struct arena *a, const struct topo_list *l)
{
	struct topo_list copy = *l;

	copy.items = arena_array(a, struct topo_kv, l->count);
	for (size_t i = 0; i < l->count; i++)
		copy.items[i] = copy_out(a, &l->items[i]);
	return copy;
}

static int
file_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	struct call c = { .act = run_list, .text = prefix };
	int rc = file_call(cx, (struct file *)t, &c);

	if (rc == 0)
		*out = list_out(cx->arena, &c.list);
	file_call_done(&c);
	return rc;
}

static int
file_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_txn, .txn = txn };

	int rc = file_call(cx, f, &c);

	if (rc == 0) {
		*out = c.result;
		if (txn->read != NULL && out->succeeded)
			txn->read->out = list_out(cx->arena, &txn->read->out);
		file_publish(f, out->revision);
	}
	file_call_done(&c);
	return rc;
}

void
file_events_out(struct arena *a, const struct topo_events *from, struct topo_events *out)
{
	*out = *from;
	out->items = arena_array(a, struct topo_event, from->count);
	for (size_t i = 0; i < from->count; i++)
		out->items[i] =
		    (struct topo_event){ copy_out(a, &from->items[i].kv), from->items[i].revision };
}

static int
file_lease_grant(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_grant, .ttl = ttl };

	TRY(file_call(cx, f, &c));
	*lease = c.lease;
	return 0;
}

static int
file_lease_renew(struct ctx *cx, struct topo *t, int64_t lease)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_renew, .lease = lease };
	int rc = file_call(cx, f, &c);

	if (rc == 0)
		file_observe(f, &c.leases);
	file_call_done(&c);
	return rc;
}

static int
file_lease_revoke(struct ctx *cx, struct topo *t, int64_t lease)
{
	return file_end_lease(cx, (struct file *)t, lease, NULL);
}

static int
file_lease_counter(struct ctx *cx, struct topo *t, int64_t lease, uint64_t *counter, usec *ttl)
{
	struct call c = { .act = run_leases };
	int rc = file_call(cx, (struct file *)t, &c);
	bool found = false;

	for (size_t i = 0; rc == 0 && i < c.leases.count; i++) {
		if (c.leases.items[i].id != lease)
			continue;
		*counter = c.leases.items[i].counter;
		*ttl = c.leases.items[i].ttl;
		found = true;
	}
	file_call_done(&c);
	if (rc == 0 && !found)
		return err_set(cx->err, ERR_NOT_FOUND, "lease %lld has ended", (long long)lease);
	return rc;
}

static void
file_close(struct topo *t)
{
	struct file *f = (struct file *)t;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .shielded = true };
	struct call c = { .act = run_close, .db = f->db };

	/* The task that looks first: it may be inside of a call. */
	group_done(&f->group);
	check(!f->busy && waitlist_empty(&f->changed) && list_empty(&f->watchers));
	offload(&cx, file_run_call, &c);
	notice_close(&f->notice);
	free(f->seen);
	free(f);
}

static const struct topo_ops file_ops = {
	.name = "sqlite",
	.get = file_get,
	.list = file_list,
	.txn = file_txn,
	.watch = file_watch,
	.lease_grant = file_lease_grant,
	.lease_renew = file_lease_renew,
	.lease_revoke = file_lease_revoke,
	.lease_counter = file_lease_counter,
	.close = file_close,
};

/* Several programs may be making the same new file: whoever finds it locked tries again. */
static int
open_db(struct ctx *cx, const char *path, struct db **out)
{
	struct call c = { .act = run_open, .text = path };

	for (;;) {
		offload(cx, file_run_call, &c);
		if (c.rc == 0)
			break;
		if (!c.locked)
			return err_copy(cx->err, &c.err);
		if (task_sleep(cx, RETRY_PAUSE) != 0)
			return err_wrap(cx->err, "waiting for others to unlock '%s'", path);
	}
	*out = c.db;
	return 0;
}

int
topo_open(struct ctx *cx, const char *url, struct topo **out)
{
	static const char sqlite[] = "sqlite:";
	struct file *f;
	struct db *db;

	if (strncmp(url, sqlite, sizeof sqlite - 1) != 0 || url[sizeof sqlite - 1] == '\0') {
		err_set(cx->err, ERR_REFUSED, "'%s' is not a topology", url);
		return err_hint(cx->err, "write sqlite:/path/topo.db");
	}
	TRY(open_db(cx, url + sizeof sqlite - 1, &db));
	f = mem_new(struct file);
	f->topo.ops = &file_ops;
	f->db = db;
	notice_open(&f->notice, db_path(db));
	list_init(&f->watchers);
	group_init(&f->group);
	if (group_spawn(&f->group, "topology", file_look, f, cx->err) != 0) {
		file_close(&f->topo);
		return -1;
	}
	*out = &f->topo;
	return 0;
}
