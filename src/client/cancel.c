/*
 * Taking a move back. vtctld is asked once (workflow_delete), and answers at once; then move_status is
 * polled until the workflow is neither Cancelling nor waits for the rollback of an attempt before (member
 * cancel).
 *
 *   over      neither of the two any more: done, whatever has become of the workflow since
 *   trouble   the record's sentence, said once on standard error: "waiting: ..." while clients are asked
 *             to make room, everything else an error that vtctld meets again and again
 *   stuck     trouble for STUCK_S without a moment free of it, but for "waiting: "; or WITHIN_S in all.
 *             ERR_TIMEOUT: this command ends, vtctld goes on
 *
 *   0.0  workflow_delete: not done yet
 *   0.1  move_status: Switching, cancel: an attempt is under way and is rolled back first
 *   2.1  Cancelling, "deleting the stream: ... connection refused": said, and stuck_since is set
 *   6.0  the tablet is back: the record has no sentence, stuck_since is NEVER again
 *   6.4  Cancelled: over
 */
#include "client/command.h"

#include "client/dry_run.h"
#include "topo/json.h"

#include <stdio.h>

enum {
	WITHIN_S = 100,       /* an attempt's rollback and a drop; below a command's own deadline */
	STUCK_S = 10,         /* a program that is started again is back in seconds */
	STATUS_WITHIN_S = 10, /* of one long poll, which waits a second at most */
	AGAIN_MS = 300,
};

struct cancelling {
	struct client *client;
	struct ctl_request request;
	struct arena arena; /* of the last answer */
	const char *trouble, *hint;
	const char *restore; /* SQL for what the cancelled move has dropped and not made again; "" */
	usec stuck_since;    /* NEVER: nothing stops it */
	bool over;
};

static int
read_status(struct ctx *cx, struct cancelling *c, struct slice answer)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), r = json_get_object(&root, "record");
	c->request.after_revision = json_get_i64(&root, "revision");
	c->trouble = json_get_str(&r, "state_text");
	c->hint = json_get_str(&r, "hint");
	c->restore = json_get_str(&r, "restore");
	/* Whatever else it is: it was cancelled, and somebody has begun it anew. */
	c->over =
	    strcmp(json_get_str(&r, "state"), "Cancelling") != 0 && !json_get_bool(&r, "cancel");
	return json_close(&doc);
}

/* One poll. A vtctld that is away for a moment is no error: another one goes on. */
static int
poll_status(struct ctx *cx, struct cancelling *c)
{
	struct ctx within = ctx_within(cx, STATUS_WITHIN_S * SECOND);
	struct slice answer;

	/* What was read of the answer before goes with it. */
	c->trouble = c->hint = c->restore = "";
	arena_done(&c->arena);
	within.arena = &c->arena;
	if (client_call(&within, c->client, "move_status", &c->request, &answer) == 0)
		return read_status(&within, c, answer);
	if (cx->err->kind != ERR_RETRY && cx->err->kind != ERR_TIMEOUT)
		return -1;
	/* vtctld itself is away: a trouble like any other, which has 10 s to pass. */
	c->trouble = arena_strdup(&c->arena, cx->err->text);
	return task_sleep(cx, AGAIN_MS * MSEC);
}

static int
gave_up(struct ctx *cx, const struct cancelling *c)
{
	err_set(cx->err, ERR_TIMEOUT, "workflow '%s.%s' is still being cancelled%s%s",
	    c->request.keyspace, c->request.workflow, c->trouble[0] == '\0' ? "" : ": ", c->trouble);
	return err_hint(cx->err,
	    "vtctld tries again until it is done; to wait for it: "
	    "vtctlclient Workflow delete %s",
	    name_typed(cx->arena, c->request.keyspace, c->request.workflow));
}

/* Nothing is wrong then: clients are asked to make room, for longer and longer. */
static bool
waits(const struct cancelling *c)
{
	return strncmp(c->trouble, "waiting: ", strlen("waiting: ")) == 0;
}

/* The same trouble for a while, or no end at all. */
static bool
is_stuck(struct cancelling *c, usec end)
{
	usec now = task_now();

	if (c->trouble[0] == '\0') {
		c->stuck_since = NEVER;
	} else if (c->stuck_since == NEVER) {
		c->stuck_since = now;
		fprintf(stderr, "%s%s\n", waits(c) ? "" : "waiting: ", c->trouble);
	}
	if (c->stuck_since == NEVER || waits(c))
		return now >= end;
	return now >= end || now - c->stuck_since >= STUCK_S * SECOND;
}

static int
wait_over(struct ctx *cx, struct cancelling *c, int *status)
{
	for (usec end = task_now() + WITHIN_S * SECOND;;) {
		TRY(poll_status(cx, c));
		if (c->over)
			return 0;
		if (c->client->interrupted) {
			printf("It is being cancelled without this command.\n");
			*status = COMMAND_INTERRUPTED;
			return 0;
		}
		if (is_stuck(c, end))
			return gave_up(cx, c);
	}
}

static int
read_asked(struct ctx *cx, struct slice answer, bool *done, bool *already)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	*done = json_get_bool(&root, "done");
	*already = json_get_bool(&root, "already");
	return json_close(&doc);
}

static void
say(const char *keyspace, const char *name, bool already)
{
	if (already)
		printf("The %s workflow in the %s keyspace is cancelled already: nothing to do.\n",
		    name, keyspace);
	else
		printf(
		    "Successfully cancelled the %s workflow in the %s keyspace\n", name, keyspace);
}

/* What was dropped may be violated by now: who owns the rows decides. */
static void
say_restore(const char *sql)
{
	if (sql[0] != '\0')
		printf("note: foreign keys of tables that stay were dropped for the switch, and stay "
		       "dropped; to make them again: %s\n",
		    sql);
}

int
cancel_run(struct ctx *cx, struct client *client, const struct ctl_request *request, int *status)
{
	struct cancelling c = {
		.client = client, .request = *request, .restore = "", .stuck_since = NEVER
	};
	struct slice answer;
	bool done, already;

	TRY(client_call(cx, client, "workflow_delete", request, &answer));
	if (request->dry_run)
		return dry_run_print(cx, client, "Cancel",
		    name_of_table(cx->arena, request->keyspace, request->workflow), answer);
	TRY(read_asked(cx, answer, &done, &already));
	if (!done) {
		int rc = wait_over(cx, &c, status);

		c.restore = arena_strdup(cx->arena, c.restore);
		arena_done(&c.arena);
		if (rc != 0 || *status != 0)
			return rc;
	}
	/* The id has no quote and no backslash in it: both are escaped in a key (name_pair()). */
	if (client->json)
		printf("{\"workflow\":\"%s\",\"state\":\"Cancelled\",\"already\":%s}\n",
		    name_pair(cx->arena, request->keyspace, request->workflow),
		    already ? "true" : "false");
	else {
		say(request->keyspace, request->workflow, already);
		say_restore(c.restore);
	}
	return 0;
}
