/*
 * Vitess answers start, stop and update with one and the same sentence, whatever has changed; changed is
 * in the JSON alone. The tablet that is named there is the one that the stream ends at.
 */
#include "client/control.h"

#include "client/view.h"
#include "topo/json.h"

#include <stdio.h>

static void
put_json(const struct client *c, const char *summary, const char *tablet, bool changed)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "summary", summary);
	json_put_open(&w, "details", '[');
	json_put_open(&w, NULL, '{');
	view_put_tablet(&w, tablet);
	json_put_bool(&w, "changed", changed);
	json_put_close(&w, '}');
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	client_print(c, buf_slice(&out));
}

int
control_run(struct ctx *cx, struct client *c, const char *method, const struct ctl_request *request)
{
	struct slice answer;
	struct json_doc doc;
	const char *summary = arena_printf(cx->arena,
	    "Successfully updated the %s workflow on (1) target primary tablets in the %s keyspace",
	    request->workflow, request->keyspace);

	TRY(client_call(cx, c, method, request, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	json_need(&root, "tablet");
	const char *tablet = json_get_str(&root, "tablet");
	bool changed = json_get_bool(&root, "changed");
	TRY(json_close(&doc));
	if (c->json || c->is_vtctldclient)
		put_json(c, summary, tablet, changed);
	else
		printf("%s\n", summary);
	return 0;
}
