#include "binlog/tablemap.h"

#include "binlog/decimal.h"

/* Optional metadata fields that we use; the others are stepped over. */
enum { OPTIONAL_SIGNEDNESS = 1, OPTIONAL_COLUMN_NAME = 4 };

const char *
binlog_type_name(uint8_t type)
{
	/* clang-format off */
	static const char *const names[256] = {
		[BINLOG_DECIMAL_OLD] = "old decimal", [BINLOG_TINY] = "tinyint",
		    [BINLOG_SHORT] = "smallint",
		[BINLOG_LONG] = "int", [BINLOG_FLOAT] = "float", [BINLOG_DOUBLE] = "double",
		    [BINLOG_NULL] = "null",
		[BINLOG_TIMESTAMP] = "old timestamp", [BINLOG_LONGLONG] = "bigint",
		    [BINLOG_INT24] = "mediumint",
		[BINLOG_DATE] = "date", [BINLOG_TIME] = "old time", [BINLOG_DATETIME] = "old datetime",
		    [BINLOG_YEAR] = "year",
		[BINLOG_NEWDATE] = "newdate", [BINLOG_VARCHAR] = "varchar", [BINLOG_BIT] = "bit",
		[BINLOG_TIMESTAMP2] = "timestamp", [BINLOG_DATETIME2] = "datetime",
		    [BINLOG_TIME2] = "time",
		[BINLOG_BLOB_COMPRESSED] = "compressed blob",
		    [BINLOG_VARCHAR_COMPRESSED] = "compressed varchar",
		[BINLOG_VECTOR] = "vector", [BINLOG_JSON] = "binary json",
		    [BINLOG_DECIMAL] = "decimal",
		[BINLOG_ENUM] = "enum", [BINLOG_SET] = "set",
		[BINLOG_BLOB] = "blob", [BINLOG_VAR_STRING] = "var_string", [BINLOG_STRING] = "char",
		[BINLOG_GEOMETRY] = "geometry",
	};
	/* clang-format on */

	return names[type] == NULL ? "unknown" : names[type];
}

/*
 * STRING, ENUM and SET share type 254: the first byte of the metadata is the
 * real type, the second the length in bytes. CHAR above 255 bytes keeps bits 8
 * and 9 of its length inverted in bits 4 and 5 of the real type, which are
 * both set in every real one.
 */
static void
read_string_metadata(struct cursor *meta, struct wire_column *col)
{
	uint8_t real = (uint8_t)cursor_le(meta, 1);
	uint32_t low = (uint32_t)cursor_le(meta, 1);

	col->type = real | 0x30;
	col->length = low | (((uint32_t)(real & 0x30) ^ 0x30) << 4);
}

static void
read_metadata(struct cursor *meta, struct wire_column *col)
{
	uint64_t bits;

	switch (col->type) {
	case BINLOG_FLOAT:
	case BINLOG_DOUBLE:
	case BINLOG_BLOB:
	case BINLOG_BLOB_COMPRESSED:
	case BINLOG_GEOMETRY:
	case BINLOG_VECTOR:
	case BINLOG_JSON: col->length = (uint32_t)cursor_le(meta, 1); break;
	case BINLOG_TIMESTAMP2:
	case BINLOG_DATETIME2:
	case BINLOG_TIME2: col->scale = (uint8_t)cursor_le(meta, 1); break;
	case BINLOG_VARCHAR:
	case BINLOG_VARCHAR_COMPRESSED: col->length = (uint32_t)cursor_le(meta, 2); break;
	case BINLOG_BIT:
		bits = cursor_le(meta, 1);
		col->length = (uint32_t)(bits + 8 * cursor_le(meta, 1));
		break;
	case BINLOG_DECIMAL:
		col->precision = (uint8_t)cursor_le(meta, 1);
		col->scale = (uint8_t)cursor_le(meta, 1);
		break;
	case BINLOG_STRING:
	case BINLOG_VAR_STRING:
	case BINLOG_ENUM:
	case BINLOG_SET: read_string_metadata(meta, col); break;
	default: /* a byte from the wire: the others have none */ break;
	}
}

static bool
is_numeric(uint8_t type)
{
	return type == BINLOG_TINY || type == BINLOG_SHORT || type == BINLOG_INT24 ||
	    type == BINLOG_LONG || type == BINLOG_LONGLONG || type == BINLOG_FLOAT ||
	    type == BINLOG_DOUBLE || type == BINLOG_DECIMAL || type == BINLOG_YEAR;
}

/*
 * A bit for each numeric column, first column in the highest bit of the first byte. MariaDB counts
 * YEAR as numeric too.
 */
static void
read_signedness(struct cursor value, struct tablemap *out)
{
	size_t bit = 0, bits = value.left * 8;

	for (size_t i = 0; i < out->count; i++) {
		if (!is_numeric(out->columns[i].type) || bit >= bits)
			continue;
		out->columns[i].is_unsigned = value.ptr[bit / 8] >> (7 - bit % 8) & 1;
		bit++;
	}
	out->has_signedness = true;
}

static void
read_names(struct cursor *value, struct tablemap *out)
{
	for (size_t i = 0; i < out->count && value->left > 0; i++)
		out->columns[i].name = cursor_bytes(value, (size_t)cursor_lenenc(value));
}

/* Type, length, value, repeated to the end of the event. */
static void
read_optional(struct cursor *c, struct tablemap *out)
{
	while (!c->failed && c->left > 0) {
		uint64_t field = cursor_le(c, 1);
		struct cursor value = cursor_of(cursor_bytes(c, (size_t)cursor_lenenc(c)));

		if (field == OPTIONAL_SIGNEDNESS)
			read_signedness(value, out);
		else if (field == OPTIONAL_COLUMN_NAME)
			read_names(&value, out);
		c->failed |= value.failed;
	}
}

static void
read_columns(struct arena *a, struct cursor *c, struct tablemap *out)
{
	struct slice types = cursor_bytes(c, out->count);
	struct cursor meta = cursor_of(cursor_bytes(c, (size_t)cursor_lenenc(c)));
	struct slice nullable = cursor_bytes(c, (out->count + 7) / 8);

	if (c->failed)
		return;
	out->columns = arena_array(a, struct wire_column, out->count);
	for (size_t i = 0; i < out->count; i++) {
		out->columns[i].type = types.ptr[i];
		out->columns[i].nullable = nullable.ptr[i / 8] >> (i % 8) & 1;
		read_metadata(&meta, &out->columns[i]);
	}
	c->failed |= meta.failed || meta.left != 0;
}

static struct slice
read_name(struct cursor *c)
{
	struct slice name = cursor_bytes(c, (size_t)cursor_le(c, 1));

	cursor_take(c, 1); /* NUL */
	return name;
}

int
tablemap_read(struct arena *a, struct slice body, struct tablemap *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	*out = (struct tablemap){ .id = cursor_le(&c, 6) };
	out->flags = (uint16_t)cursor_le(&c, 2);
	out->database = read_name(&c);
	out->table = read_name(&c);
	out->count = cursor_count(&c);
	if (!c.failed && out->count <= TABLEMAP_COLUMNS_MAX)
		read_columns(a, &c, out);
	if (c.failed || out->count > TABLEMAP_COLUMNS_MAX)
		return err_set(err, ERR_CORRUPT,
		    "Table_map event with a body of %zu bytes cannot be read", body.len);
	read_optional(&c, out);
	if (c.failed)
		return err_set(err, ERR_CORRUPT,
		    "Table_map event of '%.*s.%.*s': optional metadata cannot be read",
		    SLICE_ARG(out->database), SLICE_ARG(out->table));
	return 0;
}

void
tablemap_dup(struct arena *a, const struct tablemap *from, struct tablemap *out)
{
	*out = *from;
	out->database = arena_dup(a, from->database);
	out->table = arena_dup(a, from->table);
	out->columns = arena_array(a, struct wire_column, from->count);
	for (size_t i = 0; i < from->count; i++) {
		out->columns[i] = from->columns[i];
		out->columns[i].name = arena_dup(a, from->columns[i].name);
	}
}

static size_t
fixed_bytes(const struct wire_column *w)
{
	/* clang-format off */
	static const uint8_t bytes[256] = {
		[BINLOG_TINY] = 1, [BINLOG_SHORT] = 2, [BINLOG_INT24] = 3, [BINLOG_LONG] = 4,
		    [BINLOG_LONGLONG] = 8,
		[BINLOG_FLOAT] = 4, [BINLOG_DOUBLE] = 8, [BINLOG_YEAR] = 1, [BINLOG_DATE] = 3,
		    [BINLOG_NEWDATE] = 3,
		[BINLOG_TIME] = 3, [BINLOG_DATETIME] = 8, [BINLOG_TIMESTAMP] = 4, [BINLOG_TIMESTAMP2] = 4,
		[BINLOG_DATETIME2] = 5, [BINLOG_TIME2] = 3,
	};
	/* clang-format on */

	if (w->type == BINLOG_DECIMAL)
		return decimal_bytes(w->precision, w->scale);
	if (w->type == BINLOG_BIT)
		return (w->length + 7) / 8;
	if (w->type == BINLOG_ENUM || w->type == BINLOG_SET)
		return w->length;
	if (w->type == BINLOG_TIMESTAMP2 || w->type == BINLOG_DATETIME2 || w->type == BINLOG_TIME2)
		return bytes[w->type] + (w->scale + 1u) / 2;
	return bytes[w->type];
}

void
wire_column_skip(const struct wire_column *w, struct cursor *c)
{
	size_t bytes = fixed_bytes(w);

	if (w->type == BINLOG_VARCHAR || w->type == BINLOG_VARCHAR_COMPRESSED ||
	    w->type == BINLOG_STRING)
		bytes = (size_t)cursor_le(c, w->length > 255 ? 2 : 1);
	else if (w->type == BINLOG_BLOB || w->type == BINLOG_BLOB_COMPRESSED ||
	    w->type == BINLOG_JSON || w->type == BINLOG_GEOMETRY || w->type == BINLOG_VECTOR)
		bytes = (size_t)cursor_le(c, w->length > 4 ? 4 : w->length);
	else if (bytes == 0)
		c->failed = true;
	cursor_take(c, bytes);
}
