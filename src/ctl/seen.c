#include "ctl/seen.h"

enum { GATE_WITHIN_MS = 3000 }; /* one that is at work answers in milliseconds */

struct question {
	const char *id, *http;
	struct slice body;
	struct arena *arena;
	struct statements_record record;
	bool answered;
};

static int
ask(struct ctx *cx, struct question *q)
{
	struct slice answer;

	TRY(rpc_call(cx, q->http, "/gate/statements", q->body, &answer));
	return message_read(q->arena, &statements_record_message, answer, &q->record, cx->err);
}

/* Its error is that the gate is named as silent. */
static void
ask_task(void *arg)
{
	struct question *q = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = q->arena };
	struct ctx within = ctx_within(&cx, GATE_WITHIN_MS * MSEC);

	q->answered = ask(&within, q) == 0;
}

static int
ask_all(struct ctx *cx, struct question *questions, size_t count)
{
	struct group g;
	int rc = 0;

	group_init(&g);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = group_spawn(&g, "asking a gate", ask_task, &questions[i], cx->err);
	if (rc == 0)
		rc = group_wait(cx, &g);
	group_done(&g);
	return rc;
}

static int
read_gates(struct ctx *cx, struct ctl *c, struct question **out, size_t *count)
{
	struct topo_list gates;

	TRY(topo_list(cx, c->topo, GATES_FOLDER, &gates));
	if (gates.count > SEEN_GATES_MAX)
		return err_set(cx->err, ERR_REFUSED,
		    "%zu gates are registered, at most %d can be asked", gates.count,
		    SEEN_GATES_MAX);
	*out = arena_array(cx->arena, struct question, gates.count);
	*count = gates.count;
	for (size_t i = 0; i < gates.count; i++) {
		struct gate_record gate;

		TRY(gate_read(cx->arena, gates.items[i].value, &gate, cx->err));
		(*out)[i] =
		    (struct question){ .id = gate.id, .http = gate.http, .arena = cx->arena };
	}
	return 0;
}

int
seen_statements(struct ctx *cx, struct ctl *c, const char *keyspace, struct statements_record *out)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	const struct statements_request what = { .keyspace = keyspace };
	struct question *questions = NULL;
	const struct statements_record **records;
	const char **silent;
	size_t count = 0, answered = 0, missing = 0;

	message_write(&body, &statements_request_message, &what);
	TRY(read_gates(cx, c, &questions, &count));
	for (size_t i = 0; i < count; i++)
		questions[i].body = buf_slice(&body);
	TRY(ask_all(cx, questions, count));
	records = arena_array(cx->arena, const struct statements_record *, count);
	silent = arena_array(cx->arena, const char *, count);
	for (size_t i = 0; i < count; i++) {
		if (questions[i].answered)
			records[answered++] = &questions[i].record;
		else
			silent[missing++] = questions[i].id;
	}
	statements_merge(cx->arena, records, answered, out);
	out->silent = silent;
	out->silent_count = missing;
	return 0;
}
