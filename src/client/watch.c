#include "client/watch.h"

#include "topo/json.h"

#include <stdio.h>
#include <unistd.h>

enum {
	STATUS_WITHIN_S = 10, /* of one long poll, which waits a second at most */
	GONE_AFTER_S = 60, /* a restarted vtctld is back in seconds; a killed one's lease has 3 */
	AGAIN_MS = 300,    /* a refused connection costs nothing */
};

void
watch_init(struct watch *w, struct client *c, const struct command_options *o, outcome_fn *end)
{
	*w = (struct watch){
		.client = c, .options = o, .end = end, .gone_since = NEVER, .checking = ""
	};
	progress_init(&w->progress, isatty(STDOUT_FILENO) == 1, c->json);
}

void
watch_done(struct watch *w)
{
	arena_done(&w->arena);
}

int
watch_away(struct ctx *cx, struct watch *w)
{
	if (cx->err->kind != ERR_RETRY && cx->err->kind != ERR_TIMEOUT)
		return -1;
	if (w->gone_since == NEVER) {
		w->gone_since = task_now();
		progress_end_line(&w->progress);
		fprintf(stderr, "waiting for vtctld: %s\n", cx->err->text);
	}
	if (task_now() - w->gone_since > GONE_AFTER_S * SECOND)
		return err_hint(cx->err,
		    "the move goes on when vtctld runs again; the same command attaches to it");
	return task_sleep(cx, AGAIN_MS * MSEC);
}

/* One poll. Without an answer: 0 while there is hope. */
static int
ask(struct ctx *cx, struct watch *w)
{
	struct ctx within = ctx_within(cx, STATUS_WITHIN_S * SECOND);
	struct arena arena = ARENA_INIT;
	struct slice answer;

	/* An arena of its own until it has succeeded (1): a failed call must leave the view that is shown. */
	within.arena = &arena;
	w->request.after_revision = w->view.revision;
	if (client_call(&within, w->client, "move_status", &w->request, &answer) == 0) {
		arena_done(&w->arena);
		w->arena = arena;
		within.arena = &w->arena;
		w->gone_since = NEVER;
		return view_read(&within, answer, &w->view);
	}
	arena_done(&arena);
	return watch_away(cx, w);
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
		printf("The move goes on without this command. To watch it again:\n  %s\n",
		    resume.data);
}

int
watch_detach(struct watch *w, int *status, int code)
{
	progress_end_line(&w->progress);
	move_leave(w->client);
	*status = code;
	return 0;
}

static int
failed(struct ctx *cx, const struct move_view *v)
{
	/* The workflow's word first: it says what the stream's error means for the move. */
	const char *text = v->state_text[0] != '\0' ? v->state_text : v->stream_error;
	const char *hint = v->hint[0] != '\0' ? v->hint : v->stream_hint;

	/* ERR_REFUSED: to type the same again would not help before somebody has looked. */
	err_set(cx->err, ERR_REFUSED, "moving %s to %s: %s", v->source, v->target, text);
	return hint[0] == '\0' ? -1 : err_hint(cx->err, "%s", hint);
}

static int
poll_until_end(struct ctx *cx, struct watch *w, int *status)
{
	bool noted = w->client->json || w->quiet;

	for (;;) {
		enum outcome end;

		if (w->client->interrupted)
			return watch_detach(w, status, COMMAND_INTERRUPTED);
		/* Before the call: a call may take a second, and then its answer decides (see
		 * interrupted's use in cmd/vtctlclient.c: a second Ctrl-C does not wait for it). */
		TRY(ask(cx, w));
		/* No answer: the view is the last one's, and was shown. */
		if (w->gone_since != NEVER)
			continue;
		w->view.workflow = w->request.workflow;
		if (!noted)
			printf("%s", w->view.notes);
		noted = true;
		if (!w->quiet)
			progress_show(&w->progress, &w->view, task_now());
		end = w->end(&w->view, w->options);
		if (end == MOVE_GOES_ON)
			continue;
		progress_end_line(&w->progress);
		return end == MOVE_FAILED ? failed(cx, &w->view) : 0;
	}
}

int
watch_run(struct ctx *cx, struct watch *w, const char *workflow, int *status)
{
	w->request = (struct ctl_request){ .workflow = workflow };
	w->client->begun = true;
	return poll_until_end(cx, w, status);
}
