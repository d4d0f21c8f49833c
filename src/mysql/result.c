#include "mysql/result.h"

enum { FIXED_LEN = 12 }; /* charset to decimals, and two bytes of filler */

int
column_def_read(struct slice packet, uint64_t caps, struct column_def *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	*out = (struct column_def){ 0 };
	wire_lenenc_str(&r);
	out->schema = wire_lenenc_str(&r);
	out->table = wire_lenenc_str(&r);
	out->org_table = wire_lenenc_str(&r);
	out->name = wire_lenenc_str(&r);
	out->org_name = wire_lenenc_str(&r);
	if ((caps & CAP_MARIADB_EXTENDED_METADATA) != 0)
		out->extended = wire_lenenc_str(&r);
	wire_lenenc(&r);
	out->charset = wire_u16(&r);
	out->length = wire_u32(&r);
	out->type = wire_u8(&r);
	out->flags = wire_u16(&r);
	out->decimals = wire_u8(&r);
	return wire_done(&r, "column definition", err);
}

void
column_def_put(struct buf *b, uint64_t caps, const struct column_def *c)
{
	wire_put_lenenc_str(b, slice_str("def"));
	wire_put_lenenc_str(b, c->schema);
	wire_put_lenenc_str(b, c->table);
	wire_put_lenenc_str(b, c->org_table);
	wire_put_lenenc_str(b, c->name);
	wire_put_lenenc_str(b, c->org_name);
	if ((caps & CAP_MARIADB_EXTENDED_METADATA) != 0)
		wire_put_lenenc_str(b, c->extended);
	wire_put_lenenc(b, FIXED_LEN);
	wire_put_int(b, c->charset, 2);
	wire_put_int(b, c->length, 4);
	wire_put_int(b, c->type, 1);
	wire_put_int(b, c->flags, 2);
	wire_put_int(b, c->decimals, 1);
	wire_put_int(b, 0, 2);
}

int
text_row_read(struct slice packet, struct slice *values, size_t columns, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	for (size_t i = 0; i < columns; i++)
		values[i] = wire_lenenc_or_null(&r);
	TRY(wire_done(&r, "row", err));
	if (wire_left(&r) > 0)
		return err_set(err, ERR_CORRUPT, "row: %zu bytes behind its %zu columns",
		    wire_left(&r), columns);
	return 0;
}

void
text_row_put(struct buf *b, const struct slice *values, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		if (slice_is_null(values[i]))
			wire_put_null(b);
		else
			wire_put_lenenc_str(b, values[i]);
	}
}
