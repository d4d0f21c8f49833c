#include "tablet/read/xids.h"

#include "base/parse.h"

enum { TELL_WITHIN_S = 1 };

int
xid_of_recover(const struct slice *row, struct xid *out, struct err *err)
{
	uint64_t format;
	int gtrid, bqual;

	TRY(parse_u64(row[0], &format, err));
	TRY(parse_int(row[1], 0, XID_PART_MAX, &gtrid, err));
	TRY(parse_int(row[2], 0, XID_PART_MAX, &bqual, err));
	if (row[3].len != (size_t)(gtrid + bqual))
		return err_set(err, ERR_CORRUPT,
		    "XA RECOVER has an xid of %zu bytes, not %d and %d", row[3].len, gtrid, bqual);
	*out = (struct xid){ (uint32_t)format, slice_cut(row[3], 0, (size_t)gtrid),
		slice_cut(row[3], (size_t)gtrid, row[3].len) };
	return 0;
}

static void
print_hex(struct buf *out, struct slice bytes)
{
	buf_add_str(out, "X'");
	for (size_t i = 0; i < bytes.len; i++)
		buf_addf(out, "%02x", bytes.ptr[i]);
	buf_add_char(out, '\'');
}

void
xid_print(struct buf *out, const struct xid *x)
{
	print_hex(out, x->gtrid);
	buf_add_char(out, ',');
	print_hex(out, x->bqual);
	buf_addf(out, ",%u", x->format);
}

struct slice
xids_split(struct slice set, struct slice *xid, bool *with_rows)
{
	struct slice rest = slice_split(set, ';', xid);

	*with_rows = xid->len > 0 && xid->ptr[xid->len - 1] == '+';
	if (*with_rows)
		xid->len--;
	return rest;
}

/* Where in the set it begins, and how long its entry is; the set's end when it is not there. */
static size_t
find(const struct buf *set, struct slice xid, size_t *len)
{
	struct slice rest = buf_slice(set), text;
	bool with_rows;

	while (rest.len > 0) {
		size_t at = set->len - rest.len;

		rest = xids_split(rest, &text, &with_rows);
		*len = set->len - rest.len - at;
		if (slice_eq(text, xid))
			return at;
	}
	return set->len;
}

int
xids_add(struct buf *set, struct slice xid, bool with_rows, struct err *err)
{
	(void)xids_remove(set, xid);
	if (set->len + xid.len + 2 > XIDS_BYTES_MAX)
		return err_set(
		    err, ERR_REFUSED, "too many XA transactions are prepared at the source");
	buf_add_slice(set, xid);
	buf_add_str(set, with_rows ? "+;" : ";");
	return 0;
}

bool
xids_remove(struct buf *set, struct slice xid)
{
	size_t len, at = find(set, xid, &len);

	if (at == set->len)
		return false;
	memmove(set->data + at, set->data + at + len, set->len - at - len);
	buf_truncate(set, set->len - len);
	return true;
}

bool
xids_meet(const struct buf *a, const struct buf *b)
{
	struct slice rest = buf_slice(a), text;
	bool with_rows;
	size_t len;

	while (rest.len > 0) {
		rest = xids_split(rest, &text, &with_rows);
		if (find(b, text, &len) < b->len)
			return true;
	}
	return false;
}

int
xids_recover(struct ctx *cx, struct mysql_client *c, struct buf *set)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	SCOPED(buf) struct buf text = BUF_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &scratch;
	TRY(mysql_select(&inner, c, slice_str("XA RECOVER"), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		struct xid xid;

		TRY(xid_of_recover(rows.values + i * rows.columns, &xid, cx->err));
		buf_reset(&text);
		xid_print(&text, &xid);
		TRY(xids_add(set, buf_slice(&text), false, cx->err));
	}
	return 0;
}

int
xids_tell(struct ctx *cx, struct mysql_client *c)
{
	SCOPED(buf) struct buf set = BUF_INIT;
	struct err unread = { 0 };
	struct ctx within = ctx_shielded(cx, TELL_WITHIN_S * SECOND, &unread);

	if (mysql_broken(c) || xids_recover(&within, c, &set) != 0 || set.len == 0)
		return -1;
	err_wrap(
	    cx->err, "waiting for writers, or for the prepared XA transactions %.200s", set.data);
	return err_hint(cx->err, "XA RECOVER lists them; XA COMMIT or XA ROLLBACK ends them");
}
