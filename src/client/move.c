#include "client/command.h"

#include "base/check.h"
#include "client/control.h"
#include "client/dry_run.h"
#include "client/watch.h"
#include "client/forms.h"
#include "client/show.h"
#include "client/streams.h"
#include "client/traffic.h"
#include "task/group.h"
#include "topo/json.h"

#include <stdio.h>

enum { CHECKING_EVERY_S = 2 }; /* silent for longer looks stuck; as progress.c's lines */

/* ---- Beginning */

/*
 * A move begins with one call, move_tables, which is safe to repeat: vtctld finds the move that is there.
 * While it checks both sides the call returns after a second with checking set, and is made again with
 * after_revision, until the check has an outcome: made, refused by the preflight's list (refused; not an
 * error of the call, since there is a list to print), or an error. From the first answer on there is
 * something to come back to (begun).
 */
struct created {
	const char *workflow;
	bool refused; /* by the preflight's list */
	const char *text, *hint, *findings;
	bool created, done, checking;
	bool back;              /* it is the way back of that workflow */
	const char *ended;      /* the workflow whose way back has ended for it; "" */
	const char *state_text; /* what its check waits for */
	int64_t revision;
};

/* The preflight's list; for machines as it came. */
static const char *
read_findings(struct arena *a, const struct client *c, struct slice answer, const struct json *root)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json findings = json_get_array(root, "findings");

	for (size_t i = 0; !c->json && i < json_count(&findings); i++) {
		struct json one = json_item(&findings, i);

		view_finding(&out, json_get_str(&one, "severity"), json_get_str(&one, "text"));
	}
	if (c->json)
		buf_addf(&out, "%.*s\n", SLICE_ARG(answer));
	return arena_slice_str(a, buf_slice(&out));
}

static int
read_created(struct ctx *cx, const struct client *c, struct slice answer, struct created *out)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	json_need(&root, "workflow");
	*out = (struct created){
		.refused = json_get_bool(&root, "refused"),
		.text = json_get_str(&root, "text"),
		.hint = json_get_str(&root, "hint"),
		.findings = read_findings(cx->arena, c, answer, &root),
		.workflow = json_get_str(&root, "workflow"),
		.created = json_get_bool(&root, "created"),
		.done = json_get_bool(&root, "done"),
		.checking = json_get_bool(&root, "checking"),
		.back = json_get_bool(&root, "back"),
		.ended = json_get_str(&root, "ended"),
		.state_text = json_get_str(&root, "state_text"),
		.revision = json_get_i64(&root, "revision"),
	};
	return json_close(&doc);
}

static int
create(struct ctx *cx, struct client *c, const struct ctl_request *request, struct created *out)
{
	struct slice answer;

	TRY(client_call(cx, c, "move_tables", request, &answer));
	return read_created(cx, c, answer, out);
}

static void
say_done(const struct client *c, const struct created *made)
{
	if (c->json)
		printf("{\"workflow\":\"%s\",\"state\":\"Switched\",\"already\":true}\n",
		    made->workflow);
	else
		printf("%s is served from %s already: nothing to do.\n", c->args[0], c->args[1]);
}

/* One long poll for the end of the check. A vtctld that is away for a while is waited for: another one, or
 * the same, goes on. */
static int
poll_check(struct ctx *cx, struct watch *w, const struct ctl_request *r, struct created *made)
{
	struct created now;

	/* Only what the check has found is taken over: workflow, created, back and ended are the first
	 * answer's to tell, which knew what was there before. */
	if (create(cx, w->client, r, &now) == 0) {
		w->gone_since = NEVER;
		made->checking = now.checking;
		made->refused = now.refused;
		made->text = now.text;
		made->hint = now.hint;
		made->findings = now.findings;
		made->state_text = now.state_text;
		made->revision = now.revision;
		return 0;
	}
	return watch_away(cx, w);
}

static int
begin(struct ctx *cx, struct watch *w, const struct ctl_request *request, struct created *made)
{
	struct ctl_request r = *request;

	TRY(create(cx, w->client, &r, made));
	w->client->begun = true;
	while (made->checking && !w->client->interrupted) {
		w->checking = made->state_text;
		r.after_revision = made->revision;
		TRY(poll_check(cx, w, &r, made));
	}
	return 0;
}

/* Until cancelled. */
static void
say_checking(void *arg)
{
	struct watch *w = arg;
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };
	usec since = task_now();

	while (task_sleep(&cx, CHECKING_EVERY_S * SECOND) == 0)
		progress_checking(&w->progress, w->checking, since, task_now());
}

/* By the preflight's list, which is printed first: the error is one sentence, the list says all at once
 * what is in the way. */
static int
refused(struct ctx *cx, const struct created *made)
{
	printf("%s", made->findings);
	err_set(cx->err, ERR_REFUSED, "%s", made->text);
	return err_hint(cx->err, "%s", made->hint);
}

/* The check asks two servers, and waits for what they wait for. */
static int
begin_aloud(struct ctx *cx, struct watch *w, const struct ctl_request *r, struct created *made)
{
	struct group group;
	int rc;

	/* A task beside the call: it prints that it waits while this one waits for the answer. */
	group_init(&group);
	TRY(group_spawn(&group, "checking", say_checking, w, cx->err));
	rc = begin(cx, w, r, made);
	group_done(&group);
	progress_end_line(&w->progress);
	return rc == 0 && made->refused ? refused(cx, made) : rc;
}

/* ---- Ours: to its end */

static enum outcome
end_of(const struct move_view *v, const struct command_options *o)
{
	/* A move that has switched is done also when it is asked for with --no-switch: there is nothing
	 * to hold back. */
	if (view_arrived(v))
		return MOVE_DONE;
	if (view_failed(v))
		return MOVE_FAILED;
	return o->move.no_switch && strcmp(v->state, "Running") == 0 ? MOVE_DONE : MOVE_GOES_ON;
}

/* A move of the same tables the other way is the way back: vtctld has turned the workflow around, and
 * said so. It ends where the state is Running again. */
static int
watch_back(struct ctx *cx, struct watch *w, const struct created *made, int *status)
{
	if (!w->client->json)
		printf("This is the way back of workflow %s.\n", made->workflow);
	/* The same watch with another end: vtctld has turned the move around. */
	w->end = traffic_reversed;
	if (w->options->detach)
		return watch_detach(w, status, 0);
	TRY(watch_run(cx, w, made->workflow, status));
	if (*status == 0)
		progress_summary(&w->progress, &w->view);
	return 0;
}

static int
watch_to_end(struct ctx *cx, struct watch *w, const struct created *made, int *status)
{
	if (!made->created && !w->client->json)
		printf("Workflow %s is there already: watching it.\n", made->workflow);
	if (w->options->detach)
		return watch_detach(w, status, 0);
	TRY(watch_run(cx, w, made->workflow, status));
	if (*status == 0)
		progress_summary(&w->progress, &w->view);
	return 0;
}

static int
run_short(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct ctl_request *r, int *status)
{
	struct created made;
	struct watch w;

	watch_init(&w, c, o, end_of);
	TRY(begin_aloud(cx, &w, r, &made));
	if (made.done) {
		say_done(c, &made);
		return 0;
	}
	if (made.ended[0] != '\0' && !c->json)
		printf("note: the way back of workflow %s ends with this move.\n", made.ended);
	int rc = made.back ? watch_back(cx, &w, &made, status) : watch_to_end(cx, &w, &made, status);
	watch_done(&w);
	return rc;
}

/* ---- Vitess's: until it has begun */

static enum outcome
begun_of(const struct move_view *v, const struct command_options *o)
{
	if (view_failed(v))
		return MOVE_FAILED;
	return strcmp(v->state, "Checking") == 0 || strcmp(v->state, "Creating") == 0 ? MOVE_GOES_ON
										      : MOVE_DONE;
}

static int
run_create(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct form *form, int *status)
{
	struct created made;
	struct watch w;

	watch_init(&w, c, o, begun_of);
	/* As Vitess's Create: nothing while it waits, then what streams_put_created() prints. */
	w.quiet = true;
	TRY(begin_aloud(cx, &w, &form->request, &made));
	int rc = watch_run(cx, &w, made.workflow, status);
	if (rc == 0 && *status == 0)
		rc = streams_put_created(cx, c, form, &w.view);
	watch_done(&w);
	return rc;
}

static int
run_dry(struct ctx *cx, struct client *c, const struct form *form)
{
	const char *keyspace, *name;
	struct created made;
	struct slice answer;

	TRY(client_call(cx, c, "move_tables", &form->request, &answer));
	TRY(read_created(cx, c, answer, &made));
	if (made.refused)
		return refused(cx, &made);
	TRY(client_split_workflow(cx->arena, made.workflow, &keyspace, &name, cx->err));
	return dry_run_print(cx, c, form->verb[0] == '\0' ? "MoveTables" : form->verb,
	    name_of_table(cx->arena, keyspace, name), answer);
}

int
move_run(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct form form;

	TRY(form_read(cx, c, o, &form));
	if (o->dry_run && (form.action == MOVE_SHORT || form.action == MOVE_CREATE))
		return run_dry(cx, c, &form);
	switch (form.action) {
	case MOVE_SHORT: return run_short(cx, c, o, &form.request, status);
	case MOVE_CREATE: return run_create(cx, c, o, &form, status);
	case MOVE_SHOW:
		if (c->is_vtctldclient)
			return show_run(cx, c, form.keyspace, form.workflow, o->logs);
		return streams_run(cx, c, &form);
	case MOVE_STATUS:
	case MOVE_GET_STATE: return streams_run(cx, c, &form);
	case MOVE_START: return control_run(cx, c, "workflow_start", &form.request);
	case MOVE_STOP: return control_run(cx, c, "workflow_stop", &form.request);
	case MOVE_SWITCH:
	case MOVE_REVERSE:
	case MOVE_COMPLETE: return traffic_run(cx, c, o, &form, status);
	case MOVE_CANCEL: return cancel_run(cx, c, &form.request, status);
	}
	unreachable();
}
