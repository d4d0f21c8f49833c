/*
 * Comparisons: each method is passed on to the tablet that the workflow's stream ends at, which has them on
 * disk. vtctld keeps nothing of them.
 */
#include "base/rand.h"
#include "ctl/api_method.h"
#include "ctl/control.h"
#include "topo/json.h"

enum { VDIFF_WITHIN_S = 20 }; /* some rows of a sidecar database */

/* Whose stream flows now: of one that has switched the way back's, or where there is none the one that has
 * brought the tables, whose comparisons can be looked at still. */
static int
flowing_round(const struct workflow *w)
{
	bool over = w->r.state == WORKFLOW_SWITCHED && !workflow_has_way_back(&w->r);

	return w->r.round - over;
}

static int
check_state(struct ctx *cx, const struct workflow *w)
{
	bool begun = w->r.state != WORKFLOW_CHECKING && w->r.state != WORKFLOW_CREATING;
	const char *typed = workflow_typed(cx->arena, &w->r);

	if (workflow_unmade(&w->r) || !begun) {
		err_set(cx->err, ERR_REFUSED, "workflow %s has not begun to copy", typed);
		return err_hint(cx->err, "vtctlclient Workflow show %s tells how far it is", typed);
	}
	if (w->r.state != WORKFLOW_COMPLETE && w->r.state != WORKFLOW_CANCELLED &&
	    w->r.state != WORKFLOW_COMPLETING && w->r.state != WORKFLOW_CANCELLING)
		return 0;
	err_set(
	    cx->err, ERR_REFUSED, "workflow %s is over: its two sides are not kept in step", typed);
	return err_hint(
	    cx->err, "compare before SwitchTraffic, or while ReverseTraffic is possible");
}

static int
ask_tablet(struct ctx *cx, struct workflow *w, enum tablet_method method, struct vdiff_request *q,
    void *reply)
{
	struct ctx within = ctx_within(cx, VDIFF_WITHIN_S * SECOND);
	int round;

	if (workflow_load(cx, w) != 0)
		return cx->err->kind != ERR_NOT_FOUND
		    ? -1
		    : err_set(cx->err, ERR_NOT_FOUND, "workflow %s does not exist", w->id);
	TRY(check_state(cx, w));
	round = flowing_round(w);
	TRY(round_request(&within, w, round, round_from(round + 1), &q->move));
	return side_call(&within, w, method, q, reply);
}

static int
ask(struct ctx *cx, struct ctl *c, const struct ctl_request *q, enum tablet_method method,
    struct vdiff_reply *reply)
{
	struct vdiff_request request = { .uuid = q->uuid, .options = q->vdiff };
	struct workflow w;
	const char *id;

	TRY(control_id(cx, q, &id));
	workflow_init(&w, c, id);
	int rc = ask_tablet(cx, &w, method, &request, reply);
	workflow_done(&w);
	return rc;
}

static int
put_uuid(struct buf *out, const char *uuid)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "uuid", uuid);
	json_put_close(&w, '}');
	return 0;
}

static int
vdiff_create(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct ctl_request named = *q;
	char uuid[RAND_UUID_SIZE];

	if (q->uuid[0] == '\0') {
		rand_uuid(uuid);
		named.uuid = uuid;
	}
	TRY(ask(cx, c, &named, TABLET_VDIFF_CREATE, NULL));
	return put_uuid(out, named.uuid);
}

static int
vdiff_show(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct ctl_request named = *q;
	struct vdiff_reply r;

	if (strcmp(q->uuid, "last") == 0)
		named.uuid = "";
	TRY(ask(cx, c, &named, TABLET_VDIFF_SHOW, &r));
	message_write(out, &vdiff_reply_message, &r);
	return 0;
}

static int
vdiff_stop(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	TRY(ask(cx, c, q, TABLET_VDIFF_STOP, NULL));
	return put_uuid(out, q->uuid);
}

static int
vdiff_resume(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	TRY(ask(cx, c, q, TABLET_VDIFF_RESUME, NULL));
	return put_uuid(out, q->uuid);
}

static int
vdiff_delete(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	TRY(ask(cx, c, q, TABLET_VDIFF_DELETE, NULL));
	return put_uuid(out, q->uuid);
}

const struct api_method api_vdiff_methods[] = {
	{ "vdiff_create", vdiff_create },
	{ "vdiff_show", vdiff_show },
	{ "vdiff_stop", vdiff_stop },
	{ "vdiff_resume", vdiff_resume },
	{ "vdiff_delete", vdiff_delete },
	{ NULL, NULL },
};
