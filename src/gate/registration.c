#include "gate/registration.h"

#include "base/check.h"
#include "base/mutant.h"

#include <stdio.h>
#include <unistd.h>

/* The lease of a gate that is gone ends one time to live after our own handle has first seen it. */
#define WAIT  (4 * SECOND) /* a lease of 3 s, and what the store needs to see that it has ended */
#define AGAIN (200 * MSEC)

void
registration_default_id(char id[REGISTRATION_ID_MAX], const char *http)
{
	char host[REGISTRATION_ID_MAX - sizeof "-65535" + 1] = "";
	const char *port = strrchr(http, ':');

	check(port != NULL);

	if (gethostname(host, sizeof host - 1) != 0 || host[0] == '-')
		host[0] = '\0';
	for (char *c = host; *c != '\0'; c++) {
		if (strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		    0)
			*c = '-';
	}
	(void)snprintf(id, REGISTRATION_ID_MAX, "%s-%s", host[0] == '\0' ? "gate" : host, port + 1);
}

/* The revision of the record that may be written over: 0 when there is none. */
static int
replaceable(
    struct ctx *cx, struct topo *t, const char *key, const struct gate_record *r, int64_t *revision)
{
	struct topo_kv kv;
	struct gate_record old;

	*revision = 0;
	if (topo_get(cx, t, key, &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	TRY(gate_read(cx->arena, kv.value, &old, cx->err));
	*revision = kv.modified;
	if (strcmp(old.http, r->http) == 0 || mutant("gate_registered_over"))
		return 0;
	return err_set(cx->err, ERR_CONFLICT,
	    "another gate is registered as '%s' (it serves clients at %s): choose another --id",
	    r->id, old.mysql);
}

int
registration_put(struct ctx *cx, struct topo *t, const struct gate_record *r)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	SCOPED(buf)
	struct buf json = BUF_INIT;
	char key[TOPO_KEY_MAX];
	struct topo_compare old = { .key = key };
	struct ctx own = *cx;

	own.arena = &scratch;
	(void)snprintf(key, sizeof key, GATES_FOLDER "%s", r->id);
	TRY(replaceable(&own, t, key, r, &old.modified));
	gate_write(&json, r);
	return topo_put(&own, t, &old, buf_slice(&json), r->lease, NULL);
}

int
registration_start(
    struct ctx *cx, struct topo *t, const struct topo_lease *l, const struct gate_record *r)
{
	usec until = task_now() + WAIT;

	for (;;) {
		struct gate_record record = *r;

		record.lease = topo_lease_id(l);
		if (registration_put(cx, t, &record) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT || task_now() >= until)
			return -1;
		err_clear(cx->err);
		TRY(task_sleep(cx, AGAIN));
	}
}
