#include "client/command.h"

#include "client/progress.h"
#include "client/view.h"
#include "task/group.h"
#include "topo/json.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

enum {
	STATUS_WITHIN_S = 10, /* of one long poll, which waits a second at most */
	GONE_AFTER_S = 60,    /* a restarted vtctld is back in seconds */
	AGAIN_MS = 300,
	CHECKING_EVERY_S = 2, /* silent for longer looks stuck */
};

/* ---- Following */

enum outcome { MOVE_GOES_ON, MOVE_DONE, MOVE_FAILED };

static enum outcome
end_of(const struct move_view *v, const struct command_options *o)
{
	if (strcmp(v->state, "Switched") == 0 || strcmp(v->state, "Complete") == 0)
		return MOVE_DONE;
	if (strcmp(v->state, "Error") == 0 || strcmp(v->state, "Cancelled") == 0)
		return MOVE_FAILED;
	return o->move.no_switch && strcmp(v->state, "Running") == 0 ? MOVE_DONE : MOVE_GOES_ON;
}

struct follow {
	struct client *client;
	const struct command_options *options;
	struct ctl_request request;
	struct progress progress;
	struct move_view view;
	struct arena arena;   /* of the last answer */
	usec gone_since;      /* NEVER: vtctld answers */
	const char *checking; /* what its check waits for */
};

/* A call has failed: 0 while there is hope. */
static int
vtctld_away(struct ctx *cx, struct follow *f)
{
	if (cx->err->kind != ERR_RETRY && cx->err->kind != ERR_TIMEOUT)
		return -1;
	if (f->gone_since == NEVER) {
		f->gone_since = task_now();
		progress_end_line(&f->progress);
		fprintf(stderr, "waiting for vtctld: %s\n", cx->err->text);
	}
	if (task_now() - f->gone_since > GONE_AFTER_S * SECOND)
		return err_hint(cx->err,
		    "the move goes on when vtctld runs again; the same command attaches to it");
	return task_sleep(cx, AGAIN_MS * MSEC);
}

/* One poll. Without an answer: 0 while there is hope. */
static int
ask(struct ctx *cx, struct follow *f)
{
	struct ctx within = ctx_within(cx, STATUS_WITHIN_S * SECOND);
	struct arena arena = ARENA_INIT;
	struct slice answer;

	within.arena = &arena;
	f->request.after_revision = f->view.revision;
	if (client_call(&within, f->client, "move_status", &f->request, &answer) == 0) {
		arena_done(&f->arena);
		f->arena = arena;
		within.arena = &f->arena;
		f->gone_since = NEVER;
		return view_read(&within, answer, &f->view);
	}
	arena_done(&arena);
	return vtctld_away(cx, f);
}

static void
leave_json(const char *resume)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_bool(&w, "detached", true);
	json_put_str(&w, "resume", resume);
	json_put_close(&w, '}');
	printf("%s\n", out.data);
}

void
move_leave(const struct client *c)
{
	SCOPED(buf) struct buf resume = BUF_INIT;

	client_resume(&resume, c);
	if (c->json)
		leave_json(resume.data);
	else
		printf("The move goes on without this command. To follow it again:\n  %s\n",
		    resume.data);
}

static int
detached(struct follow *f, int *status, int code)
{
	progress_end_line(&f->progress);
	move_leave(f->client);
	*status = code;
	return 0;
}

static int
failed(struct ctx *cx, const struct move_view *v)
{
	const char *text = v->state_text[0] != '\0' ? v->state_text : v->stream_error;
	const char *hint = v->hint[0] != '\0' ? v->hint : v->stream_hint;

	err_set(cx->err, ERR_REFUSED, "moving %s to %s: %s", v->source, v->target, text);
	return hint[0] == '\0' ? -1 : err_hint(cx->err, "%s", hint);
}

static int
follow(struct ctx *cx, struct follow *f, int *status)
{
	bool noted = f->client->json;

	for (;;) {
		enum outcome end;

		if (f->client->interrupted)
			return detached(f, status, COMMAND_INTERRUPTED);
		TRY(ask(cx, f));
		if (f->gone_since != NEVER)
			continue;
		f->view.workflow = f->request.workflow;
		if (!noted)
			printf("%s", f->view.notes);
		noted = true;
		progress_show(&f->progress, &f->view, task_now());
		end = end_of(&f->view, f->options);
		if (end == MOVE_GOES_ON)
			continue;
		progress_end_line(&f->progress);
		if (end == MOVE_FAILED)
			return failed(cx, &f->view);
		progress_summary(&f->progress, &f->view);
		return 0;
	}
}

/* ---- Beginning */

struct created {
	const char *workflow;
	bool created, done, checking;
	const char *state_text; /* what its check waits for */
	int64_t revision;
};

static int
create(struct ctx *cx, struct client *c, const struct ctl_request *request, struct created *out)
{
	struct slice answer;
	struct json_doc doc;

	TRY(client_call(cx, c, "move_tables", request, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	json_need(&root, "workflow");
	*out = (struct created){
		.workflow = json_get_str(&root, "workflow"),
		.created = json_get_bool(&root, "created"),
		.done = json_get_bool(&root, "done"),
		.checking = json_get_bool(&root, "checking"),
		.state_text = json_get_str(&root, "state_text"),
		.revision = json_get_i64(&root, "revision"),
	};
	return json_close(&doc);
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

/* Leave to switch is what this command says each time: without --no-switch it switches. */
static unsigned
given(const struct client *c)
{
	static const struct {
		const char *name;
		enum workflow_given bit;
	} options[] = {
		{ "grace-period", GIVEN_GRACE_PERIOD },
		{ "timeout", GIVEN_TIMEOUT },
		{ "reader-wait", GIVEN_READER_WAIT },
		{ "on-grace", GIVEN_ON_GRACE },
		{ "switch-attempts", GIVEN_SWITCH_ATTEMPTS },
		{ "max-replication-lag-allowed", GIVEN_MAX_LAG },
		{ "force", GIVEN_FORCE },
		{ "drop-foreign-keys", GIVEN_DROP_FOREIGN_KEYS },
	};
	unsigned bits = GIVEN_NO_SWITCH;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (client_given(c, options[i].name))
			bits |= options[i].bit;
	}
	return bits;
}

/* The target's names are the source's unless they are given, one for each. */
static int
take_names(struct ctx *cx, const struct client *c, const struct name_list *from,
    const struct name_list *to, struct ctl_request *r)
{
	if (from->count == 0 && !from->all)
		return err_set(cx->err, ERR_REFUSED,
		    "'%s' names no table: %s.table, or %s.* for all", c->args[0], c->args[0],
		    c->args[0]);
	if (to->all || (to->count > 0 && to->count != from->count))
		return err_set(cx->err, ERR_REFUSED,
		    "'%s' and '%s' do not name as many tables: name the target keyspace alone, or each table",
		    c->args[0], c->args[1]);
	r->tables = arena_array(cx->arena, struct moved_names, from->count);
	r->tables_count = from->count;
	for (size_t i = 0; i < from->count; i++)
		r->tables[i] = (struct moved_names){ from->names[i],
			to->count > 0 ? to->names[i] : from->names[i] };
	return 0;
}

static int
request_of(
    struct ctx *cx, const struct client *c, const struct command_options *o, struct ctl_request *r)
{
	struct name_list from, to, excluded = { .count = 0 };

	TRY(name_split_list(cx->arena, c->args[0], &from, cx->err));
	TRY(name_split_list(cx->arena, c->args[1], &to, cx->err));
	if (o->exclude_tables != NULL) {
		if (!from.all)
			return err_set(cx->err, ERR_REFUSED, "--exclude-tables is for KEYSPACE.*");
		TRY(name_split_list(cx->arena, arena_printf(cx->arena, "x.%s", o->exclude_tables),
		    &excluded, cx->err));
	}
	*r = (struct ctl_request){ .keyspace = from.keyspace,
		.table = "",
		.target_keyspace = to.keyspace,
		.target_table = "",
		.workflow = o->workflow == NULL ? "" : name_one(cx->arena, o->workflow),
		.all = from.all,
		.excluded = excluded.names,
		.excluded_count = excluded.count,
		.options = o->move,
		.given = given(c) };
	TRY(take_names(cx, c, &from, &to, r));
	r->options.force = o->force;
	r->options.on_grace = (enum on_grace)o->on_grace;
	r->options.switch_attempts = (int)o->switch_attempts;
	return 0;
}

/* One long poll for the end of the check. A vtctld that is away for a while is waited for: another one, or
 * the same, goes on. */
static int
poll_check(struct ctx *cx, struct follow *f, const struct ctl_request *r, struct created *made)
{
	struct created now;

	if (create(cx, f->client, r, &now) == 0) {
		f->gone_since = NEVER;
		made->checking = now.checking;
		made->state_text = now.state_text;
		made->revision = now.revision;
		return 0;
	}
	return vtctld_away(cx, f);
}

static int
begin(struct ctx *cx, struct follow *f, struct created *made)
{
	struct ctl_request r;

	TRY(request_of(cx, f->client, f->options, &r));
	TRY(create(cx, f->client, &r, made));
	f->client->begun = true;
	while (made->checking && !f->client->interrupted) {
		f->checking = made->state_text;
		r.after_revision = made->revision;
		TRY(poll_check(cx, f, &r, made));
	}
	return 0;
}

/* Until cancelled. */
static void
say_checking(void *arg)
{
	struct follow *f = arg;
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };
	usec since = task_now();

	while (task_sleep(&cx, CHECKING_EVERY_S * SECOND) == 0)
		progress_checking(&f->progress, f->checking, since, task_now());
}

/* The check asks two servers, and waits for what they wait for. */
static int
begin_aloud(struct ctx *cx, struct follow *f, struct created *made)
{
	struct group group;
	int rc;

	group_init(&group);
	TRY(group_spawn(&group, "checking", say_checking, f, cx->err));
	rc = begin(cx, f, made);
	group_done(&group);
	progress_end_line(&f->progress);
	return rc;
}

int
move_run(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct created made;
	struct follow f = { .client = c, .options = o, .gone_since = NEVER, .checking = "" };

	if (strcasecmp(c->args[0], "cancel") == 0)
		return cancel_run(cx, c, c->args[1], status);
	progress_init(&f.progress, isatty(STDOUT_FILENO) == 1, c->json);
	TRY(begin_aloud(cx, &f, &made));
	if (made.done) {
		say_done(c, &made);
		return 0;
	}
	f.request = (struct ctl_request){ .workflow = made.workflow };
	if (!made.created && !c->json)
		printf("Workflow %s is there already: following it.\n", made.workflow);
	if (o->detach)
		return detached(&f, status, 0);
	int rc = follow(cx, &f, status);
	arena_done(&f.arena);
	return rc;
}
