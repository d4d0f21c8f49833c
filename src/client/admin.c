/*
 * What an administrator takes away: DeleteKeyspace, DeleteTablets, ApplyRoutingRules. vtctld decides what
 * may go (nothing that a move or a rule uses); here arguments become requests, and what is left to do by
 * hand is said.
 */
#include "client/command.h"

#include "topo/json.h"

#include <errno.h>
#include <stdio.h>

enum { RULES_FILE_MAX = 16 * 1024 * 1024 }; /* some hundred thousand rules */

/* ---- Rules */

static int
read_file(struct ctx *cx, const char *path, struct buf *out)
{
	char block[2048];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_errno(cx->err, errno, "opening '%s'", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0 && out->len <= RULES_FILE_MAX)
		buf_add(out, block, n);
	bool failed = ferror(f) != 0;

	fclose(f);
	if (failed)
		return err_set(cx->err, ERR_REFUSED, "'%s' cannot be read", path);
	return out->len <= RULES_FILE_MAX
	    ? 0
	    : err_set(cx->err, ERR_REFUSED, "'%s' is too large for rules", path);
}

/* "customer.users" as vtctld writes it, whatever way it is typed. */
static int
read_name(struct ctx *cx, const char *text, const char **out)
{
	struct name_parts parts;

	TRY(name_split(cx->arena, text, "keyspace.table", &parts, cx->err));
	*out = name_of_table(cx->arena, parts.keyspace, parts.name);
	return 0;
}

/* Both ways in which Vitess writes a member: from_table, fromTable. */
static int
read_rule(struct ctx *cx, const struct json *rule, struct moved_names *out)
{
	bool camel = json_has(rule, "fromTable");
	const char *from = json_get_str(rule, camel ? "fromTable" : "from_table");
	struct json to = json_get_array(rule, json_has(rule, "toTables") ? "toTables" : "to_tables");

	if (json_count(&to) != 1)
		return err_set(cx->err, ERR_REFUSED,
		    "the rule of '%s' has %zu tables to go to, and takes one", from,
		    json_count(&to));
	TRY(read_name(cx, from, &out->from));
	return read_name(cx, json_item_str(&to, 0), &out->to);
}

static int
read_rules(struct ctx *cx, struct slice text, struct ctl_request *r)
{
	struct json_doc doc;
	int rc = 0;

	if (json_open(&doc, "the rules", text, cx->arena, cx->err) != 0) {
		cx->err->kind = ERR_REFUSED; /* they are typed */
		return -1;
	}
	struct json root = json_root(&doc), rules = json_get_array(&root, "rules");
	r->tables_count = json_count(&rules);
	r->tables = arena_array(cx->arena, struct moved_names, r->tables_count);
	for (size_t i = 0; i < r->tables_count && rc == 0; i++) {
		struct json rule = json_item(&rules, i);

		rc = read_rule(cx, &rule, &r->tables[i]);
	}
	struct err why = *cx->err;
	int closed = json_close(&doc);
	return rc == 0 ? closed : err_copy(cx->err, &why);
}

int
admin_apply_rules(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .dry_run = o->dry_run };
	SCOPED(buf) struct buf text = BUF_INIT;
	struct slice answer;

	if ((o->rules == NULL) == (o->rules_file == NULL))
		return err_set(cx->err, ERR_REFUSED, "one of --rules and --rules-file is needed");
	if (o->rules != NULL)
		buf_add_str(&text, o->rules);
	else
		TRY(read_file(cx, o->rules_file, &text));
	TRY(read_rules(cx, buf_slice(&text), &r));
	TRY(client_call(cx, c, "apply_routing_rules", &r, &answer));
	printf(o->dry_run ? "[DRY RUN] Would have saved new RoutingRules object:\n"
			  : "New RoutingRules object:\n");
	client_print(c, answer);
	if (!o->dry_run)
		printf(
		    "If this is not what you expected, check the input data (as JSON parsing will skip "
		    "unexpected fields).\n");
	return 0;
}

/* ---- Keyspaces and tablets */

/* A vttablet that runs would come back by itself when it is started again. */
static int
say_running(struct ctx *cx, struct slice answer)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), running = json_get_array(&root, "running");
	for (size_t i = 0; i < json_count(&running); i++)
		printf(
		    "note: the vttablet of %s runs still, and enters itself again when it is started anew: "
		    "stop it.\n",
		    json_item_str(&running, i));
	return json_close(&doc);
}

int
admin_delete_keyspace(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace = name_one(cx->arena, c->args[0]),
		.recursive = o->recursive };
	struct slice answer;

	TRY(client_call(cx, c, "delete_keyspace", &r, &answer));
	TRY(say_running(cx, answer));
	printf("Successfully deleted keyspace %s.\n", c->args[0]);
	return 0;
}

int
admin_delete_tablets(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	for (int i = 0; i < c->args_count; i++) {
		struct ctl_request r = { .alias = c->args[i], .allow_primary = o->allow_primary };
		struct slice answer;

		/* Those before stay deleted: how many is said before the error is. */
		if (client_call(cx, c, "delete_tablet", &r, &answer) != 0) {
			if (i > 0)
				printf("Deleted %d of %d tablets.\n", i, c->args_count);
			return -1;
		}
		TRY(say_running(cx, answer));
	}
	printf("Successfully deleted %d tablets\n", c->args_count);
	return 0;
}
