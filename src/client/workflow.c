/*
 * Workflow show, for people: one fact a line, those that there are, labels in a column of 11.
 *
 *   Workflow:  new_customer.w
 *   Moves:     customer.users -> new_customer.users
 *   State:     Switching
 *              waiting for transactions that are open
 *   Next:      a hint, with commands to paste
 *   Limits:    1000 rows/s, Threads_running=25
 *   Throttled: Threads_running of the source is 60, at most 25; since 2026-11-28 06:15:02 UTC
 *   Stream:    running, 1000 rows copied, lag 0.1s, 25 changes applied
 *   Attempts:  2, at the step 'hold'; 1 held writes for 10.0 s before they were rolled back
 *   Begun:     2026-11-28 06:15:00 UTC
 *   Events (the last 12):
 */
#include "client/command.h"

#include "client/control.h"
#include "client/forms.h"
#include "client/show.h"
#include "client/view.h"
#include "topo/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

enum { EVENTS_SHOWN = 12 }; /* an attempt's; --format json has them all */

/* ---- show */

/* "2026-11-28 06:15:00 UTC", of microseconds. */
static bool
format_time(char *text, size_t size, int64_t at_us)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;

	return at_us != 0 && gmtime_r(&seconds, &tm) != NULL &&
	    strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &tm) != 0;
}

static void
put_time(const char *label, int64_t at_us)
{
	char text[40];

	if (format_time(text, sizeof(text), at_us))
		printf("%-11s%s", label, text);
}

static void
put_line(const char *label, const char *text)
{
	if (text[0] != '\0')
		printf("%-11s%s\n", label, text);
}

static void
put_times(const struct move_view *v)
{
	put_time("Begun:", v->created_us);
	printf("\n");
	if (v->copied_us != 0) {
		put_time("Copied:", v->copied_us);
		printf("\n");
	}
	if (v->switched_us == 0)
		return;
	put_time("Switched:", v->switched_us);
	printf("; writes waited for %.0f ms\n", (double)v->hold_us / 1000);
	put_line("Steps:", v->steps);
}

static void
put_stream(const struct move_view *v)
{
	if (v->phase[0] == '\0')
		return;
	printf("%-11s%s, %" PRId64 " rows copied", "Stream:", v->phase, v->rows_copied);
	if (v->rows_total > v->rows_copied)
		printf(" of about %" PRId64, v->rows_total);
	if (v->loaded_by[0] != '\0')
		printf(" by %s", v->loaded_by);
	if (v->lag_ms >= 0)
		printf(", lag %.1fs", (double)v->lag_ms / 1000);
	printf(", %" PRId64 " changes applied\n", v->changes_applied);
	put_line("", v->stream_error);
	put_line("", v->stream_hint);
}

/* How far the old side is behind, or why there is no going back. */
static void
put_way_back(const struct move_view *v)
{
	if (v->way_back[0] == '\0')
		return;
	printf("%-11s%s", "Way back:", v->way_back);
	if (v->way_back_lag_ms >= 0)
		printf(", lag %.1fs", (double)v->way_back_lag_ms / 1000);
	if (v->way_back_why[0] != '\0')
		printf(": %s", v->way_back_why);
	printf("\n");
}

static void
put_attempts(const struct move_view *v)
{
	int64_t tries = (v->attempt + 1) / 2; /* attempts have odd numbers */

	if (tries == 0)
		return;
	printf("%-11s%" PRId64, "Attempts:", tries);
	if (v->step[0] != '\0')
		printf(", at the step '%s'", v->step);
	if (v->undone_holds > 0)
		printf("; %" PRId64 " held writes for %.1f s before they were rolled back",
		    v->undone_holds, (double)v->undone_us / 1e6);
	printf("\n");
}

static void
put_event(const struct json *e)
{
	const char *text = json_get_str(e, "text");

	put_time("  ", json_get_i64(e, "at_us"));
	printf("  %s %s%s%s\n", json_get_str(e, "step"), json_get_str(e, "what"),
	    text[0] == '\0' ? "" : ": ", text);
}

static int
put_events(struct ctx *cx, struct slice answer)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), r = json_get_object(&root, "record");
	struct json events = json_get_array(&r, "events");
	size_t count = json_count(&events);
	size_t first = count > EVENTS_SHOWN ? count - EVENTS_SHOWN : 0;

	/* The number stands in the format only where something was left out. */
	if (count > 0)
		printf(first > 0 ? "Events (the last %d):\n" : "Events:\n", EVENTS_SHOWN);
	for (size_t i = first; i < count; i++) {
		struct json e = json_item(&events, i);

		put_event(&e);
	}
	return json_close(&doc);
}

static void
put_switch_time(const struct move_view *v)
{
	if (v->postpone_file[0] != '\0')
		printf("%-11snot while '%s' exists\n", "Switches:", v->postpone_file);
	if (v->window_from != v->window_to)
		printf("%-11sbetween %02d:%02d and %02d:%02d\n", "Switches:", v->window_from / 60,
		    v->window_from % 60, v->window_to / 60, v->window_to % 60);
}

static void
put_throttle(const struct move_view *v)
{
	char since[40];

	put_line("Limits:", v->limits);
	if (format_time(since, sizeof(since), v->throttled_us))
		printf("%-11s%s; since %s\n", "Throttled:", v->throttled, since);
}

/* What the stream does on DDL, where that is not to stop, and what it has met, the newest first. */
static void
put_ddl(const struct move_view *v)
{
	struct slice rest = slice_str(v->ddl), line;
	const char *word = "DDL:";

	if (strcmp(v->on_ddl, on_ddl_names[ON_DDL_STOP]) != 0 || v->ddl[0] != '\0') {
		put_line(word, v->on_ddl);
		word = "";
	}
	while (rest.len > 0) {
		rest = slice_split(rest, '\n', &line);
		printf("%-11s%.*s\n", word, SLICE_ARG(line));
	}
}

static int
put_workflow(struct ctx *cx, const struct client *c, const char *workflow, struct slice answer)
{
	struct move_view v = { .workflow = workflow };

	TRY(view_read(cx, answer, &v));
	printf("%-11s%s\n", "Workflow:", workflow);
	printf("%-11s%s -> %s\n", "Moves:", v.source, v.target);
	put_line("State:", v.state);
	put_line("", v.state_text);
	put_line("Next:", client_hint(cx->arena, c, v.hint));
	if (v.follow)
		printf("%-11snew tables of %s are made in %s, from the switch on\n",
		    "Follows:", v.source_keyspace, v.target_keyspace);
	put_switch_time(&v);
	put_throttle(&v);
	put_stream(&v);
	put_ddl(&v);
	put_way_back(&v);
	put_attempts(&v);
	put_times(&v);
	return put_events(cx, answer);
}

static int
show(struct ctx *cx, struct client *c, const char *name, int *status)
{
	struct ctl_request r = { 0 };
	struct slice answer;

	TRY(client_split_workflow(cx->arena, name, &r.keyspace, &r.workflow, cx->err));
	TRY(client_call(cx, c, "workflow_show", &r, &answer));
	if (c->json) {
		client_print(c, answer);
		return 0;
	}
	return put_workflow(cx, c, name_of_table(cx->arena, r.keyspace, r.workflow), answer);
}

/* ---- list */

/* As Vitess prints it: an array of names, of one keyspace's without it. */
static void
list_json(const struct json *all, bool whole)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '[');
	for (size_t i = 0; i < json_count(all); i++) {
		struct json e = json_item(all, i);
		const char *id = json_get_str(&e, "workflow"), *slash = strchr(id, '/');

		json_put_str(&w, NULL, whole || slash == NULL ? id : slash + 1);
	}
	json_put_close(&w, ']');
	printf("%s\n", out.data);
}

static void
list_text(struct arena *a, const struct json *all)
{
	for (size_t i = 0; i < json_count(all); i++) {
		struct json e = json_item(all, i);
		char *id = arena_strdup(a, json_get_str(&e, "workflow"));
		char *slash = strchr(id, '/');

		if (slash != NULL)
			*slash = '.';
		printf("%-30s  %-10s  %s -> %s\n", id, json_get_str(&e, "state"),
		    json_get_str(&e, "source"), json_get_str(&e, "target"));
	}
	if (json_count(all) == 0)
		printf("There are no workflows.\n");
}

static int
list(struct ctx *cx, struct client *c, const char *keyspace, int *status)
{
	struct ctl_request r = { .keyspace = keyspace };
	struct slice answer;
	struct json_doc doc;

	TRY(client_call(cx, c, "workflow_list", &r, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), all = json_get_array(&root, "details");
	if (c->json || c->is_vtctldclient)
		list_json(&all, keyspace[0] == '\0');
	else
		list_text(cx->arena, &all);
	return json_close(&doc);
}

/* ---- Which of them */

struct wanted {
	const struct command_options *options;
	const char *name; /* "new_customer.w", "new_customer" of list; "" */
};

typedef int action_fn(struct ctx *cx, struct client *c, const struct wanted *w, int *status);

static int
do_show(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	struct ctl_request r = { .keyspace = w->name, .workflow = "" };

	/* vtctlclient's is for people, or the answer as it came; vtctldclient's is Vitess's JSON, which
	 * scripts read. */
	if (!c->is_vtctldclient)
		return show(cx, c, w->name, status);
	if (strpbrk(w->name, "./") != NULL)
		TRY(client_split_workflow(cx->arena, w->name, &r.keyspace, &r.workflow, cx->err));
	return show_run(cx, c, r.keyspace, r.workflow, w->options->logs);
}

static int
do_list(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	return list(cx, c, w->name, status);
}

static int
do_delete(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	struct ctl_request r = { .action = w->options->keep_data ? "keep" : "drop",
		.keep_rules = w->options->keep_rules,
		.dry_run = w->options->dry_run };

	TRY(client_split_workflow(cx->arena, w->name, &r.keyspace, &r.workflow, cx->err));
	return cancel_run(cx, c, &r, status);
}

static int
control(struct ctx *cx, struct client *c, const struct wanted *w, const char *method)
{
	struct ctl_request r = { .keyspace = "" };

	TRY(client_split_workflow(cx->arena, w->name, &r.keyspace, &r.workflow, cx->err));
	TRY(form_options(cx, c, w->options, &r));
	return control_run(cx, c, method, &r);
}

static int
do_start(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	return control(cx, c, w, "workflow_start");
}

static int
do_stop(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	return control(cx, c, w, "workflow_stop");
}

static int
do_update(struct ctx *cx, struct client *c, const struct wanted *w, int *status)
{
	return control(cx, c, w, "workflow_update");
}

static const struct action {
	const char *verb;
	action_fn *run;
	bool alone; /* needs no name */
} actions[] = {
	{ "show", do_show, false }, { "delete", do_delete, false }, { "start", do_start, false },
	{ "stop", do_stop, false }, { "update", do_update, false }, { "list", do_list, true },
	{ "listall", do_list,
	    true }, /* Vitess's older one; here both list those that have ended too */
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static const struct action *
find_action(const char *verb)
{
	for (int i = 0; i < ACTIONS; i++) {
		if (strcasecmp(actions[i].verb, verb) == 0)
			return &actions[i];
	}
	return NULL;
}

/* A name has two parts, an action has one. */
static bool
verb_is_first(const char **args)
{
	if (find_action(args[0]) != NULL)
		return true;
	return find_action(args[1]) == NULL && strpbrk(args[0], "./") == NULL;
}

static int
unknown_action(struct ctx *cx, const char *verb)
{
	const char *names[ACTIONS + 1] = { NULL };

	for (int i = 0; i < ACTIONS; i++)
		names[i] = actions[i].verb;
	const char *close = option_suggest(verb, names);
	err_set(cx->err, ERR_REFUSED, "unknown action '%s' of Workflow", verb);
	return close != NULL
	    ? err_hint(cx->err, "did you mean %s?", close)
	    : err_hint(cx->err, "vtctlclient Workflow list, show, start, stop, update or delete");
}

/* vtctldclient's: --keyspace K show --workflow W, --keyspace K list. */
static const char *
named_by_options(struct arena *a, const struct command_options *o)
{
	if (o->keyspace == NULL)
		return "";
	if (o->workflow == NULL)
		return name_one(a, o->keyspace);
	return name_of_table(a, name_one(a, o->keyspace), name_one(a, o->workflow));
}

int
workflow_run(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	/* Both orders are taken: "show new_customer.w" and Vitess's older "new_customer.w show". */
	bool first = c->args_count < 2 || verb_is_first(c->args);
	const char *verb = c->args[first ? 0 : 1];
	struct wanted w = { o,
		c->args_count < 2 ? named_by_options(cx->arena, o) : c->args[first ? 1 : 0] };
	const struct action *a = find_action(verb);

	if (a == NULL)
		return unknown_action(cx, verb);
	if (w.name[0] == '\0' && !a->alone) {
		err_set(cx->err, ERR_REFUSED, "Workflow %s needs the name of a workflow", a->verb);
		return err_hint(cx->err, "vtctlclient Workflow list shows them");
	}
	return a->run(cx, c, &w, status);
}
