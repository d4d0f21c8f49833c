#include "client/client.h"

#include "topo/json.h"

#include <stdio.h>

int
client_call(struct ctx *cx, const struct client *c, const char *method,
    const struct ctl_request *request, struct slice *answer)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	char path[HTTP_PATH_MAX];

	snprintf(path, sizeof(path), "/api/%s", method);
	ctl_request_write(&body, request);
	if (rpc_call(cx, c->server, path, buf_slice(&body), answer) == 0)
		return 0;
	/* A hint of vtctld's own knows more than this one. */
	if (cx->err->kind == ERR_RETRY && cx->err->hint[0] == '\0')
		err_hint(cx->err,
		    "is vtctld running there? --server or $VTCTLD_SERVER name another one");
	return -1;
}

int
client_split(
    struct arena *a, const char *text, const char **keyspace, const char **table, struct err *err)
{
	struct name_parts parts;

	TRY(name_split(a, text, "keyspace.table", &parts, err));
	*keyspace = parts.keyspace;
	*table = parts.name;
	return 0;
}

int
client_split_workflow(
    struct arena *a, const char *text, const char **keyspace, const char **name, struct err *err)
{
	struct name_parts parts;

	TRY(name_split(a, text, "keyspace.workflow", &parts, err));
	*keyspace = parts.keyspace;
	*name = parts.name;
	return 0;
}

/* ---- The same command again */

bool
client_given(const struct client *c, const char *option)
{
	return option_given(c->options, c->argv, option);
}

/* In quotes where a shell would read more into it than stands there. */
static void
add_word(struct buf *out, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/=@%+";
	const char *quote = strspn(text, plain) == strlen(text) ? "" : "'";

	buf_add_str(out, quote);
	for (; *text != '\0'; text++)
		buf_add_str(out, *text == '\'' ? "'\\''" : (char[]){ *text, '\0' });
	buf_add_str(out, quote);
}

static void
add_option(struct buf *out, const struct option_use *u)
{
	buf_addf(out, " --%s%s", u->negated ? "no-" : "", u->option->name);
	if (u->value == NULL)
		return;
	buf_add_char(out, '=');
	add_word(out, u->value);
}

/* Any command to the same vtctld. */
static void
add_command(struct buf *out, const struct client *c, const char *command)
{
	buf_add_str(out, "vtctlclient ");
	if (c->server_given) {
		buf_add_str(out, "--server ");
		add_word(out, c->server);
		buf_add_char(out, ' ');
	}
	buf_add_str(out, command);
}

const char *
client_hint(struct arena *a, const struct client *c, const char *hint)
{
	static const char program[] = "vtctlclient ";
	SCOPED(buf) struct buf out = BUF_INIT;

	for (const char *next; (next = strstr(hint, program)) != NULL;) {
		buf_add(&out, hint, (size_t)(next - hint));
		hint = next + sizeof(program) - 1;
		if (strncmp(hint, "--server ", sizeof("--server ") - 1) == 0)
			buf_add_str(&out, program); /* it is one of ours */
		else
			add_command(&out, c, "");
	}
	buf_add_str(&out, hint);
	return arena_slice_str(a, buf_slice(&out));
}

void
client_resume(struct buf *out, const struct client *c)
{
	struct option_use u;
	char **argv = c->argv;

	add_command(out, c, c->command);
	while (option_next(c->options, &argv, &u)) {
		if (strcmp(u.option->name, "detach") != 0)
			add_option(out, &u);
	}
	for (int i = 0; i < c->args_count; i++) {
		buf_add_char(out, ' ');
		add_word(out, c->args[i]);
	}
}

/* ---- No answer */

/* Which command tells whether one that changes something was done; of what its last argument names. */
static const struct {
	const char *command, *tells;
	bool of_last;
} outcomes[] = {
	{ "CreateKeyspace", "GetKeyspaces", false },
	{ "MoveTables", "Workflow show", true },
	{ "FollowKeyspace", "GetKeyspaces", false },
	{ "DeleteKeyspace", "GetKeyspaces", false },
	{ "DeleteTablets", "GetTablets", false },
	{ "DeleteTablet", "GetTablets", false },
	{ "ApplyRoutingRules", "GetRoutingRules", false },
	{ "DropTable", "DropTable", true }, /* refuses what is not there any more */
	{ "DeleteTable", "DeleteTable", true },
};

void
client_left(const struct client *c, struct err *err)
{
	SCOPED(buf) struct buf line = BUF_INIT;

	err_set(err, ERR_CANCELLED, "left without vtctld's answer");
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strcmp(outcomes[i].command, c->command) != 0)
			continue;
		err_set(err, ERR_CANCELLED,
		    "left without vtctld's answer: whether it is done, or will be, is not known");
		const char *last = outcomes[i].of_last ? c->args[c->args_count - 1] : "";
		/* MoveTables with the target keyspace alone: the workflow's name is vtctld's to make. */
		bool listed = outcomes[i].of_last && strpbrk(last, "./") == NULL;

		add_command(&line, c, listed ? "Workflow list" : outcomes[i].tells);
		if (outcomes[i].of_last && !listed) {
			buf_add_char(&line, ' ');
			add_word(&line, last);
		}
		err_hint(err, "%s tells", line.data);
	}
}

/* ---- Printing */

void
client_put_error(const struct client *c, const struct err *err)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	/* People read it on standard error. */
	if (!c->json)
		return;
	json_put_open(&w, NULL, '{');
	json_put_str(&w, "error", err->text);
	json_put_str(&w, "hint", err->hint);
	json_put_close(&w, '}');
	printf("%s\n", out.data);
}

/* Where a text is being written. */
struct indented {
	struct buf *out;
	const char *by;
	int depth;
};

static void
new_line(struct indented *t)
{
	buf_add_char(t->out, '\n');
	for (int i = 0; i < t->depth; i++)
		buf_add_str(t->out, t->by);
}

/* Copies a string with its quotes; returns the index behind it. A backslash takes the byte behind it
 * along, so that an escaped quote does not end it. */
static size_t
copy_string(struct buf *out, struct slice json, size_t i)
{
	size_t start = i++;

	while (i < json.len && json.ptr[i] != '"')
		i += json.ptr[i] == '\\' ? 2 : 1;
	i = i < json.len ? i + 1 : json.len;
	buf_add_slice(out, slice_cut(json, start, i));
	return i;
}

/* Brackets: an empty pair stays together. The text is walked over, not parsed: it was checked by whoever
 * made it, and members keep their order and numbers their digits. */
static void
put_bracket(struct indented *t, struct slice json, size_t i)
{
	char c = (char)json.ptr[i];
	bool opens = c == '{' || c == '[';
	bool empty = opens ? i + 1 < json.len && (json.ptr[i + 1] == '}' || json.ptr[i + 1] == ']')
			   : i > 0 && (json.ptr[i - 1] == '{' || json.ptr[i - 1] == '[');

	t->depth -= !opens;
	if (!opens && !empty)
		new_line(t);
	buf_add_char(t->out, c);
	t->depth += opens;
	if (opens && !empty)
		new_line(t);
}

void
client_indent(struct buf *out, struct slice json, const char *by)
{
	struct indented t = { out, by, 0 };

	for (size_t i = 0; i < json.len;) {
		char c = (char)json.ptr[i];

		if (c == '"') {
			i = copy_string(out, json, i);
			continue;
		}
		if (c == '{' || c == '[' || c == '}' || c == ']')
			put_bracket(&t, json, i);
		else if (c != ' ' && c != '\n' && c != '\t')
			buf_add_char(out, c);
		if (c == ',')
			new_line(&t);
		if (c == ':')
			buf_add_char(out, ' ');
		i++;
	}
	buf_add_char(out, '\n');
}

void
client_pretty(struct buf *out, struct slice json)
{
	client_indent(out, json, "  ");
}

void
client_print(const struct client *c, struct slice json)
{
	SCOPED(buf) struct buf pruned = BUF_INIT;
	SCOPED(buf) struct buf out = BUF_INIT;
	struct err ignored = { 0 };

	/* What cannot be pruned is printed as it came. */
	bool shorter = c->compact && json_prune(&pruned, json, &ignored) == 0;

	client_pretty(&out, shorter ? buf_slice(&pruned) : json);
	printf("%s", out.data);
}
