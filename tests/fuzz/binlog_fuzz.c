/*
 * Events of the binlog: any body under any type, and rows under a table map that came with them.
 */
#include "base/arena.h"
#include "base/check.h"
#include "binlog/coltype.h"
#include "binlog/json.h"
#include "binlog/control.h"
#include "binlog/event.h"
#include "binlog/event_packed.h"
#include "binlog/payload.h"
#include "binlog/rows.h"
#include "binlog/tablemap.h"
#include "fuzz/fuzz.h"

/* Definitions to match a fuzzed table map against: those of the golden table, and some more. */
static const struct {
	const char *text, *charset;
} definitions[] = {
	{ "json", NULL },
	{ "int(11)", NULL },
	{ "bigint(20) unsigned", NULL },
	{ "tinyint(4)", NULL },
	{ "smallint(6)", NULL },
	{ "mediumint(9)", NULL },
	{ "float", NULL },
	{ "double", NULL },
	{ "decimal(12,2)", NULL },
	{ "decimal(65,30)", NULL },
	{ "year(4)", NULL },
	{ "bit(12)", NULL },
	{ "date", NULL },
	{ "time", NULL },
	{ "time(3)", NULL },
	{ "datetime", NULL },
	{ "datetime(6)", NULL },
	{ "timestamp", NULL },
	{ "timestamp(2)", NULL },
	{ "char(10)", "utf8mb4" },
	{ "char(255)", "utf8mb4" },
	{ "varchar(20)", "latin1" },
	{ "varchar(300)", "utf8mb4" },
	{ "text", "utf8mb4" },
	{ "longtext", "utf8mb4" },
	{ "binary(6)", NULL },
	{ "varbinary(10)", NULL },
	{ "tinyblob", NULL },
	{ "mediumblob", NULL },
	{ "enum('x','y','z')", "utf8mb4" },
	{ "set('a','b','c','d','e','f','g','h','i')", "utf8mb4" },
	{ "time(6)", NULL },
	{ "timestamp(6)", NULL },
	{ "set('a')", "latin1" },
	{ "bit(64)", NULL },
	{ "text /*M!100301 COMPRESSED*/", "utf8mb4" },
	{ "varbinary(300) /*M!100301 COMPRESSED*/", NULL },
	{ "uuid", NULL },
	{ "point", NULL },
	{ "vector(3)", NULL },
};

static bool
type_for(const struct wire_column *wire, struct column_type *out)
{
	for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
		const char *name = definitions[i].charset;
		struct slice charset = name == NULL ? SLICE_NULL : slice_str(name);
		struct err err = { 0 };

		if (column_type_parse(
			slice_str(definitions[i].text), charset, charset, out, &err) == 0 &&
		    coltype_match(out, wire, &err) == 0)
			return true;
	}
	return false;
}

static void
all_rows(const struct event *e, const struct tablemap *map, struct arena *a)
{
	struct err err = { 0 };
	struct column_type *types = arena_alloc(a, (map->count + 1) * sizeof *types);
	struct rows rows;
	struct row_shape shape;
	struct row_change change;

	for (size_t i = 0; i < map->count; i++)
		if (!type_for(&map->columns[i], &types[i]))
			return;
	const struct row_columns columns = { types, map->count, 0 };

	if (rows_read(e, &columns, &rows, &err) != 0 ||
	    row_shape_init(&shape, map, &columns, &err) != 0)
		return;
	while (rows_next(&rows, &shape, a, &change, &err) == 1)
		check((change.before == NULL) == (change.kind == ROW_INSERT));
}

/* Two bytes of length, a table map's body, and a row event's. */
static void
table_and_rows(struct slice input, unsigned char type, struct arena *a)
{
	struct err err = { 0 };
	struct tablemap map;
	struct event e = { .type = type };
	size_t len;

	if (input.len < 2)
		return;
	len = (size_t)(unsigned char)input.ptr[0] | (size_t)(unsigned char)input.ptr[1] << 8;
	if (len > input.len - 2)
		return;
	if (tablemap_read(a, slice_of(input.ptr + 2, len), &map, &err) != 0)
		return;
	e.body = slice_of(input.ptr + 2 + len, input.len - 2 - len);
	all_rows(&e, &map, a);
}

static void
unpack(struct slice body)
{
	struct payload p;
	struct event e;
	struct err err = { 0 };
	bool more = true;

	if (payload_open(&p, body, &err) == 0)
		while (more && payload_next(&p, &e, &more, &err) == 0)
			;
	payload_close(&p);
}

static void
unpack_event(unsigned char type, struct slice body)
{
	SCOPED(buf) struct buf room = BUF_INIT;
	struct event e = { .type = type, .body = body }, out;
	struct err err = { 0 };

	if (event_unpack(&e, &room, &out, &err) == 0)
		check(!event_is_packed(out.type) && out.body.ptr == (const uint8_t *)room.data);
}

/* What can be read is written as it was. */
static void
sets(struct slice body)
{
	SCOPED(gtid_set) struct gtid_set s = { 0 }, again = { 0 };
	SCOPED(buf) struct buf bytes = BUF_INIT, text = BUF_INIT;
	struct err err = { 0 };

	if (gtid_set_decode(&s, body, &err) == 0) {
		gtid_set_encode(&bytes, &s);
		check(gtid_set_decode(&again, buf_slice(&bytes), &err) == 0 &&
		    gtid_set_same(&s, &again));
		gtid_set_print(&text, &s);
		check(gtid_set_parse(&again, buf_slice(&text), &err) == 0 &&
		    gtid_set_same(&s, &again));
	}
	(void)!gtid_set_parse(&s, body, &err);
}

/* A text is no longer than its document allows; what stands for a control character is the longest. */
static void
json(struct slice doc, struct arena *a)
{
	enum { LONGEST = 60 };
	struct slice text, rounded;

	if (!json_text(doc, a, &text))
		return;
	check(text.len <= LONGEST * (doc.len + 1));
	rounded = json_rounded(text);
	check(rounded.len <= text.len);
}

static void
control(unsigned char which, const struct event *e, struct arena *a)
{
	struct err err = { 0 };
	struct format_description format;
	struct rotate rotate;
	struct heartbeat heartbeat;
	struct gtid_event gtid;
	struct mysql_gtid_event mysql_gtid;
	struct gtid_list_event list;
	struct query_event query;
	struct xa_prepare xa;
	struct slice sql;
	uint64_t xid;

	switch (which) {
	case 0: (void)!format_description_read(e->body, &format, &err); break;
	case 1: (void)!rotate_read(e->body, &rotate, &err); break;
	case 2: (void)!heartbeat_read(e, &heartbeat, &err); break;
	case 3: (void)!gtid_event_read(e, &gtid, &err); break;
	case 4: (void)!mysql_gtid_event_read(e, &mysql_gtid, &err); break;
	case 5: (void)!gtid_list_event_read(a, e->body, &list, &err); break;
	case 6: (void)!query_event_read(e->body, &query, &err); break;
	case 7: (void)!xa_prepare_read(e->body, &xa, &err); break;
	case 8: (void)!annotate_read(e, &sql, &err); break;
	default: (void)!xid_event_read(e->body, &xid, &err); break;
	}
}

void
fuzz_one(struct slice input)
{
	static const unsigned char row_types[] = { EVENT_WRITE_ROWS_V1, EVENT_UPDATE_ROWS_V1,
		EVENT_DELETE_ROWS_V1, EVENT_WRITE_ROWS_V2, EVENT_UPDATE_ROWS_V2,
		EVENT_DELETE_ROWS_V2 };
	unsigned char choice = fuzz_choice(&input);
	struct err err = { 0 };
	struct event e = { .type = choice, .body = input };
	SCOPED(arena) struct arena a = ARENA_INIT;

	if (choice < 10) {
		e.type = fuzz_choice(&input);
		e.body = input;
		control(choice, &e, &a);
	} else if (choice < 12) {
		(void)!event_read((enum event_checksum)(choice & 1), input, &e, &err);
	} else if (event_is_packed(choice)) {
		unpack_event(choice, input);
	} else if (choice == 253) {
		json(input, &a);
	} else if (choice == 254) {
		unpack(input);
	} else if (choice == 255) {
		sets(input);
	} else {
		table_and_rows(input, row_types[choice % 6], &a);
	}
}
