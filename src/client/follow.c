#include "client/follow.h"

#include "topo/json.h"

#include <stdio.h>
#include <unistd.h>

enum {
	STATUS_WITHIN_S = 10, /* of one long poll, which waits a second at most */
	GONE_AFTER_S = 60,    /* a restarted vtctld is back in seconds */
	AGAIN_MS = 300,
};

void
follow_init(struct follow *f, struct client *c, const struct command_options *o, outcome_fn *end)
{
	*f = (struct follow){
		.client = c, .options = o, .end = end, .gone_since = NEVER, .checking = ""
	};
	progress_init(&f->progress, isatty(STDOUT_FILENO) == 1, c->json);
}

void
follow_done(struct follow *f)
{
	arena_done(&f->arena);
}

int
follow_away(struct ctx *cx, struct follow *f)
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
	return follow_away(cx, f);
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

int
follow_detach(struct follow *f, int *status, int code)
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
watch(struct ctx *cx, struct follow *f, int *status)
{
	bool noted = f->client->json || f->quiet;

	for (;;) {
		enum outcome end;

		if (f->client->interrupted)
			return follow_detach(f, status, COMMAND_INTERRUPTED);
		TRY(ask(cx, f));
		if (f->gone_since != NEVER)
			continue;
		f->view.workflow = f->request.workflow;
		if (!noted)
			printf("%s", f->view.notes);
		noted = true;
		if (!f->quiet)
			progress_show(&f->progress, &f->view, task_now());
		end = f->end(&f->view, f->options);
		if (end == MOVE_GOES_ON)
			continue;
		progress_end_line(&f->progress);
		return end == MOVE_FAILED ? failed(cx, &f->view) : 0;
	}
}

int
follow_run(struct ctx *cx, struct follow *f, const char *workflow, int *status)
{
	f->request = (struct ctl_request){ .workflow = workflow };
	f->client->begun = true;
	return watch(cx, f, status);
}
