/*
 * VDiff, in all of Vitess's spellings:
 *
 *   VDiff [options] customer.commerce2customer [create [UUID] | show last|all|UUID | stop UUID | ...]
 *   VDiff [options] --workflow commerce2customer --target-keyspace customer ACTION [UUID]
 *
 * --wait asks again until the comparison is over, and shows it each --wait-update-interval.
 */
#include "base/clock.h"
#include "client/command.h"
#include "client/forms.h"
#include "client/vdiff_view.h"
#include "topo/json.h"

#include <stdio.h>
#include <strings.h>

enum {
	/* Asked again after a tenth of the time that it has taken: the end is seen soon, nobody kept busy. */
	POLL_PART = 10,
	POLL_FIRST_MS = 20,
	POLL_MAX_MS = 500,
	POLL_WITHIN_S = 30,
	ROWS_MAX = 1000 * 1000 * 1000, /* samples and the like: a mistake beyond */
};

const struct option vdiff_command_options[] = {
	OPTION("workflow", OPT_STRING, workflow, NULL, 0, 0, NULL, "NAME",
	    "with --target-keyspace: which move, in place of KEYSPACE.WORKFLOW"),
	OPTION("target-keyspace", OPT_STRING, target_keyspace, NULL, 0, 0, NULL, "NAME", "the same"),
	OPTION("tables", OPT_STRING, tables, NULL, 0, 0, NULL, "TABLE,...",
	    "create: these alone, by their names at the target"),
	OPTION("limit", OPT_INT, rows_limit, NULL, 0, INT64_MAX, NULL, "N",
	    "create: no more than so many rows of each table; 0: all"),
	OPTION("max-report-sample-rows", OPT_INT, samples, "10", 0, ROWS_MAX, NULL, "N",
	    "create: how many differences of each kind are kept, of each table, to be shown"),
	OPTION("row-diff-column-truncate-at", OPT_INT, truncate_at, "128", 1, ROWS_MAX, NULL,
	    "BYTES", "create: a longer value is cut in what is shown; all of it is compared"),
	OPTION("max-extra-rows-to-compare", OPT_INT, max_extra, "1000", 0, ROWS_MAX, NULL, "N",
	    "create: how many rows of the source alone, of each table, are looked for at the target under "
	    "another spelling of their key, where its collation takes the two for one"),
	OPTION("repair", OPT_BOOL, repair, NULL, 0, 0, NULL, NULL,
	    "create: what differs is copied again from the source, a few rows at a time; it is counted "
	    "all the same"),
	OPTION("continuous", OPT_BOOL, continuous, NULL, 0, 0, NULL, NULL,
	    "create: where nothing differs, go on: each transaction at the target is held against what the "
	    "source has written, until stop, delete or the switch; show tells up to where"),
	OPTION("wait", OPT_BOOL, wait, NULL, 0, 0, NULL, NULL,
	    "create, resume: shows it until it is over"),
	OPTION("wait-update-interval", OPT_DURATION, wait_update_interval, "1m", SECOND,
	    24 * 60 * MINUTE, NULL, "DURATION", "with --wait: how often it is shown"),
	OPTION("verbose", OPT_BOOL, verbose, NULL, 0, 0, NULL, NULL,
	    "show, --wait: each table; as JSON with samples of what differs, which are shown without it too "
	    "where something does"),
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	/* Vitess's first version waits, and ends with a line for each table. */
	OPTION("v1", OPT_BOOL, first_version, NULL, 0, 0, NULL, NULL, NULL),
	OPTION("v2", OPT_BOOL, second_version, NULL, 0, 0, NULL, NULL, NULL),
	/* What Vitess has and this has not. */
	REFUSED("tablet-types", "both sides are read at their primaries; leave it out"),
	REFUSED("tablet-types-in-preference-order",
	    "both sides are read at their primaries; leave it out"),
	REFUSED("source-cells", "there is one cell; leave it out"),
	REFUSED("source-cell", "there is one cell; leave it out"),
	REFUSED("target-cells", "there is one cell; leave it out"),
	REFUSED("target-cell", "there is one cell; leave it out"),
	REFUSED("target-shards", "a keyspace has one shard; leave it out"),
	REFUSED("shards", "a keyspace has one shard; leave it out"),
	REFUSED("filtered-replication-wait-time",
	    "streams are never stopped to be compared, so that nothing is waited for; leave it out"),
	REFUSED("auto-retry", "a server that goes away is always waited for; leave it out"),
	REFUSED("auto-start", "create begins at once; leave it out"),
	REFUSED("max-diff-duration", "no view of a table lasts longer than a moment; leave it out"),
	REFUSED("only-pks", "a sample has the key and the columns that differ; leave it out"),
	REFUSED("debug-query", "a sample has the key of its row, to select it by; leave it out"),
	REFUSED("update-table-stats",
	    "ANALYZE TABLE at both servers first, where estimates are far off"),
	{ 0 },
};

/* ---- What is asked for */

struct asked {
	struct ctl_request request;
	const struct command_options *options;
	struct vdiff_shown shown;
};

/* "a,`b,c`" */
static int
take_tables(struct ctx *cx, const struct command_options *o, struct vdiff_options *out)
{
	struct picked p;

	if (o->tables == NULL)
		return 0;
	TRY(form_tables(cx->arena, o->tables, &p, cx->err));
	if (p.patterns_count > 0)
		return err_set(cx->err, ERR_REFUSED, "VDiff --tables takes names, not /patterns/");
	out->tables = p.names.names;
	out->tables_count = p.names.count;
	return 0;
}

static int
call(struct ctx *cx, const struct client *c, const struct asked *a, const char *method,
    struct slice *answer)
{
	struct ctx within = ctx_within(cx, POLL_WITHIN_S * SECOND);

	return client_call(&within, c, method, &a->request, answer);
}

static void
print(const struct client *c, struct buf *out)
{
	SCOPED(buf) struct buf indented = BUF_INIT;

	/* Vitess's is indented by tabs. */
	if (c->json)
		client_indent(&indented, buf_slice(out), "\t");
	printf("%s", c->json ? indented.data : out->data);
}

/* ---- show */

static int
ask_show(struct ctx *cx, const struct client *c, const struct asked *a, struct vdiff_reply *out)
{
	struct slice answer;

	TRY(call(cx, c, a, "vdiff_show", &answer));
	return message_read(cx->arena, &vdiff_reply_message, answer, out, cx->err);
}

static void
show_one(const struct client *c, const struct asked *a, const struct vdiff_view *v)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct vdiff_shown shown = a->shown;

	shown.now = clock_wall();
	if (c->json)
		vdiff_json(&out, &shown, v);
	else
		vdiff_text(&out, &shown, v);
	print(c, &out);
}

static int
show_none(struct ctx *cx, const struct client *c, const struct asked *a)
{
	if (strcmp(a->request.uuid, "last") != 0)
		return err_set(cx->err, ERR_NOT_FOUND, "there is no vdiff '%s'", a->request.uuid);
	if (c->json)
		printf("{}\n");
	else
		printf("No previous vdiff found for %s\n",
		    name_of_table(cx->arena, a->shown.keyspace, a->shown.workflow));
	return 0;
}

static int
show(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct vdiff_reply r;

	TRY(ask_show(cx, c, a, &r));
	if (strcmp(a->request.uuid, "all") == 0) {
		if (c->json)
			vdiff_list_json(&out, &a->shown, &r);
		else
			vdiff_list_text(&out, &a->shown, &r);
		print(c, &out);
		return 0;
	}
	if (r.count == 0)
		return show_none(cx, c, a);
	show_one(c, a, &r.items[0]);
	return 0;
}

/* ---- --wait */

static int
detach(const struct client *c, const struct asked *a, int *status)
{
	fprintf(stderr,
	    "the comparison goes on; vtctlclient %s%s%sVDiff %s.%s show %s tells how far it is\n",
	    c->server_given ? "--server " : "", c->server_given ? c->server : "",
	    c->server_given ? " " : "", a->shown.keyspace, a->shown.workflow, a->request.uuid);
	*status = COMMAND_INTERRUPTED;
	return 0;
}

static void
show_end(const struct client *c, const struct asked *a, const struct vdiff_view *v, int *status)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	if (a->options->first_version && !c->json) {
		vdiff_first_text(&out, v);
		print(c, &out);
	} else {
		show_one(c, a, v);
	}
	*status = v->state == VDIFF_COMPLETED && vdiff_is_equal(v) ? 0 : 1;
}

static usec
poll_pause(usec taken)
{
	const usec first = POLL_FIRST_MS * MSEC, most = POLL_MAX_MS * MSEC;

	if (taken / POLL_PART < first)
		return first;
	return taken / POLL_PART < most ? taken / POLL_PART : most;
}

/* A tablet or vtctld that is away for a moment has not lost the comparison. */
static int
wait_end(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	const usec begun = task_now();
	usec shown_at = begun;

	for (;;) {
		SCOPED(arena) struct arena arena = ARENA_INIT;
		struct ctx inner = *cx;
		struct vdiff_reply r = { .count = 0 };

		inner.arena = &arena;
		if (c->interrupted)
			return detach(c, a, status);
		if (ask_show(&inner, c, a, &r) != 0 && cx->err->kind != ERR_RETRY &&
		    cx->err->kind != ERR_TIMEOUT)
			return -1;
		if (r.count > 0 && !vdiff_goes_on(&r.items[0])) {
			show_end(c, a, &r.items[0], status);
			return 0;
		}
		if (r.count > 0 && task_now() - shown_at >= a->options->wait_update_interval) {
			show_one(c, a, &r.items[0]);
			fflush(stdout);
			shown_at = task_now();
		}
		TRY(task_sleep(cx, poll_pause(task_now() - begun)));
	}
}

static bool
waits(const struct asked *a)
{
	return a->options->wait || a->options->first_version;
}

/* ---- The others */

static int
create(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	const struct command_options *o = a->options;
	SCOPED(buf) struct buf out = BUF_INIT;
	struct slice answer;
	struct json_doc doc;

	a->request.vdiff = (struct vdiff_options){ .limit = o->rows_limit,
		.max_extra = o->max_extra,
		.samples = (int)o->samples,
		.repair = o->repair,
		.continuous = o->continuous,
		.truncate_at = (int)o->truncate_at };
	TRY(take_tables(cx, o, &a->request.vdiff));
	TRY(call(cx, c, a, "vdiff_create", &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	json_need(&root, "uuid");
	a->request.uuid = json_get_str(&root, "uuid");
	TRY(json_close(&doc));
	if (waits(a))
		return wait_end(cx, c, a, status);
	if (c->json)
		buf_addf(&out, "{\"UUID\":\"%s\"}", a->request.uuid);
	else
		buf_addf(&out, "VDiff %s scheduled on target shards, use show to view progress\n",
		    a->request.uuid);
	print(c, &out);
	return 0;
}

static void
put_done(const struct client *c, const struct asked *a, const char *action, const char *done)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	if (!c->json) {
		printf("VDiff %s %s\n", action, done);
		return;
	}
	json_put_open(&w, NULL, '{');
	json_put_str(&w, "UUID", a->request.uuid);
	json_put_str(&w, "Action", action);
	json_put_str(&w, "Status", done);
	json_put_close(&w, '}');
	print(c, &out);
}

static int
stop(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	struct slice answer;

	TRY(call(cx, c, a, "vdiff_stop", &answer));
	put_done(c, a, "stop", "completed");
	return 0;
}

static int
resume(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	struct slice answer;

	TRY(call(cx, c, a, "vdiff_resume", &answer));
	if (waits(a))
		return wait_end(cx, c, a, status);
	put_done(c, a, "resume", "scheduled");
	return 0;
}

static int
take_away(struct ctx *cx, struct client *c, struct asked *a, int *status)
{
	struct slice answer;

	TRY(call(cx, c, a, "vdiff_delete", &answer));
	put_done(c, a, "delete", "completed");
	return 0;
}

/* ---- Which of them */

typedef int action_fn(struct ctx *cx, struct client *c, struct asked *a, int *status);

static const struct action {
	const char *verb;
	action_fn *run;
	const char *words; /* that it takes in place of a UUID */
	bool alone;        /* needs none */
} actions[] = {
	{ "create", create, "", true },
	{ "show", show, "last|all", false },
	{ "stop", stop, "", false },
	{ "resume", resume, "", false },
	{ "delete", take_away, "all", false },
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

static int
unknown_action(struct ctx *cx, const char *verb)
{
	const char *names[ACTIONS + 1] = { NULL };

	for (int i = 0; i < ACTIONS; i++)
		names[i] = actions[i].verb;
	const char *close = option_suggest(verb, names);
	err_set(cx->err, ERR_REFUSED, "unknown action '%s' of VDiff", verb);
	return close != NULL
	    ? err_hint(cx->err, "did you mean %s?", close)
	    : err_hint(cx->err,
		  "vtctlclient VDiff KEYSPACE.WORKFLOW create, show, stop, resume or delete");
}

/* Letters, digits and dashes, as Vitess's are; or a word that the action takes. */
static int
check_uuid(struct ctx *cx, const struct action *a, const char *uuid)
{
	static const char plain[] = "0123456789abcdefABCDEF-";
	bool word = (strcmp(uuid, "all") == 0 || strcmp(uuid, "last") == 0) &&
	    strstr(a->words, uuid) != NULL;

	if (word || (strlen(uuid) == 36 && strspn(uuid, plain) == 36))
		return 0;
	err_set(cx->err, ERR_REFUSED, "VDiff %s: '%.100s' is no UUID%s%s", a->verb, uuid,
	    a->words[0] == '\0' ? "" : ", nor ", a->words);
	return err_hint(cx->err, "vtctlclient VDiff KEYSPACE.WORKFLOW show all lists them");
}

/* KEYSPACE.WORKFLOW comes first, unless both options say which; *rest is what follows. */
static int
take_name(struct ctx *cx, const struct client *c, const struct command_options *o,
    struct asked *out, int *rest)
{
	struct ctl_request *r = &out->request;

	*rest = 0;
	if (o->workflow != NULL && o->target_keyspace != NULL) {
		r->keyspace = name_one(cx->arena, o->target_keyspace);
		r->workflow = name_one(cx->arena, o->workflow);
	} else if (o->workflow != NULL || o->target_keyspace != NULL || c->args_count == 0) {
		err_set(cx->err, ERR_REFUSED, "VDiff needs the name of a workflow");
		return err_hint(cx->err,
		    "VDiff KEYSPACE.WORKFLOW, or --workflow and --target-keyspace; vtctlclient Workflow "
		    "list shows them");
	} else {
		TRY(client_split_workflow(
		    cx->arena, c->args[0], &r->keyspace, &r->workflow, cx->err));
		*rest = 1;
	}
	out->shown = (struct vdiff_shown){ r->keyspace, r->workflow, o->verbose, 0 };
	return 0;
}

int
vdiff_run(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct asked asked = { .request = { .uuid = "" }, .options = o };
	const struct action *action = &actions[0];
	int at;

	TRY(take_name(cx, c, o, &asked, &at));
	if (at < c->args_count) {
		action = find_action(c->args[at]);
		if (action == NULL)
			return unknown_action(cx, c->args[at]);
		at++;
	}
	if (at < c->args_count) {
		asked.request.uuid = c->args[at++];
		TRY(check_uuid(cx, action, asked.request.uuid));
	} else if (!action->alone) {
		err_set(cx->err, ERR_REFUSED, "VDiff %s needs a UUID%s%s", action->verb,
		    action->words[0] == '\0' ? "" : ", or ", action->words);
		return err_hint(cx->err, "vtctlclient VDiff KEYSPACE.WORKFLOW show all lists them");
	}
	if (at < c->args_count)
		return err_set(cx->err, ERR_REFUSED, "VDiff: '%s' is one too many", c->args[at]);
	return action->run(cx, c, &asked, status);
}
