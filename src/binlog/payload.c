#include "binlog/payload.h"

#include "base/pack.h"
#include "binlog/cursor.h"

enum {
	STEP = 1024 * 1024, /* memory for an event comes as its bytes do: its length may be a lie */
};

enum { FIELD_END = 0, FIELD_SIZE = 1, FIELD_ALGORITHM = 2 };

static int
corrupt(struct err *err, const char *what)
{
	return err_set(err, ERR_CORRUPT, "Transaction_payload event: %s", what);
}

/* Up to and with the end mark; what is left of c is the compressed bytes. */
static int
read_fields(struct cursor *c, uint64_t *size, uint64_t *algorithm, struct err *err)
{
	for (;;) {
		uint64_t field = cursor_lenenc(c);

		if (c->failed)
			return corrupt(err, "its fields do not end");
		if (field == FIELD_END)
			return 0;
		struct cursor value = cursor_of(cursor_bytes(c, (size_t)cursor_lenenc(c)));
		if (field == FIELD_SIZE)
			*size = cursor_lenenc(&value);
		if (field == FIELD_ALGORITHM)
			*algorithm = cursor_lenenc(&value);
		c->failed |= value.failed;
	}
}

int
payload_open(struct payload *p, struct slice body, struct err *err)
{
	enum { ZSTD = 0, NONE = 255, UNKNOWN = 256 };
	struct cursor c = cursor_of(body);
	uint64_t size = UINT64_MAX, algorithm = UNKNOWN;

	*p = (struct payload){ .event = BUF_INIT };
	TRY(read_fields(&c, &size, &algorithm, err));
	p->packed = cursor_rest(&c);
	if (size != p->packed.len)
		return corrupt(err, "another size than it says");
	if (algorithm != ZSTD && algorithm != NONE)
		return err_set(err, ERR_REFUSED,
		    "compression algorithm %d in the binlog is not known", (int)algorithm);
	if (algorithm == ZSTD)
		p->unpacker = unpacker_new(PACK_ZSTD, 0);
	return 0;
}

void
payload_close(struct payload *p)
{
	unpacker_free(p->unpacker);
	buf_done(&p->event);
	*p = (struct payload){ .event = BUF_INIT };
}

static size_t
copy_some(struct payload *p, char *to, size_t room)
{
	struct slice some = slice_cut(p->packed, 0, room);

	if (some.len > 0)
		memcpy(to, some.ptr, some.len);
	p->packed = slice_cut(p->packed, some.len, p->packed.len);
	return some.len;
}

/* At least a byte where there is one more. */
static int
unpack_some(struct payload *p, char *to, size_t room, size_t *got, struct err *err)
{
	struct room left = { to, room };

	*got = 0;
	if (p->unpacker == NULL) {
		*got = copy_some(p, to, room);
		return 0;
	}
	if (unpacker_next(p->unpacker, &p->packed, &left, err) != 0)
		return err_wrap(err, "Transaction_payload event");
	*got = room - left.left;
	return 0;
}

/* Until event has len bytes; false in *whole where there are no more. */
static int
fill(struct payload *p, size_t len, bool *whole, struct err *err)
{
	*whole = true;
	while (p->event.len < len && *whole) {
		size_t had = p->event.len, want = len - had < STEP ? len - had : STEP, got;

		TRY(unpack_some(p, buf_grow(&p->event, want), want, &got, err));
		buf_truncate(&p->event, had + got);
		*whole = got > 0;
	}
	return 0;
}

static size_t
length_in_header(const struct buf *event)
{
	struct cursor c = cursor_of(slice_cut(buf_slice(event), 9, EVENT_HEADER_BYTES));

	return (size_t)cursor_le(&c, 4);
}

int
payload_next(struct payload *p, struct event *out, bool *more, struct err *err)
{
	bool whole;

	buf_reset(&p->event);
	TRY(fill(p, EVENT_HEADER_BYTES, &whole, err));
	*more = p->event.len > 0;
	if (!*more)
		return 0;
	if (whole)
		TRY(fill(p, length_in_header(&p->event), &whole, err));
	if (!whole)
		return corrupt(err, "it ends inside of an event");
	return event_read(EVENT_CHECKSUM_NONE, buf_slice(&p->event), out, err);
}
