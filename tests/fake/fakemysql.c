#include "fake/fakemysql.h"

#include "base/mem.h"
#include "mysql/command.h"
#include "test.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	STATEMENT_MAX = 64 * 1024 * 1024,
	COLUMNS_MAX = 64,
	ER_PARSE = 1064,
};

enum answer { ANSWER_OK, ANSWER_ROWS, ANSWER_ERROR, ANSWER_CLOSE, ANSWER_FILE, ANSWER_CALL };

struct fake_rule {
	struct list_node node;
	struct fake *fake;
	const char *pattern;
	enum answer answer;
	int times, used;
	usec delay;
	bool held;
	struct waitlist released;
	uint64_t affected;
	const char *info, *sqlstate, *text;
	uint16_t code;
	struct slice names[COLUMNS_MAX];
	size_t columns, rows, values_cap;
	struct slice *values;
	fake_call_fn *own_answer;
	void *arg;
};

struct said {
	struct list_node node;
	struct slice text;
};

struct fake {
	struct arena arena;
	struct listener *listener;
	struct group group;
	struct list rules, said;
	struct waitlist arrived;
	const char *password, *version;
	struct compression_choice compression;
	bool lenient;
	int unexpected, sessions;
	uint32_t next_id;
	struct buf file;
};

bool
fake_matches(const char *pattern, struct slice text)
{
	const char *star = NULL;
	size_t i = 0, again = 0;

	while (i < text.len) {
		if (*pattern == '*') {
			star = pattern++;
			again = i;
		} else if (*pattern != 0 &&
		    tolower((unsigned char)*pattern) == tolower(text.ptr[i])) {
			pattern++;
			i++;
		} else if (star != NULL) {
			pattern = star + 1;
			i = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

static void
remember(struct fake *f, struct slice text)
{
	struct said *s = arena_new(&f->arena, struct said);

	s->text = arena_dup(&f->arena, text);
	list_push(&f->said, &s->node);
	waitlist_wake_all(&f->arrived);
}

static struct fake_rule *
find_rule(struct fake *f, struct slice text)
{
	list_each(&f->rules, n) {
		struct fake_rule *r = list_item(n, struct fake_rule, node);

		if ((r->times == 0 || r->used < r->times) && fake_matches(r->pattern, text))
			return r;
	}
	return NULL;
}

static int
send_ok(struct ctx *cx, struct fake_session *s, uint64_t affected, const char *info)
{
	struct ok_packet ok = {
		.affected_rows = affected,
		.info = slice_str(info),
		.status = STATUS_AUTOCOMMIT,
	};

	return server_send_ok(cx, &s->packets, s->client.caps, &ok);
}

int
fake_read_file(struct ctx *cx, struct fake_session *s, struct buf *out)
{
	struct slice piece;

	buf_reset(out);
	TRY(packets_write(cx, &s->packets,
	    slice_str("\xfb"
		      "file")));
	TRY(packets_flush(cx, &s->packets));
	do {
		TRY(packets_read(cx, &s->packets, STATEMENT_MAX, &piece));
		buf_add_slice(out, piece);
	} while (piece.len > 0);
	return 0;
}

static int
send_error(struct ctx *cx, struct fake_session *s, int code, const char *sqlstate, const char *text)
{
	struct err e;

	err_set(&e, ERR_SERVER, "%s", text);
	e.mysql_errno = code;
	memcpy(e.sqlstate, sqlstate, 6);
	return server_send_err(cx, &s->packets, &e);
}

static int
follow(struct ctx *cx, struct fake_session *s, const struct fake_rule *r, struct slice text)
{
	struct server_rows rows = {
		.columns = r->columns,
		.rows = r->rows,
		.names = r->names,
		.values = r->values,
		.status = STATUS_AUTOCOMMIT,
	};

	switch (r->answer) {
	case ANSWER_OK: return send_ok(cx, s, r->affected, r->info);
	case ANSWER_ROWS: return server_send_rows(cx, &s->packets, s->client.caps, &rows);
	case ANSWER_ERROR: return send_error(cx, s, r->code, r->sqlstate, r->text);
	case ANSWER_CLOSE: return -1;
	case ANSWER_FILE:
		TRY(fake_read_file(cx, s, &s->fake->file));
		return send_ok(cx, s, r->affected, r->info);
	case ANSWER_CALL: return r->own_answer(cx, s, text, r->arg);
	}
	unreachable();
}

static int
answer(struct ctx *cx, struct fake_session *s, struct slice text)
{
	struct fake_rule *r = find_rule(s->fake, text);
	char unexpected[200];

	remember(s->fake, text);
	if (r == NULL &&
	    (s->fake->lenient || slice_eq_str(text, "@Ping") ||
		slice_eq_str(text, "@Reset connection")))
		return send_ok(cx, s, 0, "");
	if (r == NULL) {
		s->fake->unexpected++;
		snprintf(unexpected, sizeof(unexpected), "no rule for: %.*s",
		    SLICE_ARG(slice_cut(text, 0, 150)));
		return send_error(cx, s, ER_PARSE, "42000", unexpected);
	}
	r->used++;
	if (r->delay > 0)
		TRY(task_sleep(cx, r->delay));
	while (r->held)
		TRY(waitlist_wait(cx, &r->released));
	return follow(cx, s, r, text);
}

/* The text that rules are matched with. */
static void
describe(struct buf *out, const struct command_packet *c, struct slice packet)
{
	struct wire_reader r = wire_reader(packet);
	struct slice file;
	uint32_t position;

	buf_reset(out);
	if (c->com != COM_QUERY)
		buf_addf(out, "@%s%s", command_name(c->com), c->text.len > 0 ? " " : "");
	buf_add_slice(out, c->text);
	if (c->com != COM_BINLOG_DUMP)
		return;
	wire_skip(&r, 1);
	position = wire_u32(&r);
	wire_skip(&r, 2 + 4);
	file = wire_rest(&r);
	buf_addf(out, " %.*s:%u", SLICE_ARG(file), position);
}

static int
serve(struct ctx *cx, struct fake_session *s)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	for (;;) {
		struct slice packet;
		struct command_packet c;

		packets_await_command(&s->packets);
		TRY(packets_read(cx, &s->packets, STATEMENT_MAX, &packet));
		TRY(command_read(packet, &c, cx->err));
		if (c.com == COM_QUIT)
			return 0;
		describe(&text, &c, packet);
		TRY(answer(cx, s, buf_slice(&text)));
	}
}

static bool
lookup(void *arg, struct slice user, struct auth_stored *out)
{
	struct fake *f = arg;

	auth_store(slice_str(f->password), out);
	return true;
}

static void
session_main(void *arg)
{
	struct fake_session *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &s->fake->arena };
	struct server_params params = {
		.version = s->fake->version,
		.thread_id = s->id,
		.caps = SERVER_CAPS,
		.lookup = lookup,
		.arg = s->fake,
		.link.compression = s->fake->compression,
	};

	packets_init(&s->packets, s->conn);
	s->fake->sessions++;
	if (server_greet(&cx, &s->packets, &params, &s->client) == 0 &&
	    server_welcome(&cx, &s->packets, &s->client) == 0 && serve(&cx, s) != 0)
		err_clear(&err); /* the client went away, or the script says so */
	s->fake->sessions--;
	packets_done(&s->packets);
	conn_close(s->conn);
	free(s);
}

static void
accept_main(void *arg)
{
	struct fake *f = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct conn *conn;

	while (net_accept(&cx, f->listener, &conn) == 0) {
		struct fake_session *s = mem_new(struct fake_session);

		*s = (struct fake_session){ .fake = f, .conn = conn, .id = ++f->next_id };
		if (group_spawn(&f->group, "fake session", session_main, s, &err) != 0)
			test_fail(__FILE__, __LINE__, "%s", err.text);
	}
}

struct fake *
fake_start(const char *address)
{
	struct fake *f = mem_new(struct fake);
	struct err err = { 0 };

	arena_init(&f->arena);
	buf_init(&f->file);
	list_init(&f->rules);
	list_init(&f->said);
	group_init(&f->group);
	f->password = "";
	f->version = "10.11.99-MariaDB-fake";
	f->listener = net_listen(address, false, &err);
	if (f->listener == NULL || group_spawn(&f->group, "fake accept", accept_main, f, &err) != 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return f;
}

void
fake_stop(struct fake *f)
{
	/* In this order: a task that has not begun yet still looks at the listener. */
	group_done(&f->group);
	listener_close(f->listener);
	list_each(&f->rules, n)
		free(list_item(n, struct fake_rule, node)->values);
	buf_done(&f->file);
	arena_done(&f->arena);
	free(f);
}

int
fake_port(const struct fake *f)
{
	return listener_port(f->listener);
}

void
fake_version(struct fake *f, const char *version)
{
	f->version = version;
}

void
fake_password(struct fake *f, const char *password)
{
	f->password = password;
}

void
fake_compression(struct fake *f, const struct compression_choice *c)
{
	f->compression = *c;
}

void
fake_lenient(struct fake *f)
{
	f->lenient = true;
}

struct fake_rule *
fake_on(struct fake *f, const char *pattern)
{
	struct fake_rule *r = arena_new(&f->arena, struct fake_rule);

	r->fake = f;
	r->pattern = arena_strdup(&f->arena, pattern);
	r->info = "";
	list_push(&f->rules, &r->node);
	return r;
}

struct fake_rule *
fake_times(struct fake_rule *r, int times)
{
	r->times = times;
	return r;
}

struct fake_rule *
fake_delay(struct fake_rule *r, usec delay)
{
	r->delay = delay;
	return r;
}

struct fake_rule *
fake_ok(struct fake_rule *r, uint64_t affected, const char *info)
{
	if (r->answer != ANSWER_FILE)
		r->answer = ANSWER_OK;
	r->affected = affected;
	r->info = arena_strdup(&r->fake->arena, info);
	return r;
}

struct fake_rule *
fake_error(struct fake_rule *r, uint16_t code, const char *sqlstate, const char *text)
{
	r->answer = ANSWER_ERROR;
	r->code = code;
	r->sqlstate = sqlstate;
	r->text = arena_strdup(&r->fake->arena, text);
	return r;
}

struct fake_rule *
fake_rows(struct fake_rule *r, ...)
{
	const char *name;
	va_list names;

	r->answer = ANSWER_ROWS;
	va_start(names, r);
	while ((name = va_arg(names, const char *)) != NULL) {
		check(r->columns < COLUMNS_MAX);
		r->names[r->columns++] = slice_str(arena_strdup(&r->fake->arena, name));
	}
	va_end(names);
	return r;
}

void
fake_row(struct fake_rule *r, ...)
{
	va_list values;

	check(r->columns > 0);
	r->values =
	    mem_grow(r->values, &r->values_cap, (r->rows + 1) * r->columns, sizeof(*r->values));
	va_start(values, r);
	for (size_t i = 0; i < r->columns; i++) {
		const char *v = va_arg(values, const char *);

		r->values[r->rows * r->columns + i] =
		    v == NULL ? SLICE_NULL : slice_str(arena_strdup(&r->fake->arena, v));
	}
	va_end(values);
	r->rows++;
}

struct fake_rule *
fake_close(struct fake_rule *r)
{
	r->answer = ANSWER_CLOSE;
	return r;
}

struct fake_rule *
fake_file(struct fake_rule *r)
{
	r->answer = ANSWER_FILE;
	return r;
}

struct fake_rule *
fake_call(struct fake_rule *r, fake_call_fn *fn, void *arg)
{
	r->answer = ANSWER_CALL;
	r->own_answer = fn;
	r->arg = arg;
	return r;
}

struct fake_rule *
fake_hold(struct fake_rule *r)
{
	r->held = true;
	return r;
}

void
fake_release(struct fake_rule *r)
{
	r->held = false;
	waitlist_wake_all(&r->released);
}

int
fake_used(const struct fake_rule *r)
{
	return r->used;
}

int
fake_count(const struct fake *f, const char *pattern)
{
	int count = 0;

	list_each(&f->said, n) {
		if (fake_matches(pattern, list_item(n, struct said, node)->text))
			count++;
	}
	return count;
}

int
fake_unexpected(const struct fake *f)
{
	return f->unexpected;
}

struct slice
fake_last_file(const struct fake *f)
{
	return buf_slice(&f->file);
}

int
fake_sessions(const struct fake *f)
{
	return f->sessions;
}

int
fake_wait(struct ctx *cx, struct fake *f, const char *pattern, int count)
{
	while (fake_count(f, pattern) < count)
		TRY(waitlist_wait(cx, &f->arrived));
	return 0;
}
