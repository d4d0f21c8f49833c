#include "gate/acks.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdio.h>
#include <stdlib.h>

struct told {
	int64_t revision, number;
	enum rule_phase phase;
};

struct ack {
	char workflow[NAME_PAIR_MAX];
	struct told by[WORKERS_MAX];
	struct told quiet[WORKERS_MAX]; /* the last hold or pause in which it was */
	int64_t written;                /* revision */
};

void
acks_init(struct acks *a, int loops)
{
	*a = (struct acks){ .loops = loops, .version_written = -1 };
	map_init(&a->by_workflow);
}

void
acks_done(struct acks *a)
{
	struct slice key;
	void *ack;

	for (size_t i = 0; map_next(&a->by_workflow, &i, &key, &ack);)
		free(ack);
	map_done(&a->by_workflow);
}

/* ---- Told */

void
acks_routed(struct acks *a, int loop, int64_t version)
{
	check(loop >= 0 && loop < a->loops);
	if (version > a->version_by[loop])
		a->version_by[loop] = version;
}

static struct ack *
ack_of(struct acks *a, int loop, const struct switch_ack *told)
{
	struct ack *ack = map_get(&a->by_workflow, slice_str(told->workflow));

	check(loop >= 0 && loop < a->loops);
	if (ack == NULL) {
		ack = mem_new(struct ack);
		(void)snprintf(ack->workflow, sizeof ack->workflow, "%s", told->workflow);
		(void)map_put(&a->by_workflow, slice_str(told->workflow), ack);
	}
	return ack;
}

void
acks_drained(struct acks *a, int loop, const struct switch_ack *told)
{
	struct ack *ack = ack_of(a, loop, told);

	if (told->revision > ack->by[loop].revision) /* (2) */
		ack->by[loop] = (struct told){ told->revision, told->number, told->phase };
}

bool
acks_quiet(struct acks *a, int loop, const struct switch_ack *told)
{
	struct ack *ack = ack_of(a, loop, told);

	ack->quiet[loop] = (struct told){ told->revision, told->number, told->phase };
	for (int i = 0; i < a->loops; i++) {
		if (ack->quiet[i].number != told->number || ack->quiet[i].phase != told->phase)
			return false;
	}
	return true;
}

/* ---- The gate's word */

int64_t
acks_version(const struct acks *a)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < a->loops; i++) {
		if (a->version_by[i] < least)
			least = a->version_by[i];
	}
	return least;
}

static const struct told *
least_of(const struct acks *a, const struct ack *ack)
{
	const struct told *least = &ack->by[0];

	for (int i = 1; i < a->loops; i++) {
		if (ack->by[i].revision < least->revision && !mutant("gate_word_of_one_loop"))
			least = &ack->by[i];
	}
	return least;
}

static struct ack_record
record_of(const struct acks *a, const struct ack *ack)
{
	const struct told *least = least_of(a, ack);

	return (struct ack_record){ .id = "",
		.version = acks_version(a),
		.workflow = ack->workflow,
		.revision = least->revision,
		.number = least->number,
		.phase = least->phase };
}

struct ack_record
acks_of(const struct acks *a, const char *workflow)
{
	const struct ack *ack = map_get(&a->by_workflow, slice_str(workflow));
	struct ack_record best = { .id = "", .version = acks_version(a), .workflow = workflow };
	struct slice key;
	void *other;

	if (ack != NULL)
		best = record_of(a, ack);
	if (!mutant("gate_word_of_another"))
		return best;
	for (size_t i = 0; map_next(&a->by_workflow, &i, &key, &other);) {
		if (record_of(a, other).revision > best.revision)
			best.revision = record_of(a, other).revision;
	}
	return best;
}

static bool
is_in(const struct route *route, const char *workflow)
{
	for (size_t i = 0; i < route->switches_count; i++) {
		if (strcmp(route->switches[i].record.workflow, workflow) == 0)
			return true;
	}
	return false;
}

bool
acks_answer(const struct acks *a, const struct route *route, const struct rules_post *post,
    struct ack_record *ack)
{
	if (!post->has_switch || acks_version(a) < post->version) {
		*ack = (struct ack_record){ .version = acks_version(a), .workflow = "" };
		return ack->version >= post->version;
	}
	*ack = acks_of(a, post->sw.workflow);
	if (!is_in(route, post->sw.workflow))
		ack->revision = post->revision;
	return ack->revision >= post->revision;
}

/* ---- In the topology */

void
acks_forget_written(struct acks *a)
{
	struct slice key;
	void *value;

	a->version_written = -1;
	for (size_t i = 0; map_next(&a->by_workflow, &i, &key, &value);)
		((struct ack *)value)->written = 0;
}

static struct ack *
next_unwritten(const struct acks *a)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&a->by_workflow, &i, &key, &value);) {
		struct ack *ack = value;

		if (least_of(a, ack)->revision > ack->written)
			return ack;
	}
	return NULL;
}

bool
acks_unwritten(const struct acks *a)
{
	return acks_version(a) != a->version_written || next_unwritten(a) != NULL;
}

static int
write_one(struct ctx *cx, struct topo *t, const struct ack_record *r, int64_t lease)
{
	SCOPED(buf)
	struct buf json = BUF_INIT;
	char key[TOPO_KEY_MAX];

	(void)snprintf(
	    key, sizeof key, "/acks/%s%s%s", r->id, r->workflow[0] == '\0' ? "" : "/", r->workflow);
	ack_write(&json, r);
	return topo_set(cx, t, key, buf_slice(&json), lease);
}

int
acks_write(struct ctx *cx, struct acks *a, struct topo *t, const char *id, int64_t lease)
{
	struct ack_record r = { .id = id, .version = acks_version(a), .workflow = "" };
	struct ack *ack;

	if (r.version != a->version_written) {
		a->version_written = r.version;
		if (write_one(cx, t, &r, lease) != 0) {
			a->version_written = -1;
			return -1;
		}
	}
	while ((ack = next_unwritten(a)) != NULL) {
		char workflow[NAME_PAIR_MAX];

		r = record_of(a, ack);
		r.id = id;
		/* The map may be another one after the wait. */
		memcpy(workflow, ack->workflow, sizeof workflow);
		r.workflow = workflow;
		ack->written = r.revision;
		if (write_one(cx, t, &r, lease) != 0) {
			acks_forget_written(a);
			return -1;
		}
	}
	return 0;
}

static struct ack *
next_gone(const struct acks *a, const struct route *route)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&a->by_workflow, &i, &key, &value);) {
		if (!is_in(route, ((struct ack *)value)->workflow))
			return value;
	}
	return NULL;
}

static int
sweep_one(struct ctx *cx, struct acks *a, struct ack *ack, struct topo *t, const char *id)
{
	struct topo_result result;
	char key[TOPO_KEY_MAX];
	struct topo_op op = { .key = key, .value = SLICE_NULL };

	(void)snprintf(key, sizeof key, "/acks/%s/%s", id, ack->workflow);
	(void)map_take(&a->by_workflow, slice_str(ack->workflow));
	free(ack);
	return topo_txn(cx, t, &(struct topo_txn){ .ops = &op, .ops_count = 1 }, &result);
}

int
acks_sweep(struct ctx *cx, struct acks *a, struct route *route, struct topo *t, const char *id)
{
	struct ack *ack;
	int rc = 0;

	(void)route_ref(route); /* over the waits */
	while (rc == 0 && (ack = next_gone(a, route)) != NULL)
		rc = sweep_one(cx, a, ack, t, id);
	route_unref(route);
	return rc;
}
