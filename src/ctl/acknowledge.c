#include "ctl/acknowledge.h"

#include "base/mutant.h"

enum {
	ASK_WITHIN_MS =
	    1000,          /* of one post: then the lease and the gate's own record are looked at */
	ASK_AGAIN_MS = 50, /* a gate that cannot be reached is asked again, inside the hold */
	GATES_MAX =
	    256, /* gates asked at a time, each by a task; with more of them no rules are changed */
};

struct asking {
	struct ctl *ctl;
	struct gate_at gate;
	const struct rules_post *what;
	struct slice body; /* what, as text */
	usec deadline;
	struct group *group;
};

static bool
is_enough(const struct rules_post *what, const struct ack_record *ack)
{
	if (!what->has_switch)
		return ack->version >= what->version;
	return strcmp(ack->workflow, what->sw.workflow) == 0 && ack->revision >= what->revision;
}

static int
behind(struct err *err, const struct ack_record *ack)
{
	if (ack->workflow[0] == '\0')
		return err_set(
		    err, ERR_RETRY, "it has version %lld of the rules", (long long)ack->version);
	return err_set(err, ERR_RETRY, "it says '%s', number %lld, of workflow '%s'",
	    rule_phase_name(ack->phase), (long long)ack->number, ack->workflow);
}

static int
post(struct ctx *cx, const struct asking *a)
{
	struct ctx within = ctx_within(cx, ASK_WITHIN_MS * MSEC);
	struct ack_record ack;
	struct slice answer;

	TRY(rpc_call(&within, a->gate.http, "/gate/rules", a->body, &answer));
	TRY(ack_read(cx->arena, answer, &ack, cx->err));
	return is_enough(a->what, &ack) ? 0 : behind(cx->err, &ack);
}

/* Of a gate that could not be posted: *yes when it has no lease any more, so that it serves no moved
 * table, or when it has written its acknowledgement into the topology. */
static int
gone_or_written(struct ctx *cx, const struct asking *a, bool *yes)
{
	const char *key = arena_printf(cx->arena, "/acks/%s", a->gate.id);
	struct topo_kv kv;
	struct ack_record ack;

	*yes = true;
	if (topo_get(
		cx, a->ctl->topo, arena_printf(cx->arena, GATES_FOLDER "%s", a->gate.id), &kv) != 0)
		return cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (kv.lease != a->gate.lease || mutant("ctl_gate_gone_at_once"))
		return 0; /* it has registered anew, and reads the rules after that */
	*yes = false;
	if (a->what->has_switch)
		key = arena_printf(cx->arena, "%s/%s", key, a->what->sw.workflow);
	if (topo_get(cx, a->ctl->topo, key, &kv) != 0)
		return cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
	TRY(ack_read(cx->arena, kv.value, &ack, cx->err));
	*yes = kv.lease == a->gate.lease && is_enough(a->what, &ack);
	return 0;
}

static int
ask(struct ctx *cx, const struct asking *a)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct err why;
		bool done;

		inner.arena = &scratch;
		if (post(&inner, a) == 0)
			return 0;
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		why = *cx->err;
		if (gone_or_written(&inner, a, &done) == 0 && done)
			return 0;
		if (task_sleep(cx, ASK_AGAIN_MS * MSEC) != 0) {
			if (cx->err->kind == ERR_TIMEOUT)
				err_set(cx->err, ERR_TIMEOUT, "%s", why.text);
			return err_wrap(cx->err, "gate '%s' does not acknowledge", a->gate.id);
		}
	}
}

static void
ask_task(void *arg)
{
	struct asking *a = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = a->deadline, .err = &err };

	if (ask(&cx, a) != 0)
		group_fail(a->group, &err);
}

static int
ask_all(struct ctx *cx, struct group *g, struct asking *askings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		askings[i].group = g;
		TRY(group_spawn(g, "asking a gate", ask_task, &askings[i], cx->err));
	}
	return group_wait(cx, g);
}

int
gates_from(struct arena *a, const struct topo_list *list, struct gates *out, struct err *err)
{
	out->count = list->count;
	out->items = arena_array(a, struct gate_at, list->count);
	for (size_t i = 0; i < list->count; i++) {
		struct gate_record gate;

		TRY(gate_read(a, list->items[i].value, &gate, err));
		out->items[i] = (struct gate_at){ gate.id, gate.http, list->items[i].lease };
	}
	return 0;
}

struct swapped
swapped_copy(struct arena *a, const struct swapped *s)
{
	struct swapped copy = *s;

	copy.gates.items = arena_array(a, struct gate_at, s->gates.count);
	for (size_t i = 0; i < s->gates.count; i++)
		copy.gates.items[i] = (struct gate_at){ arena_strdup(a, s->gates.items[i].id),
			arena_strdup(a, s->gates.items[i].http), s->gates.items[i].lease };
	return copy;
}

static int
gates_now(struct ctx *cx, struct ctl *c, struct gates *out)
{
	struct topo_list list;

	TRY(topo_list(cx, c->topo, GATES_FOLDER, &list));
	return gates_from(cx->arena, &list, out, cx->err);
}

static int
tell_all(struct ctx *cx, struct ctl *c, const struct gates *gates, const struct rules_post *what)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct asking *askings = arena_array(cx->arena, struct asking, gates->count);
	struct ctx later = *cx;
	struct group g;

	if (gates->count > GATES_MAX)
		return err_set(cx->err, ERR_REFUSED,
		    "%zu gates are registered, at most %d can be asked", gates->count, GATES_MAX);
	rules_post_write(&json, what);
	for (size_t i = 0; i < gates->count; i++)
		askings[i] = (struct asking){ .ctl = c,
			.gate = gates->items[i],
			.what = what,
			.body = buf_slice(&json),
			.deadline = cx->deadline };
	group_init(&g);
	/* The tasks have the caller's deadline, this wait a later one: so the error is that of a task, which
	 * says which gate has not answered. */
	if (cx->deadline != NEVER)
		later.deadline = cx->deadline + ASK_WITHIN_MS * MSEC;
	int rc = ask_all(&later, &g, askings, gates->count);
	group_done(&g);
	return rc;
}

int
rules_known(struct ctx *cx, struct ctl *c)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct rules_post what = { .version = 0 };
	struct gates gates;
	struct topo_kv kv;

	inner.arena = &scratch;
	if (topo_get(&inner, c->topo, ROUTING_VERSION_KEY, &kv) == 0) {
		TRY(routing_version_read(&scratch, kv.value, &what.version, cx->err));
	} else {
		if (cx->err->kind != ERR_NOT_FOUND)
			return err_wrap(cx->err, "reading the version of the routing rules");
		err_clear(cx->err); /* there never were any: gates only say that they are there */
	}
	TRY(gates_now(&inner, c, &gates));
	return tell_all(&inner, c, &gates, &what);
}

int
swap_acknowledged(struct ctx *cx, struct ctl *c, const struct swapped *s)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	const struct rules_post what = {
		.version = s->sw.version, .has_switch = true, .sw = s->sw, .revision = s->revision
	};
	struct ctx inner = *cx;

	inner.arena = &scratch;
	return tell_all(&inner, c, &s->gates, &what);
}

int
switch_acknowledged(struct ctx *cx, struct ctl *c, const char *workflow)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct swapped now;
	struct topo_kv kv;

	inner.arena = &scratch;
	if (topo_get(&inner, c->topo, switch_key(&scratch, workflow), &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return err_wrap(cx->err, "reading the switch key of '%s'", workflow);
		err_clear(cx->err);
		return rules_known(cx, c);
	}
	TRY(switch_read(&scratch, kv.value, &now.sw, cx->err));
	now.revision = kv.modified;
	TRY(gates_now(&inner, c, &now.gates));
	return swap_acknowledged(cx, c, &now);
}
