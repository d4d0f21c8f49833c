/* What gates ask for when a client's statement gives or takes names of moved tables. */
#include "ctl/api_method.h"
#include "ctl/reroute.h"
#include "topo/json.h"

static void
put_version(struct buf *out, int64_t version)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_i64(&w, "version", version);
	json_put_close(&w, '}');
}

static int
route_name(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	const struct reroute r = { q->keyspace, q->table, q->target_keyspace, q->target_table };
	int64_t version;

	TRY(name_check("keyspace", q->keyspace, cx->err));
	TRY(name_check("table", q->table, cx->err));
	TRY(name_check("keyspace", q->target_keyspace, cx->err));
	TRY(name_check("table", q->target_table, cx->err));
	TRY(reroute_name(cx, c, &r, &version));
	put_version(out, version);
	return 0;
}

static int
route_home(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	int64_t version;

	TRY(reroute_home(cx, c, q->keyspace, q->table, &version));
	put_version(out, version);
	return 0;
}

static int
at_rest(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	TRY(reroute_check_rest(cx, c, q->keyspace, q->table));
	put_version(out, 0);
	return 0;
}

const struct api_method api_name_methods[] = {
	{ "route_name", route_name },
	{ "route_home", route_home },
	{ "at_rest", at_rest },
	{ NULL, NULL },
};
