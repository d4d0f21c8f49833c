#include "binlog/tablemap.h"

#include "binlog/cursor.h"

/* Optional metadata fields that we use; the others are stepped over. */
enum { OPTIONAL_SIGNEDNESS = 1, OPTIONAL_COLUMN_NAME = 4 };

const char *
wire_type_name(uint8_t type)
{
	static const char *const names[256] = {
		[WIRE_DECIMAL_OLD] = "old decimal", [WIRE_TINY] = "tinyint",
		    [WIRE_SHORT] = "smallint",
		[WIRE_LONG] = "int", [WIRE_FLOAT] = "float", [WIRE_DOUBLE] = "double",
		    [WIRE_NULL] = "null",
		[WIRE_TIMESTAMP] = "old timestamp", [WIRE_LONGLONG] = "bigint",
		    [WIRE_INT24] = "mediumint",
		[WIRE_DATE] = "date", [WIRE_TIME] = "old time", [WIRE_DATETIME] = "old datetime",
		    [WIRE_YEAR] = "year",
		[WIRE_NEWDATE] = "newdate", [WIRE_VARCHAR] = "varchar", [WIRE_BIT] = "bit",
		[WIRE_TIMESTAMP2] = "timestamp", [WIRE_DATETIME2] = "datetime",
		    [WIRE_TIME2] = "time",
		[WIRE_BLOB_COMPRESSED] = "compressed blob",
		    [WIRE_VARCHAR_COMPRESSED] = "compressed varchar",
		[WIRE_JSON] = "binary json", [WIRE_DECIMAL] = "decimal", [WIRE_ENUM] = "enum",
		    [WIRE_SET] = "set",
		[WIRE_BLOB] = "blob", [WIRE_VAR_STRING] = "var_string", [WIRE_STRING] = "char",
		[WIRE_GEOMETRY] = "geometry",
	};

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
	uint8_t  real = (uint8_t)cursor_le(meta, 1);
	uint32_t low = (uint32_t)cursor_le(meta, 1);

	col->type = real | 0x30;
	col->length = low | (((uint32_t)(real & 0x30) ^ 0x30) << 4);
}

static void
read_metadata(struct cursor *meta, struct wire_column *col)
{
	uint64_t bits;

	switch (col->type) {
	case WIRE_FLOAT:
	case WIRE_DOUBLE:
	case WIRE_BLOB:
	case WIRE_BLOB_COMPRESSED:
	case WIRE_GEOMETRY:
	case WIRE_JSON:
		col->length = (uint32_t)cursor_le(meta, 1);
		break;
	case WIRE_TIMESTAMP2:
	case WIRE_DATETIME2:
	case WIRE_TIME2:
		col->scale = (uint8_t)cursor_le(meta, 1);
		break;
	case WIRE_VARCHAR:
	case WIRE_VARCHAR_COMPRESSED:
		col->length = (uint32_t)cursor_le(meta, 2);
		break;
	case WIRE_BIT:
		bits = cursor_le(meta, 1);
		col->length = (uint32_t)(bits + 8 * cursor_le(meta, 1));
		break;
	case WIRE_DECIMAL:
		col->precision = (uint8_t)cursor_le(meta, 1);
		col->scale = (uint8_t)cursor_le(meta, 1);
		break;
	case WIRE_STRING:
	case WIRE_VAR_STRING:
	case WIRE_ENUM:
	case WIRE_SET:
		read_string_metadata(meta, col);
		break;
	default:                      /* a byte from the wire: the others have none */
		break;
	}
}

static bool
is_numeric(uint8_t type)
{
	return type == WIRE_TINY || type == WIRE_SHORT || type == WIRE_INT24 || type == WIRE_LONG ||
	    type == WIRE_LONGLONG || type == WIRE_FLOAT || type == WIRE_DOUBLE ||
	    type == WIRE_DECIMAL ||
	    type == WIRE_YEAR;
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
		uint64_t      field = cursor_le(c, 1);
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
	struct slice  types = cursor_bytes(c, out->count);
	struct cursor meta = cursor_of(cursor_bytes(c, (size_t)cursor_lenenc(c)));
	struct slice  nullable = cursor_bytes(c, (out->count + 7) / 8);

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

	cursor_take(c, 1);            /* NUL */
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
