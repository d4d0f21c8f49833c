#include "binlog/query_status.h"

#include "binlog/cursor.h"

/* Bits of the flags (MariaDB sql/sql_class.h, MySQL sql/query_options.h). MariaDB alone has the second
 * and the third. */
#define FLAG_AUTO_IS_NULL         (UINT32_C(1) << 14)
#define FLAG_NO_CHECK_CONSTRAINTS (UINT32_C(1) << 15)
#define FLAG_EXPLICIT_TIMESTAMPS  (UINT32_C(1) << 24)
#define FLAG_NO_FOREIGN_KEYS      (UINT32_C(1) << 26)
#define FLAG_RELAXED_UNIQUE       (UINT32_C(1) << 27)

enum {
	STATUS_FLAGS = 0,
	STATUS_SQL_MODE = 1,
	STATUS_AUTO_INCREMENT = 3,
	STATUS_CHARSET = 4,
	STATUS_TIME_ZONE = 5,
	STATUS_CATALOG = 6,
	STATUS_TIME_NAMES = 7,
	STATUS_DATABASE_COLLATION = 8,
	STATUS_MAP_FOR_UPDATE = 9,
	STATUS_DATA_WRITTEN = 10,
	STATUS_INVOKER = 11,
	STATUS_DATABASES = 12,
	STATUS_MICROSECONDS = 13,
	STATUS_EXPLICIT_TIMESTAMPS = 16,
	STATUS_DDL_XID = 17,
	STATUS_UTF8MB4_COLLATION = 18,
	STATUS_REQUIRE_PRIMARY_KEY = 19,
	STATUS_TABLE_ENCRYPTION = 20,
	/* MariaDB's own */
	STATUS_HRNOW = 128,
	STATUS_XID = 129,
	/* Databases that a statement has changed: so many, and none are listed. */
	DATABASES_TOO_MANY = 254,
};

static void
skip_counted(struct cursor *c)
{
	cursor_take(c, (size_t)cursor_le(c, 1));
}

static void
skip_databases(struct cursor *c)
{
	uint64_t count = cursor_le(c, 1);

	if (count >= DATABASES_TOO_MANY)
		return;
	for (; count > 0 && !c->failed; count--)
		while (!c->failed && cursor_le(c, 1) != 0)
			;
}

static void
read_charset(struct cursor *c, struct query_status *out)
{
	out->client_charset = (uint16_t)cursor_le(c, 2);
	out->connection_collation = (uint16_t)cursor_le(c, 2);
	out->server_collation = (uint16_t)cursor_le(c, 2);
	out->has_charset = !c->failed;
}

/* As a zone is called ("Europe/Zurich", "+05:30"): nothing that a string's quotes would not hold, in whatever
 * sql_mode it is read. */
static bool
is_zone(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < ' ' || name.ptr[i] > '~' || name.ptr[i] == '\'' ||
		    name.ptr[i] == '\\')
			return false;
	return name.len > 0;
}

static bool
read_time_zone(struct cursor *c, struct query_status *out)
{
	struct slice name = cursor_bytes(c, (size_t)cursor_le(c, 1));

	if (c->failed || !is_zone(name))
		return false;
	out->time_zone = name;
	return true;
}

/* What is of no use here; false: not known. */
static bool
skip_value(struct cursor *c, uint64_t code)
{
	switch (code) {
	case STATUS_AUTO_INCREMENT:
	case STATUS_DATA_WRITTEN: cursor_take(c, 4); return true;
	case STATUS_CATALOG: skip_counted(c); return true;
	case STATUS_DATABASE_COLLATION: cursor_take(c, 2); return true;
	case STATUS_MAP_FOR_UPDATE:
	case STATUS_DDL_XID:
	case STATUS_XID: cursor_take(c, 8); return true;
	case STATUS_INVOKER:
		skip_counted(c);
		skip_counted(c);
		return true;
	case STATUS_DATABASES: skip_databases(c); return true;
	case STATUS_TABLE_ENCRYPTION: cursor_take(c, 1); return true;
	default: /* a byte from the wire */ return false;
	}
}

static bool
read_value(struct cursor *c, uint64_t code, struct query_status *out)
{
	switch (code) {
	case STATUS_FLAGS:
		out->flags = (uint32_t)cursor_le(c, 4);
		out->has_flags = !c->failed;
		return true;
	case STATUS_SQL_MODE:
		out->sql_mode = cursor_le(c, 8);
		out->has_sql_mode = !c->failed;
		return true;
	case STATUS_CHARSET: read_charset(c, out); return true;
	case STATUS_TIME_ZONE: return read_time_zone(c, out);
	case STATUS_TIME_NAMES:
		out->time_names = (uint16_t)cursor_le(c, 2);
		out->has_time_names = !c->failed;
		return true;
	case STATUS_MICROSECONDS:
	case STATUS_HRNOW: out->microseconds = (uint32_t)cursor_le(c, 3); return true;
	case STATUS_EXPLICIT_TIMESTAMPS:
		out->explicit_timestamps = (int)cursor_le(c, 1);
		return true;
	case STATUS_UTF8MB4_COLLATION:
		out->utf8mb4_collation = (uint16_t)cursor_le(c, 2);
		out->has_utf8mb4_collation = !c->failed;
		return true;
	case STATUS_REQUIRE_PRIMARY_KEY:
		out->require_primary_key = (int)cursor_le(c, 1);
		return true;
	default: /* a byte from the wire */ return skip_value(c, code);
	}
}

void
query_status_read(struct slice vars, struct query_status *out)
{
	struct cursor c = cursor_of(vars);
	bool known = true;

	*out = (struct query_status){
		.time_zone = SLICE_NULL, .explicit_timestamps = -1, .require_primary_key = -1
	};
	while (known && !c.failed && c.left > 0)
		known = read_value(&c, cursor_le(&c, 1), out);
	out->is_whole = known && !c.failed;
	/* A server that tells no collation of utf8mb4 has this one among its flags. */
	if (out->has_flags && !out->has_utf8mb4_collation && out->explicit_timestamps < 0)
		out->explicit_timestamps = (out->flags & FLAG_EXPLICIT_TIMESTAMPS) != 0;
}

static void
add_charset(struct buf *out, const struct query_status *s)
{
	buf_addf(out, ", character_set_client=%u, collation_connection=%u, collation_server=%u",
	    s->client_charset, s->connection_collation, s->server_collation);
}

void
query_status_sql(struct buf *out, const struct query_status *s, uint32_t seconds)
{
	buf_addf(out, "SET timestamp=%u.%06u", seconds, s->microseconds);
	if (s->has_sql_mode)
		buf_addf(out, ", sql_mode=%llu", (unsigned long long)s->sql_mode);
	if (s->has_flags)
		buf_addf(out, ", foreign_key_checks=%d, unique_checks=%d, sql_auto_is_null=%d",
		    (s->flags & FLAG_NO_FOREIGN_KEYS) == 0, (s->flags & FLAG_RELAXED_UNIQUE) == 0,
		    (s->flags & FLAG_AUTO_IS_NULL) != 0);
	if (s->flags & FLAG_NO_CHECK_CONSTRAINTS)
		buf_add_str(out, ", check_constraint_checks=0");
	if (s->has_charset)
		add_charset(out, s);
	if (!slice_is_null(s->time_zone)) {
		buf_addf(out, ", time_zone='%.*s'", SLICE_ARG(s->time_zone));
	}
	if (s->has_time_names)
		buf_addf(out, ", lc_time_names=%u", s->time_names);
	if (s->has_utf8mb4_collation)
		buf_addf(out, ", default_collation_for_utf8mb4=%u", s->utf8mb4_collation);
	if (s->explicit_timestamps >= 0)
		buf_addf(out, ", explicit_defaults_for_timestamp=%d", s->explicit_timestamps);
	if (s->require_primary_key >= 0)
		buf_addf(out, ", sql_require_primary_key=%d", s->require_primary_key);
}
