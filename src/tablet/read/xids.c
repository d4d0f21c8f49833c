#include "tablet/read/xids.h"

#include "base/parse.h"

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

/* Where in the set it begins; its end when it is not there. */
static size_t
find(const struct buf *set, struct slice entry)
{
	struct slice rest = buf_slice(set), text;

	while (rest.len > 0) {
		size_t at = set->len - rest.len;
		rest = slice_split(rest, ';', &text);
		if (slice_eq(text, entry))
			return at;
	}
	return set->len;
}

int
xids_add(struct buf *set, const struct xid *x, struct err *err)
{
	SCOPED(buf) struct buf entry = BUF_INIT;

	xid_print(&entry, x);
	if (find(set, buf_slice(&entry)) < set->len)
		return 0;
	if (set->len + entry.len + 1 > XIDS_BYTES_MAX)
		return err_set(
		    err, ERR_REFUSED, "too many XA transactions are prepared at the source");
	buf_add_slice(set, buf_slice(&entry));
	buf_add_char(set, ';');
	return 0;
}

bool
xids_remove(struct buf *set, struct slice xid)
{
	size_t at = find(set, xid), behind = at + xid.len + 1;

	if (at == set->len)
		return false;
	memmove(set->data + at, set->data + behind, set->len - behind);
	buf_truncate(set, set->len - xid.len - 1);
	return true;
}

bool
xids_meet(const struct buf *a, const struct buf *b)
{
	struct slice rest = buf_slice(a), text;

	while (rest.len > 0) {
		rest = slice_split(rest, ';', &text);
		if (find(b, text) < b->len)
			return true;
	}
	return false;
}

int
xids_check_none(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	TRY(mysql_select(cx, c, slice_str("XA RECOVER"), &rows));
	if (rows.rows == 0)
		return 0;
	err_set(cx->err, ERR_RETRY, "%zu XA transactions are prepared at the source", rows.rows);
	return err_hint(cx->err, "XA RECOVER lists them; XA COMMIT or XA ROLLBACK ends them");
}
