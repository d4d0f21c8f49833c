/*
 * tablet_api.h - the tablet's HTTP methods (rpc/api.h names them and their members).
 */
#ifndef TABLET_TABLET_API_H
#define TABLET_TABLET_API_H

#include "tablet/guard/lock.h"
#include "tablet/guard/move.h"
#include "tablet/health.h"
#include "tablet/stream/engine.h"

struct tablet_api {
	const struct tablet_env *env;
	struct engine engine;
	struct locks locks;
	struct moves moves;
	const struct health *health;
};

/* An http_handler_fn; arg is a struct tablet_api. */
void tablet_api_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);

#endif
