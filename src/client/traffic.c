/*
 *   command         asks for           there when        failed when
 *   SwitchTraffic   workflow_switch    view_arrived()    view_failed(); Running, and waiting again
 *   ReverseTraffic  workflow_reverse   Running           view_failed(); arrived, and not reversing
 *   Complete        workflow_complete  Complete          view_failed()
 *
 * In all other states it is on its way, whatever they are: a vtctld of another version may have more.
 */
#include "client/traffic.h"

#include "client/dry_run.h"
#include "client/watch.h"
#include "topo/json.h"

#include <stdio.h>

struct asked {
	const char *workflow, *start_state;
	const char *left; /* tables that do not come back; "" */
	bool done;
};

static const char *
method_of(const struct form *form)
{
	return form->action == MOVE_SWITCH ? "workflow_switch"
	    : form->action == MOVE_REVERSE ? "workflow_reverse"
					   : "workflow_complete";
}

static int
read_asked(struct ctx *cx, struct slice answer, struct asked *out)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	json_need(&root, "start_state");
	*out = (struct asked){
		.workflow = json_get_str(&root, "workflow"),
		.start_state = json_get_str(&root, "start_state"),
		.left = json_get_str(&root, "left"),
		.done = json_get_bool(&root, "done"),
	};
	return json_close(&doc);
}

/* One that waits for another command again has given this one up. */
static enum outcome
switched_of(const struct move_view *v, const struct command_options *o)
{
	if (view_arrived(v))
		return MOVE_DONE;
	/* Running and commanded: the attempts are over, and vtctld has put it back to wait (switch, then
	 * no_switch again). */
	if (view_failed(v) || (strcmp(v->state, "Running") == 0 && v->commanded))
		return MOVE_FAILED;
	return MOVE_GOES_ON;
}

enum outcome
traffic_reversed(const struct move_view *v, const struct command_options *o)
{
	/* Running is where a way back ends: the source serves, and the stream runs forth again. */
	if (strcmp(v->state, "Running") == 0)
		return view_settles(v) ? MOVE_GOES_ON : MOVE_DONE;
	if (view_failed(v) || (view_arrived(v) && !v->reversing))
		return MOVE_FAILED;
	return MOVE_GOES_ON;
}

static enum outcome
completed_of(const struct move_view *v, const struct command_options *o)
{
	return strcmp(v->state, "Complete") == 0 ? MOVE_DONE
	    : view_failed(v)                     ? MOVE_FAILED
						 : MOVE_GOES_ON;
}

static outcome_fn *
end_of(const struct form *form)
{
	return form->action == MOVE_SWITCH ? switched_of
	    : form->action == MOVE_REVERSE ? traffic_reversed
					   : completed_of;
}

static void
put_json(const struct client *c, const char *summary, const char *start, const char *now)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "summary", summary);
	json_put_str(&w, "start_state", start);
	json_put_str(&w, "current_state", now);
	json_put_open(&w, "dry_run_results", '[');
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	client_print(c, buf_slice(&out));
}

static void
say(struct arena *a, const struct client *c, const struct form *form, const struct asked *asked,
    const char *now)
{
	const char *summary = arena_printf(a, "%s was successful for workflow %s", form->verb,
	    name_of_table(a, form->keyspace, form->workflow));

	if (c->json)
		put_json(c, summary, asked->start_state, now);
	else
		printf(
		    "%s\nStart State: %s\nCurrent State: %s\n\n", summary, asked->start_state, now);
}

int
traffic_run(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct form *form, int *status)
{
	struct asked asked;
	struct slice answer;
	struct watch w;

	TRY(client_call(cx, c, method_of(form), &form->request, &answer));
	if (o->dry_run)
		return dry_run_print(cx, c, form->verb,
		    name_of_table(cx->arena, form->keyspace, form->workflow), answer);
	TRY(read_asked(cx, answer, &asked));
	if (asked.left[0] != '\0' && !c->json)
		printf(
		    "note: tables %s, which clients made while the keyspace followed, stay where they are.\n",
		    asked.left);
	if (asked.done) {
		say(cx->arena, c, form, &asked, asked.start_state);
		return 0;
	}
	watch_init(&w, c, o, end_of(form));
	w.quiet = true;
	int rc = watch_run(cx, &w, asked.workflow, status);
	if (rc == 0 && *status == 0)
		say(cx->arena, c, form, &asked, w.view.traffic);
	watch_done(&w);
	return rc;
}
