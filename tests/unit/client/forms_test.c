/* MoveTables in its four spellings: what is asked of vtctld, and what is refused before anybody is asked. */
#include "client/forms.h"
#include "test.h"

#include <stdio.h>

enum { ARGV_MAX = 24 };

struct typed {
	char text[512];
	char *argv[ARGV_MAX];
	const char *args[4];
	struct command_options o;
	struct client c;
	struct err err;
	struct arena arena;
	struct form form;
};

/* line: words between blanks, as a shell has taken them apart. */
static int
type(struct typed *t, const char *line)
{
	const struct command *command = command_find("MoveTables");
	struct ctx cx = { .err = &t->err, .arena = &t->arena };
	int count = 4, words = 0;

	*t = (struct typed){ .c = { .command = command->name,
				 .options = command->options,
				 .argv = t->argv,
				 .args = t->args } };
	snprintf(t->text, sizeof(t->text), "MoveTables %s", line);
	for (char *word = strtok(t->text, " "); word != NULL; word = strtok(NULL, " "))
		t->argv[words++] = word;
	t->argv[words] = NULL;
	TRY(option_defaults(command->options, &t->o, &t->err));
	TRY(option_parse(command->options, &t->o, t->argv, t->args, &count, &t->err));
	t->c.args_count = count;
	return form_read(&cx, &t->c, &t->o, &t->form);
}

static void
creates(const char *line, const char *tables, const char *patterns)
{
	struct typed t;
	struct buf got = BUF_INIT;
	const struct ctl_request *r = &t.form.request;

	expect_ok(type(&t, line), &t.err);
	expect_eq(t.form.action, MOVE_CREATE);
	expect_str(r->keyspace, "customer");
	expect_str(r->target_keyspace, "new_customer");
	expect_str(r->workflow, "w");
	expect(r->options.no_switch && r->options.manual);
	expect((r->given & GIVEN_NO_SWITCH) && (r->given & GIVEN_MANUAL));
	for (size_t i = 0; i < r->tables_count; i++)
		buf_addf(&got, "%s>%s ", r->tables[i].from, r->tables[i].to);
	buf_add_str(&got, r->all ? "*" : "");
	expect_str(got.data, tables);
	buf_reset(&got);
	for (size_t i = 0; i < r->patterns_count; i++)
		buf_addf(&got, "/%s/ ", r->patterns[i]);
	for (size_t i = 0; i < r->excluded_count; i++)
		buf_addf(&got, "-%s ", r->excluded[i]);
	for (size_t i = 0; i < r->excluded_patterns_count; i++)
		buf_addf(&got, "-/%s/ ", r->excluded_patterns[i]);
	expect_str(got.data, patterns);
	buf_done(&got);
	arena_done(&t.arena);
}

TEST(vitess_first_form_creates)
{
	creates("-workflow=w customer new_customer users,orders", "users>users orders>orders ", "");
	creates("-workflow=w -all -exclude=a,b customer new_customer", "*", "-a -b ");
	creates("-v1 -workflow w customer new_customer users", "users>users ", "");
}

TEST(vitess_second_form_creates)
{
	creates("--source customer --tables users,orders Create new_customer.w",
	    "users>users orders>orders ", "");
	creates("--source customer --all --exclude /_old$/,x create new_customer.w", "*",
	    "-x -/_old$/ ");
	creates("CREATE new_customer.w --source=customer --tables `a,b`,/^c{1,2}$/,d",
	    "a,b>a,b d>d ", "/^c{1,2}$/ ");
}

TEST(vtctldclients_form_creates)
{
	creates("--workflow w --target-keyspace new_customer create --source-keyspace customer "
		"--tables users",
	    "users>users ", "");
	creates("--workflow w --target-keyspace new_customer Create --source-keyspace customer "
		"--all-tables --exclude-tables=a",
	    "*", "-a ");
	creates("--target_keyspace new_customer create --workflow w --source_keyspace customer "
		"--tables /a/,/b,c/",
	    "", "/a/ /b,c/ ");
}

TEST(the_short_form_goes_to_its_end)
{
	struct typed t;

	expect_ok(type(&t, "customer.users,orders new_customer"), &t.err);
	expect_eq(t.form.action, MOVE_SHORT);
	expect(!t.form.request.options.no_switch && !(t.form.request.given & GIVEN_MANUAL));
	expect(t.form.request.given & GIVEN_NO_SWITCH);
	expect_eq(t.form.request.tables_count, 2);
	arena_done(&t.arena);
	/* A keyspace may be called as an action is. */
	expect_ok(type(&t, "create.users new_customer.users"), &t.err);
	expect_eq(t.form.action, MOVE_SHORT);
	arena_done(&t.arena);
}

static void
acts(const char *line, enum move_action action)
{
	struct typed t;

	expect_ok(type(&t, line), &t.err);
	expect_eq(t.form.action, action);
	expect_str(t.form.request.keyspace, "new_customer");
	expect_str(t.form.request.workflow, "w");
	arena_done(&t.arena);
}

TEST(actions_in_any_case_of_either_form)
{
	acts("SwitchTraffic new_customer.w", MOVE_SWITCH);
	acts("switchtraffic new_customer/w", MOVE_SWITCH);
	acts("--workflow w --target-keyspace new_customer SwitchTraffic --timeout 5s", MOVE_SWITCH);
	acts("Progress new_customer.w", MOVE_STATUS);
	acts("--workflow w --target-keyspace new_customer status", MOVE_STATUS);
	acts("show new_customer.w", MOVE_SHOW);
	acts("Cancel new_customer.w", MOVE_CANCEL);
	acts("GetState new_customer.w", MOVE_GET_STATE);
}

static void
refuses(const char *line, const char *text, const char *hint)
{
	struct typed t;

	expect(type(&t, line) == -1);
	expect_eq(t.err.kind, ERR_REFUSED);
	if (strstr(t.err.text, text) == NULL || strstr(t.err.hint, hint) == NULL)
		expect_str(t.err.text, text); /* shows both */
	arena_done(&t.arena);
}

TEST(what_is_missing_or_meant_is_said)
{
	refuses(
	    "Create", "two arguments are needed: action, keyspace.workflow", "--target-keyspace");
	refuses("--workflow w Create", "two arguments are needed", "");
	refuses("Create new_customer.w --tables a", "source keyspace is not specified", "--source");
	refuses(
	    "Create new_customer.w --source customer", "no tables specified to move", "--tables");
	refuses(
	    "Create new_customer.w --source customer --all --tables a", "exclude each other", "");
	refuses("Create new_customer.w --source customer --tables a --exclude b",
	    "--exclude-tables is for", "");
	refuses(
	    "Create new_customer.w --workflow w --source customer --tables a", "named twice", "");
	refuses("Create new_customer.w --source customer --tables /a", "'/a' does not end", "");
	refuses("Create new_customer.w --source customer --tables {\"a\":{}}", "sharded", "");
	refuses("customer new_customer users", "a workflow name is not specified", "--workflow");
	refuses("SwitchTrafic new_customer.w", "unknown action 'SwitchTrafic'",
	    "did you mean SwitchTraffic?");
	refuses("Swich", "unknown action", "Create, Show");
	refuses("MirrorTraffic new_customer.w", "there is no MirrorTraffic", "");
	refuses("SwitchTraffic new_customer.w --tables a", "--tables is not for SwitchTraffic", "");
	refuses("SwitchTraffic w", "'w' is not of the form keyspace.workflow", "");
	refuses("customer new_customer", "'customer' names no table", "");
}

TEST(an_option_of_another_action_is_not_passed_over)
{
	refuses("SwitchTraffic new_customer.w --all",
	    "--all is not for SwitchTraffic, but for Create", "");
	refuses("Cancel new_customer.w --rename-tables", "is not for Cancel, but for Complete", "");
	refuses("SwitchTraffic new_customer.w --keep-data", "but for Complete and Cancel", "");
	refuses("Complete new_customer.w --follow-keyspace", "but for Create", "");
	refuses("Complete new_customer.w --keep-data --rename-tables", "exclude each other", "");
	refuses("GetState new_customer.w --dry-run", "--dry-run is only supported for Create, ", "");
	refuses("a.t b.t --keep-routing-rules", "not for MoveTables TABLES TARGET", "");
	refuses("a.t b.t --auto-start=false",
	    "--auto-start is not for MoveTables TABLES TARGET, but for MoveTables Create", "");
	refuses("a.t b.t --tables x", "but for MoveTables Create", "");
	acts("Complete new_customer.w --dry-run --keep-routing-rules", MOVE_COMPLETE);
	acts("Cancel new_customer.w --keep_data --keep_routing_rules", MOVE_CANCEL);
}

TEST(what_vitess_alone_has_is_refused_by_name_with_what_to_do)
{
	static const char *const options[] = { "tablet-types", "tablet_types", "cells", "all-cells",
		"source-shards", "shards", "atomic-copy", "initialize-target-sequences",
		"global-keyspace", "source-time-zone", "no-routing-rules", "tenant-id",
		"config-overrides", "defer-secondary-keys", "ignore-source-keyspace",
		"delete-batch-size", "percent", "tablet-types-in-preference-order",
		"remove-sharded-auto-increment", "sharded-auto-increment-handling" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char line[128];
		struct typed t;

		snprintf(line, sizeof(line), "--%s=x Create new_customer.w", options[i]);
		expect(type(&t, line) == -1);
		expect(strstr(t.err.text, "there is no option '--") != NULL);
		expect(t.err.hint[0] != '\0');
	}
	expect(command_instead("switchwrites") != NULL && command_instead("GetTablets") == NULL);
}

static void
window(const char *text, int from, int to)
{
	char line[128];
	struct typed t;

	snprintf(line, sizeof(line), "a.t b --switch-window %s", text);
	expect_ok(type(&t, line), &t.err);
	expect_eq(t.form.request.options.window_from, from);
	expect_eq(t.form.request.options.window_to, to);
	expect(t.form.request.given & GIVEN_WINDOW);
	arena_done(&t.arena);
}

TEST(a_window_of_the_day_is_read)
{
	window("02:00-04:00", 120, 240);
	window("22:30-4:05", 1350, 245);
	window("22:00-24:00", 1320, 0);
	refuses("a.t b --switch-window 2-4", "'2-4' is no window of a day", "02:00-04:00");
	refuses("a.t b --switch-window 02:00-25:00", "no window", "");
	refuses("a.t b --switch-window 02:00-02:00", "no window", "");
	refuses("a.t b --switch-window 02:00-04:00x", "no window", "");
}
