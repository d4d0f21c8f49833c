#include "rpc/api.h"

#include "topo/json.h"

#include <limits.h>
#include <stdio.h>

/* ---- The fence */

bool
fence_table_missing(struct slice text)
{
	static const char head[] = "Table '", tail[] = "." FENCE_TABLE "' doesn't exist";
	size_t least = sizeof(head) - 1 + sizeof(tail) - 1;

	return text.len > least && slice_starts(text, head) &&
	    slice_eq_str(slice_cut(text, text.len - (sizeof(tail) - 1), text.len), tail);
}

/* ---- Requests to vtctld */

static void
put_texts(struct json_writer *w, const char *key, const char **texts, size_t count)
{
	json_put_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(w, NULL, texts[i]);
	json_put_close(w, ']');
}

static size_t
get_texts(const struct json *j, const char *key, struct arena *a, const char ***out)
{
	struct json texts = json_get_array(j, key);
	size_t count = json_count(&texts);

	*out = arena_array(a, const char *, count);
	for (size_t i = 0; i < count; i++)
		(*out)[i] = json_item_str(&texts, i);
	return count;
}

static void
put_set(struct json_writer *w, const struct ctl_request *r)
{
	json_put_open(w, "tables", '[');
	for (size_t i = 0; i < r->tables_count; i++) {
		json_put_open(w, NULL, '{');
		json_put_str(w, "from", r->tables[i].from);
		json_put_str(w, "to", r->tables[i].to);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
	json_put_bool(w, "all", r->all);
	put_texts(w, "excluded", r->excluded, r->excluded_count);
	put_texts(w, "patterns", r->patterns, r->patterns_count);
	put_texts(w, "excluded_patterns", r->excluded_patterns, r->excluded_patterns_count);
}

static void
get_set(const struct json *j, struct arena *a, struct ctl_request *r)
{
	struct json tables = json_get_array(j, "tables");

	r->all = json_get_bool(j, "all");
	r->tables_count = json_count(&tables);
	r->tables = arena_array(a, struct moved_names, r->tables_count);
	for (size_t i = 0; i < r->tables_count; i++) {
		struct json item = json_item(&tables, i);

		json_need(&item, "from");
		json_need(&item, "to");
		r->tables[i].from = json_get_str(&item, "from");
		r->tables[i].to = json_get_str(&item, "to");
	}
	r->excluded_count = get_texts(j, "excluded", a, &r->excluded);
	r->patterns_count = get_texts(j, "patterns", a, &r->patterns);
	r->excluded_patterns_count = get_texts(j, "excluded_patterns", a, &r->excluded_patterns);
}

static void
put_vdiff(struct json_writer *w, const struct vdiff_options *o)
{
	json_put_open(w, "vdiff", '{');
	put_texts(w, "tables", o->tables, o->tables_count);
	json_put_i64(w, "limit", o->limit);
	json_put_i64(w, "max_extra", o->max_extra);
	json_put_i64(w, "samples", o->samples);
	json_put_i64(w, "truncate_at", o->truncate_at);
	json_put_bool(w, "repair", o->repair);
	json_put_bool(w, "continuous", o->continuous);
	json_put_close(w, '}');
}

static void
get_vdiff(const struct json *j, struct arena *a, struct vdiff_options *o)
{
	struct json v = json_get_object(j, "vdiff");

	o->tables_count = get_texts(&v, "tables", a, &o->tables);
	o->limit = json_get_i64(&v, "limit");
	o->max_extra = json_get_i64(&v, "max_extra");
	o->samples = json_get_int(&v, "samples", 0, INT_MAX);
	o->repair = json_get_bool(&v, "repair");
	o->continuous = json_get_bool(&v, "continuous");
	o->truncate_at = json_get_int(&v, "truncate_at", 0, INT_MAX);
}

void
ctl_request_write(struct buf *out, const struct ctl_request *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "keyspace", r->keyspace);
	json_put_str(&w, "table", r->table);
	json_put_str(&w, "target_keyspace", r->target_keyspace);
	json_put_str(&w, "target_table", r->target_table);
	put_set(&w, r);
	json_put_str(&w, "workflow", r->workflow);
	json_put_str(&w, "action", r->action);
	json_put_str(&w, "sidecar_db_name", r->sidecar);
	json_put_str(&w, "server_kind", r->server_kind);
	json_put_str(&w, "database", r->database);
	json_put_bool(&w, "keep_routing_rules", r->keep_rules);
	json_put_bool(&w, "remove_routing_rules", r->remove_rules);
	json_put_str(&w, "alias", r->alias);
	json_put_bool(&w, "allow_primary", r->allow_primary);
	json_put_bool(&w, "recursive", r->recursive);
	json_put_str(&w, "uuid", r->uuid);
	put_vdiff(&w, &r->vdiff);
	json_put_bool(&w, "force", r->force);
	json_put_bool(&w, "dry_run", r->dry_run);
	json_put_i64(&w, "after_revision", r->after_revision);
	workflow_options_put(&w, &r->options, r->given);
	json_put_close(&w, '}');
}

int
ctl_request_read(struct arena *a, struct slice json, struct ctl_request *out, struct err *err)
{
	struct json_doc doc;

	TRY(json_open(&doc, "request to vtctld", json, a, err));
	struct json j = json_root(&doc);
	*out = (struct ctl_request){
		.keyspace = json_get_str(&j, "keyspace"),
		.table = json_get_str(&j, "table"),
		.target_keyspace = json_get_str(&j, "target_keyspace"),
		.target_table = json_get_str(&j, "target_table"),
		.workflow = json_get_str(&j, "workflow"),
		.action = json_get_str(&j, "action"),
		.sidecar = sidecar_or_default(json_get_str(&j, "sidecar_db_name")),
		.server_kind = json_get_str(&j, "server_kind"),
		.database = json_get_str(&j, "database"),
		.keep_rules = json_get_bool(&j, "keep_routing_rules"),
		.remove_rules = json_get_bool(&j, "remove_routing_rules"),
		.alias = json_get_str(&j, "alias"),
		.allow_primary = json_get_bool(&j, "allow_primary"),
		.recursive = json_get_bool(&j, "recursive"),
		.uuid = json_get_str(&j, "uuid"),
		.force = json_get_bool(&j, "force"),
		.dry_run = json_get_bool(&j, "dry_run"),
		.after_revision = json_get_i64(&j, "after_revision"),
	};
	get_set(&j, a, out);
	get_vdiff(&j, a, &out->vdiff);
	out->options = workflow_options_get(&j, &out->given);
	return json_close(&doc);
}

/* ---- Errors on the way */

static const struct {
	enum err_kind kind;
	int status;
} statuses[] = {
	{ ERR_REFUSED, 400 },
	{ ERR_NOT_FOUND, 404 },
	{ ERR_CONFLICT, 409 },
	{ ERR_TIMEOUT, 504 },
	{ ERR_RETRY, 503 },
	{ ERR_CANCELLED, 503 },
	{ ERR_SERVER, 503 },
	{ ERR_CORRUPT, 503 },
};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

void
rpc_reply_error(struct http_reply *reply, const struct err *err)
{
	struct json_writer w;

	reply->status = 503;
	for (size_t i = 0; i < STATUSES; i++) {
		if (statuses[i].kind == err->kind)
			reply->status = statuses[i].status;
	}
	buf_reset(&reply->body);
	w = json_to(&reply->body);
	json_put_open(&w, NULL, '{');
	json_put_open(&w, "error", '{');
	json_put_str(&w, "kind", err_kind_name(err->kind));
	json_put_i64(&w, "errno", err->mysql_errno);
	json_put_str(&w, "sqlstate", err->sqlstate);
	json_put_str(&w, "text", err->text);
	json_put_str(&w, "hint", err->hint);
	json_put_close(&w, '}');
	json_put_close(&w, '}');
}

static enum err_kind
kind_of(const char *name)
{
	for (size_t i = 0; i < STATUSES; i++) {
		if (strcmp(name, err_kind_name(statuses[i].kind)) == 0)
			return statuses[i].kind;
	}
	return ERR_RETRY;
}

/* Not every error comes from our own handler: anything else is told by its status. */
int
rpc_read_error(const struct http_reply *reply, struct err *err)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct json_doc doc;
	struct err wrong = { 0 };

	if (json_open(&doc, "error", buf_slice(&reply->body), &arena, &wrong) != 0)
		return err_set(err, ERR_RETRY, "HTTP status %d", reply->status);
	struct json j = json_root(&doc), e = json_get_object(&j, "error");
	json_need(&e, "text");
	const char *text = json_get_str(&e, "text"), *hint = json_get_str(&e, "hint");
	const char *kind = json_get_str(&e, "kind"), *state = json_get_str(&e, "sqlstate");
	int code = json_get_int(&e, "errno", 0, INT_MAX);
	if (json_close(&doc) != 0)
		return err_set(err, ERR_RETRY, "HTTP status %d", reply->status);
	err_set(err, kind_of(kind), "%s", text);
	err->mysql_errno = code;
	for (size_t i = 0; i + 1 < sizeof(err->sqlstate) && state[i] != '\0'; i++)
		err->sqlstate[i] = state[i];
	return hint[0] == '\0' ? -1 : err_hint(err, "%s", hint);
}
