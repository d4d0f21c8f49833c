#include "gate/rollback_request.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutant.h"
#include "topo/workflow_store.h"

#include <stdio.h>

enum { TRIES = 10 }; /* of a record that its vtctld writes at the same time */

/* What the gate knows of the rules is behind what the record says: there is only forward. */
static bool
has_committed(const struct workflow_record *w)
{
	for (size_t i = 0; i < w->events_count; i++) {
		const struct workflow_event *e = &w->events[i];

		if (e->attempt == w->attempt && strcmp(e->step, "commit") == 0 &&
		    strcmp(e->what, "done") == 0)
			return !mutant("gate_rollback_past_commit");
	}
	return false;
}

static int
write_wish(struct ctx *cx, const struct rollback_request *s, const char *why)
{
	struct workflow_texts x;
	struct workflow_record w;

	TRY(workflow_fetch(cx, s->topo, s->workflow, &x));
	TRY(workflow_assemble(cx->arena, &x, &w, cx->err));
	if (w.attempt != s->attempt || w.state != WORKFLOW_SWITCHING || w.rolling_back ||
	    has_committed(&w))
		return 0;
	w.rolling_back = true;
	workflow_add_event(cx->arena, &w,
	    &(struct workflow_event){ .at_us = clock_wall(),
		.attempt = w.attempt,
		.step = w.step,
		.what = "failed",
		.text = why });
	return workflow_replace(cx, s->topo, &x, &w, NULL);
}

static void
ask(struct ctx *cx, const struct rollback_request *s, const char *why)
{
	log_warn("workflow %s: %s; asking for attempt %d to be rolled back", s->workflow, why,
	    s->attempt);
	for (int tries = 0; tries < TRIES && write_wish(cx, s, why) != 0; tries++) {
		if (cx->err->kind != ERR_CONFLICT) {
			log_warn("rolling back: %s", cx->err->text);
			return;
		}
	}
}

void
rollback_request_overflow(struct ctx *cx, const struct rollback_request *s)
{
	ask(cx, s,
	    arena_printf(cx->arena,
		"the hold buffer of gate '%s' is full, see vtgate --hold-buffer", s->gate));
}

static int
meet(struct ctx *cx, const struct rollback_request *s, const struct standstill *what, bool *met)
{
	struct topo_kv kv;
	char key[TOPO_KEY_MAX], attempt[16];

	*met = false;
	(void)snprintf(key, sizeof key, "/stalled/%s", s->workflow);
	(void)snprintf(attempt, sizeof attempt, "%d", s->attempt);
	if (what->stalled)
		TRY(topo_set(cx, s->topo, key, slice_str(attempt), s->lease));
	if (!what->keeps)
		return 0;
	if (topo_get(cx, s->topo, key, &kv) == 0) {
		*met = slice_eq_str(kv.value, attempt) && !mutant("gate_standstill_alone");
		return 0;
	}
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

void
rollback_request_standstill(
    struct ctx *cx, const struct rollback_request *s, const struct standstill *what)
{
	bool met;

	if (meet(cx, s, what, &met) != 0)
		log_warn("workflow %s: a hold that stands still: %s", s->workflow, cx->err->text);
	else if (met)
		ask(cx, s,
		    arena_printf(cx->arena,
			"a transaction that waits at gate '%s' keeps rows locked that the hold waits for",
			s->gate));
}
