#include "ctl/ctl_api.h"

#include "ctl/api_method.h"
#include "ctl/ctl_metrics.h"

static const struct api_method *
find_in(const struct api_method *methods, const char *name)
{
	for (; methods->name != NULL; methods++) {
		if (strcmp(methods->name, name) == 0)
			return methods;
	}
	return NULL;
}

static const struct api_method *
find_method(const char *path)
{
	static const char prefix[] = "/api/";
	static const struct api_method *const tables[] = { api_cluster_methods, api_admin_methods,
		api_move_methods, api_control_methods, api_vdiff_methods, api_name_methods };
	const struct api_method *m = NULL;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && m == NULL; i++)
		m = find_in(tables[i], path + sizeof(prefix) - 1);
	return m;
}

static int
handle(struct ctx *cx, struct ctl *c, const struct http_request *req, struct http_reply *reply)
{
	const struct api_method *m = find_method(req->path);
	struct ctl_request q;

	if (m == NULL)
		return err_set(cx->err, ERR_NOT_FOUND, "vtctld has no method '%s'", req->path);
	TRY(ctl_request_read(cx->arena, req->body, &q, cx->err));
	TRY(m->run(cx, c, &q, &reply->body));
	reply->status = 200;
	return 0;
}

void
ctl_api_handle(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx inner = *cx;

	inner.arena = &arena;
	inner.err = &err;
	if (strcmp(req->path, "/healthz") == 0) {
		reply->status = 200;
		buf_add_str(&reply->body, "{\"ok\":true}\n");
		return;
	}
	if (strcmp(req->path, "/metrics") == 0) {
		reply->status = 200;
		reply->content_type = "text/plain; version=0.0.4";
		if (ctl_metrics_print(&inner, arg, &reply->body) == 0)
			return;
	} else if (handle(&inner, arg, req, reply) == 0) {
		return;
	}
	reply->content_type = NULL;
	buf_reset(&reply->body);
	rpc_reply_error(reply, &err);
}
