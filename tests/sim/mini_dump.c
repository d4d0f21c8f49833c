#include "sim/mini_dump.h"

#include "base/check.h"
#include "binlog/event.h"
#include "mysql/wire.h"

enum { MAGIC_BYTES = 4, ER_MASTER_FATAL_ERROR = 1236 };

/* How far a replica has been sent. */
struct sender {
	struct mini_session *session;
	int file;
	uint64_t at;
};

static const struct mini_file *
file_of(const struct sender *d)
{
	return &d->session->db->binlog.files[d->file];
}

static int
send_event(struct ctx *cx, struct sender *d, struct slice event)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	buf_add_char(&packet, '\0');
	buf_add_slice(&packet, event);
	return packets_write(cx, &d->session->packets, buf_slice(&packet));
}

/* Before the first event of a file comes a Rotate that no file has. */
static int
begin_file(struct ctx *cx, struct sender *d)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	binlog_fake_rotate(&b, file_of(d)->name, d->at);
	TRY(send_event(cx, d, buf_slice(&b)));
	if (d->at == MAGIC_BYTES)
		return 0;
	buf_reset(&b);
	binlog_format(&b, file_of(d));
	return send_event(cx, d, buf_slice(&b));
}

/* The head of the place's file, and where in it the place is: what is between is stepped over. */
static int
begin_place(struct ctx *cx, struct sender *d, uint64_t place)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	uint64_t head = file_of(d)->marks[0].offset;

	d->at = MAGIC_BYTES;
	TRY(begin_file(cx, d));
	while (d->at < head) {
		struct slice event = binlog_event(file_of(d), d->at);

		TRY(send_event(cx, d, event));
		d->at += event.len;
	}
	if (place == head)
		return 0;
	d->at = place;
	binlog_fake_list(&b, d->session->sought, place);
	return send_event(cx, d, buf_slice(&b));
}

/* At times in the middle of a group, which may be where the connection ends. */
static int
dawdle(struct ctx *cx, struct sender *d)
{
	if (rand_below(&d->session->db->rand, 32) != 0)
		return 0;
	TRY(packets_flush(cx, &d->session->packets));
	return session_pause(cx, d->session, d->session->db->params.pace.dump);
}

static int
send_all(struct ctx *cx, struct sender *d)
{
	const struct minidb *db = d->session->db;

	for (;;) {
		while (d->at < file_of(d)->bytes.len) {
			struct slice event = binlog_event(file_of(d), d->at);

			TRY(send_event(cx, d, event));
			d->at += event.len;
			TRY(dawdle(cx, d));
		}
		if (d->file == db->binlog.count - 1)
			return packets_flush(cx, &d->session->packets);
		d->file++;
		d->at = MAGIC_BYTES;
		TRY(begin_file(cx, d));
	}
}

static int
wait_written(struct ctx *cx, struct sender *d)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct minidb *db = d->session->db;
	struct ctx inner = *cx;
	struct err err = { 0 };

	inner.err = &err;
	inner.deadline = task_now() + d->session->heartbeat;
	while (d->file == db->binlog.count - 1 && d->at == file_of(d)->bytes.len &&
	    !d->session->dead) {
		if (waitlist_wait(&inner, &db->written) == 0)
			continue;
		if (err.kind != ERR_TIMEOUT)
			return err_copy(cx->err, &err);
		binlog_heartbeat(&b, file_of(d)->name, d->at);
		TRY(send_event(cx, d, buf_slice(&b)));
		return packets_flush(cx, &d->session->packets);
	}
	return d->session->dead ? err_set(cx->err, ERR_RETRY, "the replica was replaced") : 0;
}

/* A replica of the same number that is still connected is sent away. */
static void
replace_older(struct mini_session *s)
{
	list_each(&s->db->sessions, n) {
		struct mini_session *other = list_item(n, struct mini_session, node);

		if (other != s && other->replica_id == s->replica_id)
			other->dead = true;
	}
	waitlist_wake_all(&s->db->written);
}

static int
refuse(struct ctx *cx, struct mini_session *s)
{
	struct err e;

	err_set(&e, ERR_SERVER, "Could not find that place in the binary log");
	e.mysql_errno = ER_MASTER_FATAL_ERROR;
	memcpy(e.sqlstate, "HY000", 6);
	return server_send_err(cx, &s->packets, &e);
}

static bool
begins_event(const struct mini_file *f, uint64_t place)
{
	uint64_t at = MAGIC_BYTES;

	while (at < f->bytes.len && at < place)
		at += binlog_event(f, at).len;
	return at == place;
}

/* Begins wherever in the file it is told to. false: it cannot, or this is the one of four that is refused. */
static bool
is_file_and_offset(struct sender *d, struct slice name, uint64_t place)
{
	const struct mini_binlog *b = &d->session->db->binlog;

	for (d->file = 0; d->file < b->count; d->file++) {
		if (!slice_eq_str(name, file_of(d)->name))
			continue;
		d->at = place;
		return begins_event(file_of(d), place) && rand_below(&d->session->db->rand, 4) > 0;
	}
	return false;
}

/* place: where to, by GTIDs */
static bool
find(struct sender *d, struct slice name, uint64_t offset, uint64_t *place)
{
	struct mini_session *s = d->session;

	return s->seeks ? binlog_find(&s->db->binlog, s->sought, &d->file, place)
			: is_file_and_offset(d, name, offset);
}

int
dump_serve(struct ctx *cx, struct mini_session *s, struct slice packet)
{
	struct wire_reader r = wire_reader(packet);
	struct sender d = { .session = s };
	uint64_t offset, place = 0;

	wire_skip(&r, 1);
	offset = wire_u32(&r);
	wire_skip(&r, 2);
	s->replica_id = wire_u32(&r);
	check(s->heartbeat > 0);
	if (!find(&d, wire_rest(&r), offset, &place))
		return refuse(cx, s);
	replace_older(s);
	TRY(s->seeks ? begin_place(cx, &d, place) : begin_file(cx, &d));
	for (;;) {
		TRY(send_all(cx, &d));
		TRY(wait_written(cx, &d));
	}
}
