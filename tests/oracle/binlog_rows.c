/*
 * binlog_rows - prints the rows of a binlog file, for comparing the decoder with others.
 *
 *	binlog_rows TYPES FILE     the rows of the file
 *	binlog_rows TYPES          key bytes of rows read from stdin: table, values in hex
 *
 * TYPES has a line "db.table type charset generated" for each column, tabs between; the last word only
 * of what is. A row of the output is
 * "kind table value:key ..." in hex, tabs between, "NULL" for NULL; an update is two, "-" and "+".
 */
#include "base/mem.h"
#include "binlog/control.h"
#include "binlog/event_packed.h"
#include "binlog/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TABLES_MAX = 100, COLUMNS_MAX = 100, LINE_MAX_BYTES = 16 * 1024 * 1024 };

struct known {
	char name[200];
	struct column_type types[COLUMNS_MAX];
	size_t count;
};

struct printer {
	struct known tables[TABLES_MAX];
	size_t count;
	struct arena maps, rows;
	struct tablemap map; /* the last one */
};

_Noreturn static void
die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err == NULL ? strerror(errno) : err->text);
	exit(1);
}

static struct known *
find(struct printer *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->tables[i].name, name) == 0)
			return &p->tables[i];
	return NULL;
}

static void
read_types(struct printer *p, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = mem_alloc(LINE_MAX_BYTES);
	struct err err;

	if (f == NULL)
		die(path, NULL);
	while (fgets(line, LINE_MAX_BYTES, f) != NULL) {
		struct slice name, type, charset, made;
		struct known *t;
		struct column_type *column;

		made = slice_split(slice_cut(slice_str(line), 0, strcspn(line, "\n")), '\t', &name);
		made = slice_split(made, '\t', &type);
		made = slice_split(made, '\t', &charset);
		line[name.len] = 0;
		t = find(p, line);
		if (t == NULL) {
			t = &p->tables[p->count++];
			snprintf(t->name, sizeof(t->name), "%s", line);
		}
		column = &t->types[t->count++];
		if (column_type_parse(type, charset, SLICE_NULL, column, &err) != 0)
			die(line, &err);
		column->generated = made.len > 0;
	}
	fclose(f);
	free(line);
}

static void
print_hex(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		printf("%02x", s.ptr[i]);
}

static void
print_row(const struct known *t, const char *kind, const struct slice *row)
{
	printf("%s\t%s", kind, t->name);
	for (size_t i = 0; i < t->count; i++) {
		SCOPED(buf) struct buf key = BUF_INIT;
		if (slice_is_null(row[i])) {
			printf("\tNULL");
			continue;
		}
		key_bytes(&key, &t->types[i], row[i]);
		printf("\t");
		print_hex(row[i]);
		printf(":");
		print_hex(buf_slice(&key));
	}
	printf("\n");
}

static void
print_rows(struct printer *p, const struct event *e)
{
	char name[200];
	struct known *t;
	struct rows rows;
	struct row_shape shape;
	struct row_change c;
	struct err err;
	int rc;

	snprintf(
	    name, sizeof(name), "%.*s.%.*s", SLICE_ARG(p->map.database), SLICE_ARG(p->map.table));
	t = find(p, name);
	if (t == NULL)
		return;
	const struct row_columns columns = { t->types, t->count, 0 };

	if (rows_read(e, &columns, &rows, &err) != 0 ||
	    row_shape_init(&shape, &p->map, &columns, &err) != 0)
		die(name, &err);
	while ((rc = rows_next(&rows, &shape, &p->rows, &c, &err)) == 1) {
		if (c.before != NULL)
			print_row(t, c.after == NULL ? "D" : "-", c.before);
		if (c.after != NULL)
			print_row(t, c.before == NULL ? "I" : "+", c.after);
		arena_reset(&p->rows);
	}
	if (rc != 0)
		die(name, &err);
}

static void
print_event(struct printer *p, const struct event *e)
{
	SCOPED(buf) struct buf room = BUF_INIT;
	struct event unpacked;
	struct err err;

	if (event_is_packed(e->type)) {
		if (event_unpack(e, &room, &unpacked, &err) != 0)
			die("compressed event", &err);
		e = &unpacked;
	}
	if (e->type == EVENT_TABLE_MAP) {
		arena_reset(&p->maps);
		struct tablemap map;
		if (tablemap_read(&p->maps, e->body, &map, &err) != 0)
			die("table map", &err);
		tablemap_dup(&p->maps, &map, &p->map);
	} else if (event_is_rows(e->type)) {
		print_rows(p, e);
	}
}

static void
read_file(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		die(path, NULL);
	do {
		n = fread(buf_grow(out, 65536), 1, 65536, f);
		buf_truncate(out, out->len - 65536 + n);
	} while (n > 0);
	fclose(f);
}

static void
print_file(struct printer *p, const char *path)
{
	SCOPED(buf) struct buf file = BUF_INIT;
	enum event_checksum checksum = EVENT_CHECKSUM_NONE;
	struct format_description format;
	struct event e;
	struct err err;

	read_file(&file, path);
	for (size_t at = 4; at + EVENT_HEADER_BYTES <= file.len; at += e.length) {
		uint32_t len;
		memcpy(&len, file.data + at + 9, sizeof(len));
		if (event_read(checksum, slice_cut(buf_slice(&file), at, at + len), &e, &err) != 0)
			die(path, &err);
		if (e.type == EVENT_FORMAT_DESCRIPTION) {
			if (format_description_read(e.body, &format, &err) != 0)
				die(path, &err);
			checksum = format.checksum;
		}
		print_event(p, &e);
	}
}

/* In place: a text of hex digits becomes its bytes. */
static struct slice
unhex(char *text)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = { text[2 * i], text[2 * i + 1], 0 };
		text[i] = (char)strtoul(two, NULL, 16);
	}
	return slice_of(text, n);
}

static void
print_keys(struct printer *p)
{
	char *line = mem_alloc(LINE_MAX_BYTES);

	while (fgets(line, LINE_MAX_BYTES, stdin) != NULL) {
		struct slice row[COLUMNS_MAX];
		char *save, *name = strtok_r(line, "\t\n", &save), *value;
		struct known *t = find(p, name);
		size_t i = 0;
		while ((value = strtok_r(NULL, "\t\n", &save)) != NULL && i < COLUMNS_MAX)
			row[i++] = strcmp(value, "NULL") == 0 ? SLICE_NULL : unhex(value + 1);
		if (t == NULL || i != t->count)
			die(name, &(struct err){ .text = "another number of columns" });
		print_row(t, "S", row);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	struct printer *p = mem_new(struct printer);

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: binlog_rows TYPES [FILE]\n");
		return 2;
	}
	read_types(p, argv[1]);
	if (argc == 3)
		print_file(p, argv[2]);
	else
		print_keys(p);
	arena_done(&p->maps);
	arena_done(&p->rows);
	free(p);
	return 0;
}
