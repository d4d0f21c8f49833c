#include "client/command.h"

#include "client/statements.h"
#include "topo/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

/* ---- Options */

/*
 * Options are tables (base/option.h). They bear Vitess's names where Vitess has the option, and what
 * Vitess has and this has not is named too (REFUSED), with what to do instead: a script that was written
 * for Vitess is told what is not done, and never has an option passed over. A help of NULL hides an
 * option that is another one's second name.
 *
 * Limits stand where a value beyond them is surely a mistake: of the pauses an hour, of attempts a thousand.
 */
/* An hour: beyond that a pause is no pause any more. */
#define HOUR (60 * MINUTE)

/* clang-format off */
#define SWITCH_TIME                                                                                \
	OPTION("postpone-file", OPT_STRING, move.postpone_file, NULL, 0, 0, NULL, "FILE",          \
	    "no switch while this file exists on vtctld's machine; SwitchTraffic switches all the same"), \
	OPTION("switch-window", OPT_STRING, switch_window, NULL, 0, 0, NULL, "HH:MM-HH:MM",        \
	    "no switch but between these times of vtctld's day, over midnight too; SwitchTraffic "  \
	    "switches all the same")

/* A billion rows a second: beyond that no server reads. */
#define THROTTLE                                                                                   \
	OPTION("max-rows-per-second", OPT_INT, move.limits.rows, NULL, 0, 1000000000, NULL, "N",       \
	    "copy no more than so many rows a second; 0: as fast as it goes"),                         \
	OPTION("max-bytes-per-second", OPT_SIZE, move.limits.bytes, NULL, 0, 0, NULL, "SIZE",          \
	    "the same in bytes: 512k, 10M; 0: as fast as it goes"),                                    \
	OPTION("max-load", OPT_STRING, max_load, NULL, 0, 0, NULL, "STATUS=N,...",                     \
	    "the copy waits while a status of either server is above N: Threads_running, "             \
	    "Innodb_history_list_length; \"\": none"),                                                 \
	OPTION("throttle-query", OPT_STRING, move.limits.query, NULL, 0, 0, NULL, "SQL",               \
	    "asked at the source each second; the copy waits while its first value is not 0; \"\": none")
#define ON_DDL(fallback, update)                                                                     \
	OPTION("on-ddl", OPT_ENUM, on_ddl, fallback, 0, 0, "STOP|EXEC|EXEC_IGNORE|IGNORE", "WHAT",       \
	    update "when a moving table is altered at the source: stop there; run it at the target too "    \
		   "(while rows are still copied: copy that table anew), with EXEC_IGNORE also past an "     \
		   "error of what changes no row; or step over it, where it changes no row")
/* clang-format on */

static const struct option move_options[] = {
	OPTION("grace-period", OPT_DURATION, move.grace_period, "10s", 0, HOUR, NULL, "DURATION",
	    "how long transactions in flight may take to end once writes are held"),
	OPTION("timeout", OPT_DURATION, move.timeout, "30s", SECOND, HOUR, NULL, "DURATION",
	    "bound of one switching attempt; past it everything is rolled back and tried again"),
	OPTION("reader-wait", OPT_DURATION, move.reader_wait, "1s", 0, HOUR, NULL, "DURATION",
	    "how long transactions that only read are waited for"),
	OPTION("on-grace", OPT_ENUM, on_grace, "abort", 0, 0, "abort|wait|kill", "WHAT",
	    "when the grace period is over: give this attempt up, go on waiting, or end the "
	    "transactions"),
	OPTION("switch-attempts", OPT_INT, switch_attempts, "10", 1, 1000, NULL, "N",
	    "how often switching is tried before it is left to you"),
	OPTION("max-replication-lag-allowed", OPT_DURATION, move.max_lag, "30s", 0, HOUR, NULL,
	    "DURATION", "switch only when the target is behind by no more than this"),
	OPTION("vdiff", OPT_BOOL, move.vdiff, NULL, 0, 0, NULL, NULL,
	    "before a switch all rows of both sides are compared, while clients go on; it switches when "
	    "nothing differs"),
	SWITCH_TIME,
	THROTTLE,
	OPTION("no-switch", OPT_BOOL, move.no_switch, NULL, 0, 0, NULL, NULL,
	    "copy and stay in sync; the same command without it switches later"),
	OPTION("force", OPT_BOOL, force, NULL, 0, 0, NULL, NULL,
	    "go on past what the preflight's list refuses: statements and transactions that would break, a "
	    "disk that is too small; and past views, routines, events and triggers that name the table or "
	    "may name it: they are left as they are, and look for it at its old place"),
	OPTION("with-views", OPT_BOOL, move.with_views, NULL, 0, 0, NULL, NULL,
	    "views that name nothing but the tables that move, and each other, move with them: they are "
	    "made at the target before the switch"),
	OPTION("with-routines", OPT_BOOL, move.with_routines, NULL, 0, 0, NULL, NULL,
	    "stored functions, procedures and events move with the tables when they name nothing else, and "
	    "call no other ones; routines that name no table are made at the target and stay at the source "
	    "too; events run where the tables serve"),
	OPTION("drop-foreign-keys", OPT_BOOL, move.drop_foreign_keys, NULL, 0, 0, NULL, NULL,
	    "go on without foreign keys between a table that moves and one that stays: left out at the "
	    "target, or dropped at the source before the switch; each is named"),
	OPTION("engine", OPT_ENUM, engine, NULL, 0, 0, "InnoDB", NULL,
	    "tables of MyISAM and Aria move, into tables of InnoDB; there is no way back to them "
	    "(--no-enable-reverse-replication)"),
	OPTION("workflow", OPT_STRING, workflow, NULL, 0, 0, NULL, "NAME",
	    "the move's name; default: the table's at the target, or of several the source keyspace's"),
	OPTION("target-keyspace", OPT_STRING, target_keyspace, NULL, 0, 0, NULL, "NAME",
	    "with --workflow: which one is meant, in place of KEYSPACE.WORKFLOW"),
	OPTION("source-keyspace", OPT_STRING, source_keyspace, NULL, 0, 0, NULL, "NAME",
	    "Create: where the tables are (or --source)"),
	OPTION("source", OPT_STRING, source_keyspace, NULL, 0, 0, NULL, "NAME", NULL),
	OPTION("tables", OPT_STRING, tables, NULL, 0, 0, NULL, "TABLE,/PATTERN/,...",
	    "Create: which, by name and by regular expression"),
	OPTION("all-tables", OPT_BOOL, all_tables, NULL, 0, 0, NULL, NULL,
	    "Create: all that the source keyspace serves (or --all)"),
	OPTION("all", OPT_BOOL, all_tables, NULL, 0, 0, NULL, NULL, NULL),
	OPTION("exclude-tables", OPT_STRING, exclude_tables, NULL, 0, 0, NULL, "TABLE,/PATTERN/,...",
	    "with --all-tables, KEYSPACE.* or patterns: leave these where they are (or --exclude)"),
	OPTION("exclude", OPT_STRING, exclude_tables, NULL, 0, 0, NULL, "TABLE,...", NULL),
	OPTION("v1", OPT_BOOL, first_form, NULL, 0, 0, NULL, NULL, NULL),
	OPTION("auto-start", OPT_BOOL, auto_start, "true", 0, 0, NULL, NULL,
	    "Create: --no-auto-start leaves it stopped, for Start"),
	OPTION("stop-after-copy", OPT_BOOL, move.stop_after_copy, NULL, 0, 0, NULL, NULL,
	    "Create: stops the stream once it is in sync, for Start"),
	ON_DDL("STOP", ""),
	OPTION("enable-reverse-replication", OPT_BOOL, move.reverse, "true", 0, 0, NULL, NULL,
	    "the old tables follow once it has switched, so that ReverseTraffic can go back; a TRUNCATE, "
	    "ALTER or write of an old table by others ends that, and is told. "
	    "--no-enable-reverse-replication leaves them as they were"),
	OPTION("reverse-replication", OPT_BOOL, move.reverse, "true", 0, 0, NULL, NULL, NULL),
	OPTION("follow-keyspace", OPT_BOOL, move.follow, NULL, 0, 0, NULL, NULL,
	    "of a keyspace that moves whole: from the switch on, new tables of it are made at the target, "
	    "beside the others; ReverseTraffic ends that, and so does FollowKeyspace --end"),
	OPTION("dry-run", OPT_BOOL, dry_run, NULL, 0, 0, NULL, NULL,
	    "everything is asked that would be, nothing is changed, and what would be done is told"),
	OPTION("keep-data", OPT_BOOL, keep_data, NULL, 0, 0, NULL, NULL,
	    "Complete: the old tables stay as they are; Cancel: the target's do, as far as they are copied"),
	OPTION("keep-routing-rules", OPT_BOOL, keep_rules, NULL, 0, 0, NULL, NULL,
	    "Cancel: the routing rules stay, and lead to the source; Complete: what it does anyway"),
	OPTION("remove-routing-rules", OPT_BOOL, remove_rules, NULL, 0, 0, NULL, NULL,
	    "Complete: the old names no longer lead to the moved tables; not with --keep-data"),
	OPTION("rename-tables", OPT_BOOL, rename_tables, NULL, 0, 0, NULL, NULL,
	    "Complete: the old tables become _NAME_old"),
	OPTION("include-logs", OPT_BOOL, logs, "true", 0, 0, NULL, NULL,
	    "Show: what was done, with its times; only as vtctldclient"),
	OPTION("detach", OPT_BOOL, detach, NULL, 0, 0, NULL, NULL,
	    "start the move and return at once"),
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	/* What Vitess has and this has not. */
	REFUSED("tablet-types",
	    "streams read from the primary, and all traffic switches at once; leave it out"),
	REFUSED("tablet-types-in-preference-order", "streams read from the primary; leave it out"),
	REFUSED("cells", "there is one cell; leave it out"),
	REFUSED("all-cells", "there is one cell; leave it out"),
	REFUSED("source-shards", "a keyspace has one shard, and moves whole; leave it out"),
	REFUSED("shards", "a keyspace has one shard; leave it out"),
	REFUSED("atomic-copy",
	    "every copy ends at one point for all tables of the move; name them in one, and leave it out"),
	REFUSED("initialize-target-sequences",
	    "AUTO_INCREMENT goes on at the target to the number; sequence tables move like others"),
	REFUSED(
	    "global-keyspace", "no sequence tables are made; AUTO_INCREMENT goes on at the target"),
	REFUSED("remove-sharded-auto-increment", "no target is sharded; leave it out"),
	REFUSED("sharded-auto-increment-handling", "no target is sharded; leave it out"),
	REFUSED("defer-secondary-keys", "indexes are always built after the copy; leave it out"),
	REFUSED(
	    "source-time-zone", "values travel as they are; convert them before or after the move"),
	REFUSED("no-routing-rules",
	    "clients are switched by the rules; without them copy the table with mariadb-dump"),
	REFUSED("ignore-source-keyspace",
	    "the source's fence and way back are ended with the move: its tablet has to answer"),
	REFUSED("delete-batch-size", "tables are dropped whole; leave it out"),
	REFUSED("percent", "no statement is sent to both sides"),
	REFUSED("tenant-id", "whole tables move; select a tenant's rows with INSERT ... SELECT"),
	REFUSED("config-overrides", "the streams' settings are vttablet's options: vttablet --help"),
	{ 0 },
};

static const struct option keyspace_options[] = {
	OPTION("force", OPT_BOOL, force, NULL, 0, 0, NULL, NULL, "no error when it exists already"),
	OPTION("sidecar-db-name", OPT_STRING, sidecar, SIDECAR_DEFAULT, 0, 0, NULL, "NAME",
	    "the database that Switchyard keeps its own tables in, at the keyspace's server"),
	OPTION("database", OPT_STRING, database, NULL, 0, 0, NULL, "NAME",
	    "the keyspace's database at its server; default: of the same name"),
	OPTION("server-kind", OPT_STRING, server_kind, NULL, 0, 0, NULL, "KIND",
	    "of the server that vtcombo makes for it, as in vtcombo's --keyspace NAME=KIND"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

static const struct option tablet_options[] = {
	OPTION("keyspace", OPT_STRING, keyspace, NULL, 0, 0, NULL, "NAME", "only this keyspace's"),
	OPTION("shard", OPT_STRING, shard, NULL, 0, 0, NULL, "NAME",
	    "only this shard's; with --keyspace"),
	OPTION("tablet-type", OPT_STRING, tablet_type, NULL, 0, 0, NULL, "TYPE",
	    "only primary, replica or rdonly ones"),
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

static const struct option validate_options[] = {
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

static const struct option delete_keyspace_options[] = {
	OPTION("recursive", OPT_BOOL, recursive, NULL, 0, 0, NULL, NULL,
	    "with the records of its tablets"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	REFUSED("force", "what uses the keyspace is named; end that first"),
	{ 0 },
};

static const struct option delete_tablets_options[] = {
	OPTION("allow-primary", OPT_BOOL, allow_primary, NULL, 0, 0, NULL, NULL,
	    "also a primary: its keyspace is not served until another one is started"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

static const struct option rules_options[] = {
	OPTION("rules", OPT_STRING, rules, NULL, 0, 0, NULL, "JSON",
	    "the rules that are to stay, as GetRoutingRules prints them; {} for none"),
	OPTION(
	    "rules-file", OPT_STRING, rules_file, NULL, 0, 0, NULL, "FILE", "the same from a file"),
	OPTION("dry-run", OPT_BOOL, dry_run, NULL, 0, 0, NULL, NULL,
	    "nothing is changed, and the rules are shown as they would be"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	REFUSED("skip-rebuild", "nothing is rebuilt: every gate has the rules at once; leave it out"),
	REFUSED("cells", "there is one cell; leave it out"),
	{ 0 },
};

static const struct option follow_options[] = {
	OPTION("end", OPT_BOOL, end, NULL, 0, 0, NULL, NULL,
	    "make new tables in the keyspace itself again"),
	OPTION("force", OPT_BOOL, force, NULL, 0, 0, NULL, NULL,
	    "also while tables of the keyspace have not moved: new ones cannot be joined with those"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

static const struct option statements_options[] = {
	OPTION("limit", OPT_INT, limit, "50", 1, STATEMENTS_MAX, NULL, "N",
	    "show that many, the most frequent first"),
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json (all of them) for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

/* Those of move_options that a workflow which is there can be given. */
static const struct option workflow_command_options[] = {
	OPTION("keyspace", OPT_STRING, keyspace, NULL, 0, 0, NULL, "NAME",
	    "with --workflow: which one is meant, in place of KEYSPACE.WORKFLOW"),
	OPTION("workflow", OPT_STRING, workflow, NULL, 0, 0, NULL, "NAME", "the same"),
	OPTION("grace-period", OPT_DURATION, move.grace_period, "10s", 0, HOUR, NULL, "DURATION",
	    "update: how long transactions in flight may take to end once writes are held"),
	OPTION("timeout", OPT_DURATION, move.timeout, "30s", SECOND, HOUR, NULL, "DURATION",
	    "update: bound of one switching attempt"),
	OPTION("reader-wait", OPT_DURATION, move.reader_wait, "1s", 0, HOUR, NULL, "DURATION",
	    "update: how long transactions that only read are waited for"),
	OPTION("on-grace", OPT_ENUM, on_grace, "abort", 0, 0, "abort|wait|kill", "WHAT",
	    "update: what becomes of transactions when the grace period is over"),
	OPTION("switch-attempts", OPT_INT, switch_attempts, "10", 1, 1000, NULL, "N",
	    "update: how often switching is tried before it is left to you"),
	OPTION("max-replication-lag-allowed", OPT_DURATION, move.max_lag, "30s", 0, HOUR, NULL,
	    "DURATION", "update: switch only when the target is behind by no more than this"),
	SWITCH_TIME,
	THROTTLE,
	ON_DDL("STOP", "update: "),
	OPTION("include-logs", OPT_BOOL, logs, "true", 0, 0, NULL, NULL,
	    "show: what was done, with its times; only as vtctldclient"),
	OPTION("keep-data", OPT_BOOL, keep_data, NULL, 0, 0, NULL, NULL,
	    "delete: the target's tables stay, as far as they are copied"),
	OPTION("keep-routing-rules", OPT_BOOL, keep_rules, NULL, 0, 0, NULL, NULL,
	    "delete: the routing rules stay, and lead to the source"),
	OPTION("dry-run", OPT_BOOL, dry_run, NULL, 0, 0, NULL, NULL,
	    "delete: nothing is changed, and what would be done is told"),
	OPTION("format", OPT_ENUM, format, "text", 0, 0, "text|json", "FORMAT",
	    "text for people, json for machines"),
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	REFUSED("ignore-source-keyspace",
	    "the source's fence is ended with the move: its tablet has to answer"),
	REFUSED("delete-batch-size", "tables are dropped whole; leave it out"),
	REFUSED("tablet-types", "streams read from the primary; leave it out"),
	REFUSED("cells", "there is one cell; leave it out"),
	REFUSED("shards", "a keyspace has one shard; leave it out"),
	REFUSED("config-overrides", "the streams' settings are vttablet's options: vttablet --help"),
	{ 0 },
};

static const struct option plain_options[] = {
	OPTION("help", OPT_BOOL, help, NULL, 0, 0, NULL, NULL, "show this"),
	{ 0 },
};

/* ---- Commands that ask and print */

static int
print_answer(struct ctx *cx, struct client *c, const char *method, const struct ctl_request *request)
{
	struct slice answer;

	TRY(client_call(cx, c, method, request, &answer));
	client_print(c, answer);
	return 0;
}

static int
create_keyspace(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace = name_one(cx->arena, c->args[0]),
		.sidecar = name_one(cx->arena, o->sidecar),
		.server_kind = o->server_kind,
		.database = o->database == NULL ? "" : name_one(cx->arena, o->database),
		.force = o->force };
	struct slice answer;

	TRY(client_call(cx, c, "create_keyspace", &r, &answer));
	printf("Successfully created keyspace %s. Result:\n", c->args[0]);
	client_print(c, answer);
	return 0;
}

static int
get_keyspaces(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { 0 };
	struct slice answer;
	struct json_doc doc;

	TRY(client_call(cx, c, "get_keyspaces", &r, &answer));
	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), names = json_get_array(&root, "keyspaces");
	for (size_t i = 0; i < json_count(&names); i++)
		printf("%s\n", json_item_str(&names, i));
	return json_close(&doc);
}

static int
get_keyspace(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace = name_one(cx->arena, c->args[0]) };

	return print_answer(cx, c, "get_keyspace", &r);
}

/* GetSrvKeyspace [cell] keyspace: the cell may be left out while there is one. */
static int
get_srv_keyspace(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace = name_one(cx->arena, c->args[c->args_count - 1]) };

	return print_answer(cx, c, "get_srv_keyspace", &r);
}

static int
get_routing_rules(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { 0 };

	return print_answer(cx, c, "get_routing_rules", &r);
}

static int
get_statements(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace =
				     c->args_count == 0 ? "" : name_one(cx->arena, c->args[0]) };
	SCOPED(buf) struct buf out = BUF_INIT;
	struct statements_record seen;
	struct slice answer;

	if (c->json)
		return print_answer(cx, c, "get_statements", &r);
	TRY(client_call(cx, c, "get_statements", &r, &answer));
	TRY(message_read(cx->arena, &statements_record_message, answer, &seen, cx->err));
	statements_print(&out, &seen, o->limit);
	printf("%s", out.data);
	return 0;
}

/* The way back of a move may have led to that table. */
static int
say_completed(struct ctx *cx, struct slice answer)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	const char *completed = json_get_str(&root, "completed");

	if (completed[0] != '\0')
		printf("note: workflow %s is complete: its way back has ended.\n", completed);
	return json_close(&doc);
}

static int
follow_keyspace(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct ctl_request r = { .keyspace = name_one(cx->arena, c->args[0]),
		.target_keyspace = c->args_count == 2 ? name_one(cx->arena, c->args[1]) : "",
		.force = o->force };
	struct slice answer;

	/* One name ends, two begin; --end with two, or none with one, was probably meant otherwise. */
	if (o->end == (c->args_count == 2))
		return err_set(cx->err, ERR_REFUSED,
		    "FollowKeyspace KEYSPACE TARGET_KEYSPACE begins it, FollowKeyspace --end KEYSPACE "
		    "ends it");
	TRY(client_call(cx, c, "follow_keyspace", &r, &answer));
	if (o->end)
		printf("New tables of %s are made in %s itself.\n", r.keyspace, r.keyspace);
	else
		printf("New tables of %s are made in %s.\n", r.keyspace, r.target_keyspace);
	return 0;
}

static int
drop_table(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	struct name_list list;

	TRY(name_split_list(cx->arena, c->args[0], &list, cx->err));
	if (list.count == 0)
		return err_set(cx->err, ERR_REFUSED, "'%s' names no table to drop", c->args[0]);
	for (size_t i = 0; i < list.count; i++) {
		struct ctl_request r = { .keyspace = list.keyspace, .table = list.names[i] };
		struct slice answer;

		/* One by one: what was dropped before a failure stays dropped, and was said. */
		TRY(client_call(cx, c, "drop_table", &r, &answer));
		TRY(say_completed(cx, answer));
		printf("Dropped table %s.\n", name_of_table(cx->arena, r.keyspace, r.table));
	}
	return 0;
}

/* In the order in which --help prints them. args is the usage line behind the name; args_min and args_max
 * count what is no option. */
static const struct command commands[] = {
	{ "CreateKeyspace",
	    "[--force] [--sidecar-db-name NAME] [--server-kind KIND] [--database NAME] "
	    "KEYSPACE",
	    "makes a keyspace", 1, 1, keyspace_options, create_keyspace },
	{ "GetKeyspaces", "", "lists the keyspaces", 0, 0, plain_options, get_keyspaces },
	{ "GetKeyspace", "KEYSPACE", "shows one keyspace", 1, 1, plain_options, get_keyspace },
	{ "GetTablet", "ALIAS", "shows one tablet, as JSON", 1, 1, plain_options, tablets_show },
	{ "GetTablets", "[--keyspace NAME [--shard NAME]] [--tablet-type TYPE] [--format json]",
	    "lists the tablets: alias, keyspace, shard, type, state, replication lag, address", 0,
	    0, tablet_options, tablets_list },
	{ "ValidateTablet", "[--format json] ALIAS",
	    "tries what a tablet's server must have for moves, settings and privileges, and shows each that "
	    "is not met with the statement that mends it; ends with status 1 where a move would be refused",
	    1, 1, validate_options, validate_run },
	{ "GetSrvKeyspace", "[CELL] KEYSPACE",
	    "shows who serves a keyspace, and where its moved tables are", 1, 2, plain_options,
	    get_srv_keyspace },
	{ "GetRoutingRules", "", "shows the routing rules", 0, 0, plain_options, get_routing_rules },
	{ "ApplyRoutingRules", "{--rules JSON | --rules-file FILE} [--dry-run]",
	    "takes away the routing rules that are not among those given, as far as finished moves have left "
	    "them; moves make rules, and change them",
	    0, 0, rules_options, admin_apply_rules },
	{ "DeleteKeyspace", "[--recursive] KEYSPACE",
	    "takes a keyspace away that no move and no routing rule uses; its server and data stay",
	    1, 1, delete_keyspace_options, admin_delete_keyspace },
	{ "DeleteTablets", "[--allow-primary] ALIAS...",
	    "takes tablets' records away: of those that are gone for good", 1, COMMAND_ARGS_MAX,
	    delete_tablets_options, admin_delete_tablets },
	{ "DeleteTablet", "[--allow-primary] ALIAS", "the same as DeleteTablets", 1, 1,
	    delete_tablets_options, admin_delete_tablets },
	{ "FollowKeyspace", "[--force] KEYSPACE TARGET_KEYSPACE | --end KEYSPACE",
	    "has new tables of a keyspace that has moved whole made where the others are; GetKeyspace shows "
	    "it; --end ends it",
	    1, 2, follow_options, follow_keyspace },
	{ "GetStatements", "[--limit N] [--format json] [KEYSPACE]",
	    "shows which statements clients run through the gates, literals left out: how often, errors, "
	    "rows, latency, tables; and which tables their transactions span",
	    0, 1, statements_options, get_statements },
	{ "MoveTables",
	    "[options] KEYSPACE.TABLE[,TABLE...] TARGET_KEYSPACE[.TABLE[,TABLE...]] | KEYSPACE.* "
	    "TARGET_KEYSPACE | ACTION KEYSPACE.WORKFLOW",
	    "moves live tables, all of them with one switch; running it again attaches to the move, or "
	    "reports that it is done. ACTION, as in Vitess: Create (with --source-keyspace and --tables; it "
	    "waits for SwitchTraffic), Status or Progress, Show, GetState, Stop, Start, SwitchTraffic, "
	    "ReverseTraffic (as often as wanted), Complete (drops the old tables), Cancel",
	    1, 3, move_options, move_run },
	{ "Workflow", "[options] list [KEYSPACE] | show|start|stop|update|delete KEYSPACE.WORKFLOW",
	    "list: all, with their states; show: one's state, progress and last steps; stop: its stream "
	    "stays where it is, and start has it go on from there; update: gives it other options; "
	    "delete: takes a "
	    "move back that has not switched",
	    1, 2, workflow_command_options, workflow_run },
	{ "VDiff",
	    "[options] KEYSPACE.WORKFLOW [create [UUID] | show last|all|UUID | stop UUID | resume UUID | "
	    "delete all|UUID]",
	    "compares all rows of a move that is in step, at both sides, while clients go on; create goes on "
	    "by itself, and show tells how far it is, and what differs; stop and resume: it goes on where it "
	    "stopped, or behind the last row that was compared; --continuous proves each transaction from "
	    "then on; with --wait it ends with status 1 "
	    "where something differs, or could not be compared",
	    0, 3, vdiff_command_options, vdiff_run },
	{ "DropTable", "KEYSPACE.TABLE[,TABLE...]",
	    "drops a table for good, with its fence, or a view: one that was moved away, or was never moved; "
	    "refuses one that a routing rule or a move uses",
	    1, 1, plain_options, drop_table },
	{ "DeleteTable", "KEYSPACE.TABLE[,TABLE...]", "the same as DropTable", 1, 1, plain_options,
	    drop_table },
};
/* Vitess's, and what there is in their place. */
static const struct {
	const char *name, *instead;
} refused_commands[] = {
	{ "SwitchReads",
	    "reads and writes switch at once: MoveTables SwitchTraffic KEYSPACE.WORKFLOW" },
	{ "SwitchWrites",
	    "reads and writes switch at once: MoveTables SwitchTraffic KEYSPACE.WORKFLOW" },
	{ "DropSources", "the old tables go with: DropTable KEYSPACE.TABLE[,TABLE...]" },
	{ "Reshard", "a keyspace has one shard" },
	{ "Migrate",
	    "give the server a vttablet and a keyspace of its own, and MoveTables from there" },
	{ "Mount", "give the server a vttablet and a keyspace of its own" },
	{ "Materialize", "MoveTables moves tables as they are" },
	{ "CreateLookupIndex", "no keyspace is sharded" },
	{ "LookupVindex", "no keyspace is sharded" },
	{ "ApplyVSchema", "no keyspace is sharded, so that there is no VSchema" },
	{ "GetVSchema", "no keyspace is sharded, so that there is no VSchema" },
	{ "PlannedReparentShard", "each keyspace has one server, its primary" },
	{ "EmergencyReparentShard", "each keyspace has one server, its primary" },
};

const char *
command_instead(const char *name)
{
	for (size_t i = 0; i < sizeof(refused_commands) / sizeof(refused_commands[0]); i++) {
		if (strcasecmp(refused_commands[i].name, name) == 0)
			return refused_commands[i].instead;
	}
	return NULL;
}

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcasecmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const char *
command_suggest(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL };

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	return option_suggest(name, names);
}

void
command_list(FILE *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s %s\n      %s\n", commands[i].name, commands[i].args,
		    commands[i].help);
}
