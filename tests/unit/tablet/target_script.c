#include "unit/tablet/target_script.h"

#include "test.h"

#include <stdio.h>

static int
answer_state(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	enum { COLUMNS = 14 };
	const struct target_script *t = arg;
	const struct position *dirty = &t->state->dirty_until;
	char offset[24];
	const char *texts[COLUMNS] = { "catching-up", "0", "0-1-100", "bin.000001", t->disk_offset,
		"", "", "0", position_gtid(dirty), dirty->file, offset, "{}", "", "" };
	struct slice values[COLUMNS], columns[COLUMNS];
	struct server_rows rows = { COLUMNS, 1, columns, values, 2 };

	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)dirty->offset);
	for (int i = 0; i < COLUMNS; i++) {
		values[i] = slice_str(texts[i]);
		columns[i] = slice_str("c");
	}
	return server_send_rows(cx, &s->packets, s->client.caps, &rows);
}

static int
answer_place(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	const struct target_script *t = arg;
	struct slice columns[] = { slice_str("g"), slice_str("f"), slice_str("o"), slice_str("p"),
		slice_str("b"), slice_str("m") };
	struct slice values[] = { slice_str("0-1-100"), slice_str("bin.000001"),
		slice_str(t->disk_offset), slice_str("X'40',X'',1;"), slice_str("0"),
		slice_str("0") };
	struct server_rows rows = { 6, 1, columns, values, 2 };

	return server_send_rows(cx, &s->packets, s->client.caps, &rows);
}

static int
answer_parts(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	enum { COLUMNS = 8 };
	const struct target_script *t = arg;
	struct slice values[COLUMNS], columns[COLUMNS];
	struct server_rows rows = { COLUMNS, t->part == NULL ? 0 : 1, columns, values, 2 };

	for (int i = 0; i < COLUMNS; i++) {
		columns[i] = slice_str("c");
		values[i] = t->part == NULL ? SLICE_NULL : t->part[i];
	}
	return server_send_rows(cx, &s->packets, s->client.caps, &rows);
}

static uint64_t
count_of(struct slice sql, const char *piece)
{
	uint64_t n = 0;

	for (size_t i = 0; i + strlen(piece) <= sql.len; i++)
		n += memcmp(sql.ptr + i, piece, strlen(piece)) == 0;
	return n;
}

static int
answer_write(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	struct target_script *t = arg;
	struct ok_packet ok = { .affected_rows = 1, .status = 2 };

	if (slice_starts(sql, "DELETE"))
		ok.affected_rows = count_of(sql, "(`id`=");
	else if (slice_starts(sql, "INSERT"))
		ok.affected_rows =
		    count_of(sql, ",_latin1'") * (1 + count_of(sql, " ON DUPLICATE KEY UPDATE "));
	buf_add_slice(&t->said, sql);
	buf_add_char(&t->said, '\n');
	return server_send_ok(cx, &s->packets, s->client.caps, &ok);
}

void
target_start(struct target_script *t, const char *address)
{
	struct fake_rule *lock;

	t->fake = fake_start(address);
	fake_on(t->fake, "SET *");
	lock = fake_rows(fake_on(t->fake, "SELECT GET_LOCK(*"), "l", NULL);
	fake_row(lock, "1");
	fake_row(
	    fake_rows(fake_on(t->fake, "SELECT @@max_allowed_packet"), "m", NULL), t->packet_max);
	fake_call(fake_on(t->fake, "SELECT phase*"), answer_state, t);
	fake_call(fake_on(t->fake, "SELECT applied_gtid*"), answer_place, t);
	fake_call(fake_on(t->fake, "SELECT part_no*"), answer_parts, t);
	buf_reset(&t->said);
}

void
target_listen(struct target_script *t)
{
	fake_call(fake_on(t->fake, "*"), answer_write, t);
}

void
target_said(const struct target_script *t, const char *const *pieces, int count)
{
	const char *at = t->said.data;

	for (int i = 0; i < count; i++) {
		const char *found = strstr(at, pieces[i]);
		if (found == NULL)
			test_fail(__FILE__, __LINE__, "no '%s' behind the ones before in:\n%s",
			    pieces[i], t->said.data);
		at = found + strlen(pieces[i]);
	}
}
