/* What a person says to a workflow that is there (control.h). */
#include "ctl/api_method.h"
#include "ctl/back.h"
#include "ctl/complete.h"
#include "ctl/control.h"
#include "ctl/traffic.h"
#include "topo/json.h"

static int
put_answer(
    struct ctx *cx, const struct ctl_request *q, const struct control_answer *a, struct buf *out)
{
	struct json_writer w = json_to(out);
	const char *id;

	TRY(control_id(cx, q, &id));
	json_put_open(&w, NULL, '{');
	json_put_str(&w, "workflow", id);
	json_put_str(&w, "start_state", a->start_state);
	json_put_str(&w, "tablet", a->tablet);
	json_put_bool(&w, "changed", a->changed);
	json_put_bool(&w, "done", a->done);
	json_put_str(&w, "left", a->left);
	lines_put(&w, &a->lines);
	json_put_close(&w, '}');
	return 0;
}

static int
workflow_switch(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct control_answer a;

	TRY(control_switch(cx, c, q, &a));
	return put_answer(cx, q, &a, out);
}

static int
workflow_reverse(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct back_answer a;
	struct workflow w;
	const char *id;

	TRY(control_id(cx, q, &id));
	workflow_init(&w, c, id);
	int rc = back_ask(cx, &w, q, &a);
	workflow_done(&w);
	TRY(rc);
	const struct control_answer answer = {
		.changed = !a.already,
		.start_state = a.start_state,
		.done = a.already,
		.left = a.left,
		.lines = a.lines,
	};
	return put_answer(cx, q, &answer, out);
}

static int
workflow_complete(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct complete_answer a = { .already = false };
	struct complete_wish wish = { .old_tables = OLD_TABLES_DROP,
		.remove_rules = q->remove_rules,
		.dry_run = q->dry_run };
	const char *id;

	TRY(control_id(cx, q, &id));
	if (strcmp(q->action, "keep") == 0)
		wish.old_tables = OLD_TABLES_KEEP;
	else if (strcmp(q->action, "rename") == 0)
		wish.old_tables = OLD_TABLES_RENAME;
	else if (strcmp(q->action, "drop") != 0)
		return err_set(cx->err, ERR_REFUSED, "the action is drop, rename or keep");
	TRY(complete_ask(cx, c, id, &wish, &a));
	const struct control_answer answer = {
		.changed = !a.already,
		.start_state = traffic_switched,
		.done = a.already,
		.lines = a.lines,
	};
	return put_answer(cx, q, &answer, out);
}

static int
workflow_stop(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct control_answer a;

	TRY(control_stop(cx, c, q, &a));
	return put_answer(cx, q, &a, out);
}

static int
workflow_start(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct control_answer a;

	TRY(control_start(cx, c, q, &a));
	return put_answer(cx, q, &a, out);
}

static int
workflow_update(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct control_answer a;

	TRY(control_update(cx, c, q, &a));
	return put_answer(cx, q, &a, out);
}

const struct api_method api_control_methods[] = {
	{ "workflow_reverse", workflow_reverse },
	{ "workflow_complete", workflow_complete },
	{ "workflow_switch", workflow_switch },
	{ "workflow_stop", workflow_stop },
	{ "workflow_start", workflow_start },
	{ "workflow_update", workflow_update },
	{ NULL, NULL },
};
