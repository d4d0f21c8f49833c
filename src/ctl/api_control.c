/* What a person says to a workflow that is there (control.h). */
#include "ctl/api_method.h"
#include "ctl/control.h"
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
	json_put_bool(&w, "changed", a->changed);
	json_put_bool(&w, "done", a->done);
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

const struct api_method api_control_methods[] = {
	{ "workflow_switch", workflow_switch },
	{ NULL, NULL },
};
