/*
 * Records: what was read and written reads back and is written the same.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "fuzz/fuzz.h"
#include "topo/record.h"

typedef int read_fn(struct arena *a, struct slice json, void *out, struct err *err);
typedef void write_fn(struct buf *out, const void *r);

/* Each record's reader and writer behind one type, without casts of function pointers. */
#define RECORD(name)                                                                               \
	static int read_##name(struct arena *a, struct slice json, void *out, struct err *err)     \
	{                                                                                          \
		return name##_read(a, json, out, err);                                             \
	}                                                                                          \
	static void write_##name(struct buf *out, const void *r)                                   \
	{                                                                                          \
		name##_write(out, r);                                                              \
	}

RECORD(keyspace)
RECORD(tablet)
RECORD(health)
RECORD(gate)
RECORD(ack)
RECORD(rules)
RECORD(workflow)

static const struct {
	read_fn *read;
	write_fn *write;
} records[] = {
	{ read_keyspace, write_keyspace },
	{ read_tablet, write_tablet },
	{ read_health, write_health },
	{ read_gate, write_gate },
	{ read_ack, write_ack },
	{ read_rules, write_rules },
	{ read_workflow, write_workflow },
};

union any {
	struct keyspace_record keyspace;
	struct tablet_record tablet;
	struct health_record health;
	struct gate_record gate;
	struct ack_record ack;
	struct rules_record rules;
	struct workflow_record workflow;
};

void
fuzz_one(struct slice input)
{
	size_t which = fuzz_choice(&input) % (sizeof records / sizeof *records);
	struct err err = { 0 };
	union any first, second;
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf once = BUF_INIT;
	SCOPED(buf) struct buf twice = BUF_INIT;

	if (records[which].read(&a, input, &first, &err) != 0)
		return;
	records[which].write(&once, &first);
	check(records[which].read(&a, buf_slice(&once), &second, &err) == 0);
	records[which].write(&twice, &second);
	check(slice_eq(buf_slice(&once), buf_slice(&twice)));
}
