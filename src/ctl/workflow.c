#include "ctl/workflow.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "topo/routing.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- The record */

void
workflow_check(const struct workflow *w)
{
	check(w->revision > 0 || (w->was == WORKFLOW_CHECKING && w->was_attempt == 0)); /* (1) */
	check(fsm_may(&workflow_states, (int)w->was, (int)w->r.state));                 /* (2) */
	check(w->r.attempt >= w->was_attempt);                                          /* (3) */
	check((w->r.round % 2 == 0) == (w->r.direction == DIRECTION_REVERSE));          /* (6) */
}

void
workflow_init(struct workflow *w, struct ctl *c, const char *id)
{
	*w = (struct workflow){ .ctl = c, .arena = ARENA_INIT, .r = { .round = 1 } };
	int n = snprintf(w->id, sizeof(w->id), "%s", id);
	check(n >= 0 && (size_t)n < sizeof(w->id));
}

void
workflow_done(struct workflow *w)
{
	workflow_forget_sides(w);
	arena_done(&w->arena);
	w->r = (struct workflow_record){ .name = NULL, .round = 1 };
	w->texts = NULL;
	w->revision = 0;
	w->swapped = NULL;
	w->was = WORKFLOW_CHECKING;
	w->was_attempt = 0;
	workflow_check(w);
}

/* Takes over what is in the topology. */
static int
adopt(struct workflow *w, const struct workflow_texts *now, struct err *err)
{
	struct arena arena = ARENA_INIT;
	const struct workflow_texts *x = workflow_texts_copy(&arena, now);
	struct workflow_record r;

	if (workflow_assemble(&arena, x, &r, err) != 0) {
		arena_done(&arena);
		return -1;
	}
	arena_done(&w->arena);
	w->arena = arena;
	w->texts = x;
	w->r = r;
	w->was = r.state;
	w->was_attempt = r.attempt;
	w->revision = x->revision;
	w->swapped = NULL;
	workflow_check(w);
	return 0;
}

int
workflow_load(struct ctx *cx, struct workflow *w)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct workflow_texts now;

	workflow_check(w);
	inner.arena = &scratch;
	if (workflow_fetch(&inner, w->ctl->topo, w->id, &now) != 0)
		return err_wrap(cx->err, "workflow '%s'", w->id);
	return adopt(w, &now, cx->err);
}

static struct workflow_texts
texts_of(const struct workflow *w)
{
	return w->texts != NULL ? *w->texts : (struct workflow_texts){ .id = w->id };
}

int
workflow_save_with(struct ctx *cx, struct workflow *w, const struct topo_txn *others)
{
	struct workflow_texts x = texts_of(w);
	enum workflow_state was = w->was;

	fsm_check(&workflow_states, (int)was, (int)w->r.state); /* (2), with the names in the log */
	workflow_check(w);
	if (workflow_replace(cx, w->ctl->topo, &x, &w->r, others) != 0)
		return cx->err->kind == ERR_CONFLICT
		    ? -1
		    : err_wrap(cx->err, "saving workflow '%s'", w->id);
	TRY(adopt(w, &x, cx->err));
	fsm_moved(&workflow_states, w->id, (int)was, (int)w->was);
	return 0;
}

int
workflow_save(struct ctx *cx, struct workflow *w)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;

	inner.arena = &scratch;
	return workflow_save_with(&inner, w, NULL);
}

int
workflow_next(struct ctx *cx, struct workflow *w)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	const char *key = workflow_key(&scratch, w->id);
	struct topo_events e = { .revision = w->revision };

	workflow_check(w);
	inner.arena = &scratch;
	for (;;) {
		TRY(topo_watch(&inner, w->ctl->topo, key, e.revision, &e));
		if (e.compacted)
			return workflow_load(cx, w);
		for (size_t i = 0; i < e.count; i++) {
			const struct topo_kv *kv = &e.items[i].kv;

			if (!slice_eq_str(kv->key, key))
				continue;
			if (slice_is_null(kv->value))
				return err_set(
				    cx->err, ERR_NOT_FOUND, "workflow '%s' is gone", w->id);
			return workflow_load(cx, w);
		}
	}
}

int
workflow_sleep(struct ctx *cx, const struct workflow *w, usec wait)
{
	const char *key = workflow_key(cx->arena, w->id);
	struct ctx within = ctx_within(cx, wait);
	struct topo_events e = { .revision = w->revision };

	while (!mutant("ctl_cancel_waits_out") &&
	    topo_watch(&within, w->ctl->topo, key, e.revision, &e) == 0) {
		for (size_t i = 0; i < e.count; i++) {
			if (slice_eq_str(e.items[i].kv.key, key))
				return 0;
		}
		if (e.compacted)
			return 0;
	}
	/* Over, or nobody can tell. */
	return task_now() < within.deadline ? task_sleep(cx, within.deadline - task_now()) : 0;
}

bool
workflow_unmade(const struct workflow_record *r)
{
	return r->before[0] != '\0';
}

int
workflow_unmake(struct ctx *cx, struct workflow *w)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct workflow_texts x = texts_of(w), old = x;
	struct workflow_record r;

	workflow_check(w);
	check(workflow_unmade(&w->r));
	inner.arena = &scratch;
	if (strcmp(w->r.before, BEFORE_NOTHING) == 0)
		return workflow_replace(&inner, w->ctl->topo, &x, NULL, NULL);
	old.head = slice_str(w->r.before); /* its parts are there still */
	TRY(workflow_assemble(&scratch, &old, &r, cx->err));
	/* Calls may travel under its number: the next one gets another. */
	r.attempts_from += w->r.attempt - r.attempt;
	r.attempt = w->r.attempt;
	return workflow_replace(&inner, w->ctl->topo, &x, &r, NULL);
}

void
workflow_note(struct workflow *w, const char *step, const char *what, const char *text)
{
	struct workflow_event e = {
		.at_us = clock_wall(), .attempt = w->r.attempt, .step = step, .what = what, .text = text
	};

	workflow_check(w);
	workflow_add_event(&w->arena, &w->r, &e);
}

int64_t
workflow_event_at(const struct workflow *w, const char *step, const char *what)
{
	for (size_t i = w->r.events_count; i > 0; i--) {
		const struct workflow_event *e = &w->r.events[i - 1];

		if (e->attempt == w->r.attempt && strcmp(e->step, step) == 0 &&
		    strcmp(e->what, what) == 0)
			return e->at_us;
	}
	return 0;
}

const char *
workflow_failure(const struct workflow *w)
{
	for (size_t i = w->r.events_count; i > 0; i--) {
		const struct workflow_event *e = &w->r.events[i - 1];

		if (e->attempt == w->r.attempt && strcmp(e->what, "failed") == 0)
			return e->text;
	}
	return NULL;
}

bool
workflow_switched(const struct workflow_record *r)
{
	return r->state == WORKFLOW_SWITCHED || r->state == WORKFLOW_COMPLETING ||
	    r->state == WORKFLOW_COMPLETE;
}

bool
workflow_has_work(const struct workflow_record *r)
{
	bool finishing = r->finishing && !mutant("ctl_finish_forgotten");

	return r->state == WORKFLOW_COMPLETING ||
	    (r->state == WORKFLOW_SWITCHED && (finishing || r->reversing));
}

bool
workflow_has_way_back(const struct workflow_record *r)
{
	return r->state == WORKFLOW_SWITCHED && r->start[0] != '\0' && r->closed[0] == '\0';
}

bool
workflow_ended(const struct workflow_record *r)
{
	return workflow_switched(r) || r->state == WORKFLOW_CANCELLED || r->state == WORKFLOW_ERROR;
}

bool
workflow_cancelling(const struct workflow_record *r)
{
	return r->state == WORKFLOW_CANCELLING || r->cancel;
}

void
workflow_outdate(struct workflow *w)
{
	w->r.attempt += 2 - w->r.attempt % 2;
	workflow_check(w);
}

int
workflow_pass(struct ctx *cx, struct workflow *w, const char *point)
{
	int ms = fault_sleep_ms(point);

	workflow_check(w);
	if (ms > 0)
		TRY(task_sleep(cx, ms * MSEC));
	if (!fault(point) && !w->ctl->dead)
		return 0;
	w->ctl->dead = true;
	return err_set(cx->err, ERR_CANCELLED, "fault point '%s'", point);
}

/* ---- Others */

const char *
workflow_tables(struct arena *a, const struct workflow_record *r, enum side s)
{
	const char **tables = arena_array(a, const char *, r->tables_count);

	for (size_t i = 0; i < r->tables_count; i++)
		tables[i] = s == SIDE_SOURCE ? r->tables[i].source_table : r->tables[i].target_table;
	return name_of_tables(
	    a, s == SIDE_SOURCE ? r->source_keyspace : r->target_keyspace, tables, r->tables_count);
}

const char *
workflow_typed(struct arena *a, const struct workflow_record *r)
{
	return name_typed(a, r->target_keyspace, r->name);
}

bool
workflow_uses(const struct workflow_record *r, const char *keyspace, const char *table)
{
	for (size_t i = 0; i < r->tables_count; i++) {
		if (strcmp(r->source_keyspace, keyspace) == 0 &&
		    strcmp(r->tables[i].source_table, table) == 0)
			return true;
		if (strcmp(r->target_keyspace, keyspace) == 0 &&
		    strcmp(r->tables[i].target_table, table) == 0)
			return true;
	}
	for (size_t i = 0; i < r->views_count; i++) {
		if ((strcmp(r->source_keyspace, keyspace) == 0 ||
			strcmp(r->target_keyspace, keyspace) == 0) &&
		    strcmp(r->views[i], table) == 0)
			return true;
	}
	for (size_t i = 0; i < r->routines_count; i++) {
		if ((strcmp(r->source_keyspace, keyspace) == 0 ||
			strcmp(r->target_keyspace, keyspace) == 0) &&
		    strcmp(r->routines[i].rule, table) == 0)
			return true;
	}
	return false;
}
