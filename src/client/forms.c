#include "client/forms.h"

#include <stdio.h>
#include <strings.h>

/* ---- Lists of tables */

/* Moves the items between slashes out of text into patterns; what is left is a list of plain names. */
static int
take_patterns(
    struct arena *a, const char *text, struct picked *out, struct buf *plain, struct err *err)
{
	bool quoted = false;

	for (const char *s = text; *s != '\0';) {
		/* An item begins behind a comma, but not behind one in a quoted name. */
		bool begins = s == text || (s[-1] == ',' && !quoted);

		if (begins && *s == '/') {
			/* It ends at a slash that ends the item: a slash in the middle is the
			 * expression's own. */
			const char *end = strchr(s + 1, '/');

			while (end != NULL && end[1] != ',' && end[1] != '\0')
				end = strchr(end + 1, '/');
			if (end == NULL || end == s + 1)
				return err_set(err, ERR_REFUSED,
				    "'%.100s' does not end as a /regular expression/ does", s);
			out->patterns[out->patterns_count++] =
			    arena_printf(a, "%.*s", (int)(end - s - 1), s + 1);
			s = end[1] == ',' ? end + 2 : end + 1;
			continue;
		}
		quoted ^= *s == '`';
		buf_add_char(plain, *s++);
	}
	/* "a,/^b/": the comma before a pattern went along with the names. */
	if (plain->len > 0 && plain->data[plain->len - 1] == ',' && out->patterns_count > 0)
		buf_truncate(plain, plain->len - 1);
	return 0;
}

int
form_tables(struct arena *a, const char *text, struct picked *out, struct err *err)
{
	SCOPED(buf) struct buf plain = BUF_INIT;
	size_t most = 1;

	for (const char *s = text; *s != '\0'; s++)
		most += *s == ',';
	*out = (struct picked){ .patterns = arena_array(a, const char *, most) };
	if (text[0] == '{')
		return err_set(err, ERR_REFUSED,
		    "tables as JSON say how they are sharded, and no keyspace is: name them, a,b,c");
	TRY(take_patterns(a, text, out, &plain, err));
	if (plain.len == 0 && out->patterns_count > 0)
		return 0;
	/* With a keyspace before them they are what name_split_list() reads, backquotes and "*" included. */
	TRY(name_split_list(a, arena_printf(a, "x.%s", plain.data), &out->names, err));
	return 0;
}

/* ---- What was given */

/* Leave to switch is what the short form says each time: without --no-switch it switches. */
static unsigned
given(const struct client *c)
{
	static const struct {
		const char *name;
		enum workflow_given bit;
	} options[] = {
		{ "grace-period", GIVEN_GRACE_PERIOD },
		{ "timeout", GIVEN_TIMEOUT },
		{ "reader-wait", GIVEN_READER_WAIT },
		{ "on-grace", GIVEN_ON_GRACE },
		{ "switch-attempts", GIVEN_SWITCH_ATTEMPTS },
		{ "max-replication-lag-allowed", GIVEN_MAX_LAG },
		{ "vdiff", GIVEN_VDIFF },
		{ "force", GIVEN_FORCE },
		{ "drop-foreign-keys", GIVEN_DROP_FOREIGN_KEYS },
		{ "enable-reverse-replication", GIVEN_REVERSE },
		{ "stop-after-copy", GIVEN_STOP_AFTER_COPY },
		{ "postpone-file", GIVEN_POSTPONE_FILE },
		{ "switch-window", GIVEN_WINDOW },
		{ "with-views", GIVEN_WITH_VIEWS },
		{ "with-routines", GIVEN_WITH_ROUTINES },
		{ "follow-keyspace", GIVEN_FOLLOW },
		{ "engine", GIVEN_TO_INNODB },
		{ "reverse-replication", GIVEN_REVERSE },
		{ "max-rows-per-second", GIVEN_MAX_ROWS },
		{ "max-bytes-per-second", GIVEN_MAX_BYTES },
		{ "max-load", GIVEN_MAX_LOAD },
		{ "throttle-query", GIVEN_THROTTLE_QUERY },
		{ "on-ddl", GIVEN_ON_DDL },
	};
	/* Asked of what was typed and not of the values: a default must not overwrite what the workflow
	 * has. */
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (client_given(c, options[i].name))
			bits |= options[i].bit;
	}
	return bits;
}

/* "02:00", at *text, which moves behind it. -1: it is none. */
static int
read_minute(const char **text)
{
	unsigned hour, minute;
	int len = 0;

	if (sscanf(*text, "%2u:%2u%n", &hour, &minute, &len) != 2 || hour > 24 || minute > 59 ||
	    hour * 60 + minute > MINUTES_OF_DAY)
		return -1;
	*text += len;
	return (int)(hour * 60 + minute) % MINUTES_OF_DAY;
}

/* "" takes a window away. */
static int
read_window(struct ctx *cx, const char *text, struct workflow_options *out)
{
	const char *s = text;

	if (text[0] == '\0')
		return 0;
	out->window_from = read_minute(&s);
	if (out->window_from >= 0 && *s++ == '-') {
		out->window_to = read_minute(&s);
		if (out->window_to >= 0 && *s == '\0' && out->window_from != out->window_to)
			return 0;
	}
	err_set(cx->err, ERR_REFUSED, "'%.40s' is no window of a day", text);
	return err_hint(
	    cx->err, "--switch-window 02:00-04:00, in the local time of vtctld's machine");
}

int
form_options(
    struct ctx *cx, const struct client *c, const struct command_options *o, struct ctl_request *r)
{
	r->options = o->move;
	r->options.force = o->force;
	r->options.on_grace = (enum on_grace)o->on_grace;
	r->options.on_ddl = (enum on_ddl)o->on_ddl;
	r->options.switch_attempts = (int)o->switch_attempts;
	r->options.to_innodb = client_given(c, "engine"); /* there is no other */
	r->given = given(c);
	r->dry_run = o->dry_run;
	if (o->max_load != NULL)
		TRY(throttle_limits_read_load(o->max_load, &r->options.limits, cx->err));
	return o->switch_window == NULL ? 0 : read_window(cx, o->switch_window, &r->options);
}

/* ---- Ours */

/* The target's names are the source's unless they are given, one for each. */
static int
take_names(struct ctx *cx, const struct client *c, const struct name_list *from,
    const struct name_list *to, struct ctl_request *r)
{
	if (from->count == 0 && !from->all)
		return err_set(cx->err, ERR_REFUSED,
		    "'%s' names no table: %s.table, or %s.* for all", c->args[0], c->args[0],
		    c->args[0]);
	if (to->all || (to->count > 0 && to->count != from->count))
		return err_set(cx->err, ERR_REFUSED,
		    "'%s' and '%s' do not name as many tables: name the target keyspace alone, or each table",
		    c->args[0], c->args[1]);
	r->tables = arena_array(cx->arena, struct moved_names, from->count);
	r->tables_count = from->count;
	for (size_t i = 0; i < from->count; i++)
		r->tables[i] = (struct moved_names){ from->names[i],
			to->count > 0 ? to->names[i] : from->names[i] };
	return 0;
}

static int
take_excluded(struct ctx *cx, const struct command_options *o, struct ctl_request *r)
{
	struct picked p;

	if (o->exclude_tables == NULL)
		return 0;
	if (!r->all && r->patterns_count == 0)
		return err_set(cx->err, ERR_REFUSED,
		    "--exclude-tables is for --all-tables, /patterns/ and KEYSPACE.*");
	TRY(form_tables(cx->arena, o->exclude_tables, &p, cx->err));
	r->excluded = p.names.names;
	r->excluded_count = p.names.count;
	r->excluded_patterns = p.patterns;
	r->excluded_patterns_count = p.patterns_count;
	return 0;
}

/* The short form names its tables itself, begins at once and goes on to the end; it ends no move. */
static int
check_short(struct ctx *cx, const struct client *c)
{
	static const struct {
		const char *option, *form;
	} others[] = {
		{ "auto-start", "Create" },
		{ "source", "Create" },
		{ "source-keyspace", "Create" },
		{ "tables", "Create" },
		{ "keep-data", "Complete and Cancel" },
		{ "keep-routing-rules", "Complete and Cancel" },
		{ "remove-routing-rules", "Complete" },
		{ "rename-tables", "Complete" },
	};

	/* By name, with the form that has a use for it. */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (client_given(c, others[i].option))
			return err_set(cx->err, ERR_REFUSED,
			    "--%s is not for MoveTables TABLES TARGET, but for MoveTables %s",
			    others[i].option, others[i].form);
	}
	return 0;
}

static int
read_short(struct ctx *cx, const struct client *c, const struct command_options *o, struct form *f)
{
	struct ctl_request *r = &f->request;
	struct name_list from, to;

	/* What is refused is refused in the order in which people read their line: options, first name,
	 * second name. */
	TRY(check_short(cx, c));
	TRY(name_split_list(cx->arena, c->args[0], &from, cx->err));
	TRY(name_split_list(cx->arena, c->args[1], &to, cx->err));
	r->keyspace = from.keyspace;
	r->target_keyspace = to.keyspace;
	r->workflow = o->workflow == NULL ? "" : name_one(cx->arena, o->workflow);
	r->all = from.all;
	TRY(take_names(cx, c, &from, &to, r));
	TRY(take_excluded(cx, o, r));
	TRY(form_options(cx, c, o, r));
	/* Said each time, also when it was not typed: the short form without --no-switch means "and
	 * switch", of a move too that was begun with it. */
	r->given |= GIVEN_NO_SWITCH;
	return 0;
}

/* ---- Vitess's */

static int
need(struct ctx *cx, bool there, const char *what, const char *hint)
{
	if (there)
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", what);
	return err_hint(cx->err, "%s", hint);
}

static int
take_tables(struct ctx *cx, const struct command_options *o, struct form *f)
{
	const char *tables = o->tables;
	struct ctl_request *r = &f->request;
	struct picked p = { .patterns_count = 0 };

	TRY(need(cx, tables != NULL || o->all_tables, "no tables specified to move",
	    "--tables a,b,/^c/ or --all-tables"));
	TRY(need(cx, tables == NULL || !o->all_tables,
	    "--tables and --all-tables exclude each other", "--exclude-tables leaves some out"));
	if (tables != NULL)
		TRY(form_tables(cx->arena, tables, &p, cx->err));
	r->all = o->all_tables || p.names.all;
	r->patterns = p.patterns;
	r->patterns_count = p.patterns_count;
	r->tables = arena_array(cx->arena, struct moved_names, p.names.count);
	r->tables_count = p.names.count;
	for (size_t i = 0; i < p.names.count; i++)
		r->tables[i] = (struct moved_names){ p.names.names[i], p.names.names[i] };
	return take_excluded(cx, o, r);
}

/* It waits to be told to switch. */
static int
read_create(struct ctx *cx, const struct client *c, const struct command_options *o, struct form *f)
{
	struct ctl_request *r = &f->request;

	TRY(need(cx, o->source_keyspace != NULL, "source keyspace is not specified",
	    "--source-keyspace NAME"));
	r->keyspace = name_one(cx->arena, o->source_keyspace);
	r->target_keyspace = f->keyspace;
	r->workflow = f->workflow;
	TRY(take_tables(cx, o, f));
	TRY(form_options(cx, c, o, r));
	/* Vitess's Create leaves the switch to SwitchTraffic; so it does here, whatever options say. */
	r->options.no_switch = r->options.manual = true;
	r->options.no_start = !o->auto_start;
	r->given |= GIVEN_NO_SWITCH | GIVEN_MANUAL | GIVEN_NO_START;
	return 0;
}

/* MoveTables -workflow=w source target tables, or -all source target */
static int
read_first(struct ctx *cx, const struct client *c, const struct command_options *o, struct form *f)
{
	struct command_options as_second = *o;

	TRY(need(cx, o->workflow != NULL, "a workflow name is not specified",
	    "MoveTables --workflow NAME SOURCE_KEYSPACE TARGET_KEYSPACE TABLES"));
	f->action = MOVE_CREATE;
	f->verb = "Create";
	f->keyspace = name_one(cx->arena, c->args[1]);
	f->workflow = name_one(cx->arena, o->workflow);
	/* Three positions mean what three options of the second form mean. */
	as_second.source_keyspace = c->args[0];
	if (c->args_count == 3)
		as_second.tables = c->args[2];
	return read_create(cx, c, &as_second, f);
}

/* ---- Actions */

/* The words in lower case, as both of Vitess's clients take them whatever case they are typed in; the
 * verbs as it prints them. */
static const struct action {
	const char *word, *verb;
	enum move_action action;
	const char *instead; /* not there: what to do */
} actions[] = {
	{ "create", "Create", MOVE_CREATE, NULL },
	{ "show", "Show", MOVE_SHOW, NULL },
	{ "status", "Status", MOVE_STATUS, NULL },
	{ "progress", "Progress", MOVE_STATUS, NULL },
	{ "start", "Start", MOVE_START, NULL },
	{ "stop", "Stop", MOVE_STOP, NULL },
	{ "switchtraffic", "SwitchTraffic", MOVE_SWITCH, NULL },
	{ "reversetraffic", "ReverseTraffic", MOVE_REVERSE, NULL },
	{ "complete", "Complete", MOVE_COMPLETE, NULL },
	{ "cancel", "Cancel", MOVE_CANCEL, NULL },
	{ "getstate", "GetState", MOVE_GET_STATE, NULL },
	{ "mirrortraffic", "MirrorTraffic", MOVE_SHORT,
	    "no statement is sent to both sides; what the target has can be read at its own server" },
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static const struct action *
find_action(const char *word)
{
	for (int i = 0; i < ACTIONS; i++) {
		if (strcasecmp(actions[i].word, word) == 0)
			return &actions[i];
	}
	return NULL;
}

/* NULL: none is like it. */
static const char *
suggest_action(const char *word)
{
	const char *names[ACTIONS + 1] = { NULL };

	for (int i = 0; i < ACTIONS; i++)
		names[i] = actions[i].verb;
	return strpbrk(word, "./") != NULL ? NULL : option_suggest(word, names);
}

static int
unknown_action(struct ctx *cx, const char *word)
{
	const char *close = suggest_action(word);

	err_set(cx->err, ERR_REFUSED, "unknown action '%s' of MoveTables", word);
	return close != NULL
	    ? err_hint(cx->err, "did you mean %s?", close)
	    : err_hint(cx->err,
		  "MoveTables KEYSPACE.TABLE TARGET_KEYSPACE, or one of "
		  "Create, Show, Status, Stop, Start, SwitchTraffic, ReverseTraffic, "
		  "Complete, Cancel");
}

/* "new_customer.w", or --target-keyspace and --workflow. */
static int
take_workflow(
    struct ctx *cx, const struct client *c, const struct command_options *o, struct form *f)
{
	/* Twice is refused, also where both say the same: one of them was probably meant for something
	 * else. */
	bool options = o->workflow != NULL || o->target_keyspace != NULL;

	if (c->args_count == 2) {
		TRY(need(cx, !options, "the workflow is named twice",
		    "KEYSPACE.WORKFLOW, or --target-keyspace and --workflow"));
		return client_split_workflow(
		    cx->arena, c->args[1], &f->keyspace, &f->workflow, cx->err);
	}
	TRY(need(cx, o->workflow != NULL && o->target_keyspace != NULL,
	    "two arguments are needed: action, keyspace.workflow",
	    "or one, the action, with --workflow and --target-keyspace"));
	f->keyspace = name_one(cx->arena, o->target_keyspace);
	f->workflow = name_one(cx->arena, o->workflow);
	return 0;
}

/* For which actions an option is that is not for all: another one would pass over it in silence. */
static const struct {
	const char *option;
	unsigned actions;
	const char *named; /* those, for people */
} options_of[] = {
#define OF(action) (1U << (action))
	{ "source-keyspace", OF(MOVE_CREATE), "Create" },
	{ "source", OF(MOVE_CREATE), "Create" },
	{ "tables", OF(MOVE_CREATE), "Create" },
	{ "all-tables", OF(MOVE_CREATE), "Create" },
	{ "all", OF(MOVE_CREATE), "Create" },
	{ "exclude-tables", OF(MOVE_CREATE), "Create" },
	{ "exclude", OF(MOVE_CREATE), "Create" },
	{ "no-switch", OF(MOVE_CREATE), "Create" },
	{ "auto-start", OF(MOVE_CREATE), "Create" },
	{ "stop-after-copy", OF(MOVE_CREATE), "Create" },
	{ "follow-keyspace", OF(MOVE_CREATE), "Create" },
	{ "max-rows-per-second", OF(MOVE_CREATE), "Create" },
	{ "max-bytes-per-second", OF(MOVE_CREATE), "Create" },
	{ "max-load", OF(MOVE_CREATE), "Create" },
	{ "throttle-query", OF(MOVE_CREATE), "Create" },
	{ "keep-data", OF(MOVE_COMPLETE) | OF(MOVE_CANCEL), "Complete and Cancel" },
	{ "keep-routing-rules", OF(MOVE_COMPLETE) | OF(MOVE_CANCEL), "Complete and Cancel" },
	{ "remove-routing-rules", OF(MOVE_COMPLETE), "Complete" },
	{ "rename-tables", OF(MOVE_COMPLETE), "Complete" },
	{ "dry-run",
	    OF(MOVE_CREATE) | OF(MOVE_SWITCH) | OF(MOVE_REVERSE) | OF(MOVE_COMPLETE) |
		OF(MOVE_CANCEL),
	    "Create, SwitchTraffic, ReverseTraffic, Complete and Cancel" },
#undef OF
};

static int
check_options(
    struct ctx *cx, const struct client *c, const struct command_options *o, const struct form *f)
{
	for (size_t i = 0; i < sizeof(options_of) / sizeof(options_of[0]); i++) {
		if (!client_given(c, options_of[i].option) ||
		    (options_of[i].actions & (1U << f->action)) != 0)
			continue;
		if (strcmp(options_of[i].option, "dry-run") == 0)
			return err_set(cx->err, ERR_REFUSED,
			    "--dry-run is only supported for %s, not for %s", options_of[i].named,
			    f->verb);
		return err_set(cx->err, ERR_REFUSED, "--%s is not for %s, but for %s",
		    options_of[i].option, f->verb, options_of[i].named);
	}
	if (o->keep_data && o->rename_tables)
		return err_set(
		    cx->err, ERR_REFUSED, "--keep-data and --rename-tables exclude each other");
	if (o->keep_rules && o->remove_rules)
		return err_set(cx->err, ERR_REFUSED,
		    "--keep-routing-rules and --remove-routing-rules exclude each other");
	return 0;
}

static int
read_action(struct ctx *cx, const struct client *c, const struct command_options *o,
    const struct action *a, struct form *f)
{
	/* What Vitess has and this has not: told before anything else of the line is looked at. */
	if (a->instead != NULL) {
		err_set(cx->err, ERR_REFUSED, "there is no %s here", a->verb);
		return err_hint(cx->err, "%s", a->instead);
	}
	f->action = a->action;
	f->verb = a->verb;
	TRY(check_options(cx, c, o, f));
	TRY(take_workflow(cx, c, o, f));
	if (a->action == MOVE_CREATE)
		return read_create(cx, c, o, f);
	f->request.keyspace = f->keyspace;
	f->request.workflow = f->workflow;
	f->request.action = o->keep_data ? "keep" : o->rename_tables ? "rename" : "drop";
	f->request.keep_rules = o->keep_rules;
	f->request.remove_rules = o->remove_rules;
	return form_options(cx, c, o, &f->request);
}

int
form_read(struct ctx *cx, const struct client *c, const struct command_options *o, struct form *out)
{
	const struct action *a = find_action(c->args[0]);

	*out = (struct form){ .action = MOVE_SHORT,
		.verb = "",
		.request = {
		    .keyspace = "", .table = "", .target_keyspace = "", .target_table = "" } };
	if (a != NULL && c->args_count <= 2)
		return read_action(cx, c, o, a, out);
	if (c->args_count == 3 || (c->args_count == 2 && o->all_tables))
		return read_first(cx, c, o, out);
	if (c->args_count == 1 || suggest_action(c->args[0]) != NULL)
		return unknown_action(cx, c->args[0]);
	return read_short(cx, c, o, out);
}
