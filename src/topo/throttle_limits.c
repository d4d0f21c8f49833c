#include "topo/throttle_limits.h"

#include "base/parse.h"

#include <inttypes.h>
#include <string.h>

static const struct member throttle_limits_members[] = {
	{ .name = "rows", .type = MEMBER_I64, .offset = offsetof(struct throttle_limits, rows) },
	{ .name = "bytes", .type = MEMBER_U64, .offset = offsetof(struct throttle_limits, bytes) },
	{ .name = "threads", .type = MEMBER_I64, .offset = offsetof(struct throttle_limits, threads) },
	{ .name = "history", .type = MEMBER_I64, .offset = offsetof(struct throttle_limits, history) },
	{ .name = "query", .type = MEMBER_STR, .offset = offsetof(struct throttle_limits, query) },
	{ 0 },
};
const struct message throttle_limits_message = { "limits of a copy", throttle_limits_members,
	sizeof(struct throttle_limits), NULL };

/* Of --max-load, as servers call them. */
static const struct {
	const char *name;
	size_t offset; /* of an int64_t */
} statuses[] = {
	{ "Threads_running", offsetof(struct throttle_limits, threads) },
	{ "Innodb_history_list_length", offsetof(struct throttle_limits, history) },
};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

static const char *
text_of(const char *text)
{
	return text == NULL ? "" : text;
}

bool
throttle_limits_same(const struct throttle_limits *a, const struct throttle_limits *b)
{
	return a->rows == b->rows && a->bytes == b->bytes && a->threads == b->threads &&
	    a->history == b->history && strcmp(text_of(a->query), text_of(b->query)) == 0;
}

int
throttle_limits_check(const struct throttle_limits *l, struct err *err)
{
	if (l->rows < 0 || l->threads < 0 || l->history < 0 || l->bytes > INT64_MAX)
		return err_set(err, ERR_REFUSED, "a limit of the copy is no number from 0 on");
	if (strlen(text_of(l->query)) > THROTTLE_QUERY_MAX)
		return err_set(err, ERR_REFUSED, "--throttle-query has %zu bytes, maximum %d",
		    strlen(l->query), THROTTLE_QUERY_MAX);
	return 0;
}

static int
read_status(struct slice item, struct throttle_limits *out, struct err *err)
{
	struct slice name, value = slice_split(item, '=', &name);
	struct err why = { 0 };
	int64_t most = 0;

	for (int i = 0; i < STATUSES; i++) {
		if (!slice_eq_nocase(name, slice_str(statuses[i].name)))
			continue;
		if (slice_is_null(value) || parse_i64(value, &most, &why) != 0 || most < 1)
			break;
		*(int64_t *)((char *)out + statuses[i].offset) = most;
		return 0;
	}
	err_set(err, ERR_REFUSED, "'%.*s' is no limit of a server's load", SLICE_ARG(item));
	return err_hint(
	    err, "--max-load %s=25,%s=1000000, or one of them", statuses[0].name, statuses[1].name);
}

int
throttle_limits_read_load(const char *text, struct throttle_limits *out, struct err *err)
{
	struct slice rest = text[0] == '\0' ? SLICE_NULL : slice_str(text), item;

	out->threads = out->history = 0;
	while (!slice_is_null(rest)) {
		rest = slice_split(rest, ',', &item);
		TRY(read_status(item, out, err));
	}
	return 0;
}

static void
print_load(struct buf *out, const struct throttle_limits *l, const char *between)
{
	for (int i = 0; i < STATUSES; i++) {
		int64_t most = *(const int64_t *)((const char *)l + statuses[i].offset);

		if (most > 0)
			buf_addf(out, "%s%s=%" PRId64, out->len > 0 ? between : "",
			    statuses[i].name, most);
	}
}

void
throttle_limits_print_load(struct buf *out, const struct throttle_limits *l)
{
	print_load(out, l, ",");
}

void
throttle_limits_print(struct buf *out, const struct throttle_limits *l)
{
	if (l->rows > 0)
		buf_addf(out, "%" PRId64 " rows/s", l->rows);
	if (l->bytes > 0)
		buf_addf(out, "%s%" PRIu64 " bytes/s", out->len > 0 ? ", " : "", l->bytes);
	print_load(out, l, ", ");
	if (text_of(l->query)[0] != '\0')
		buf_addf(out, "%squery %s", out->len > 0 ? ", " : "", l->query);
}
