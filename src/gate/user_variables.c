#include "gate/user_variables.h"

#include "base/check.h"
#include "base/parse.h"
#include "sql/quote.h"

/* All of this connection, in whatever order. Explicit, as sql_select_limit would cut it short. */
#define LIST                                                                                       \
	"SELECT VARIABLE_NAME, VARIABLE_TYPE, LEFT(VARIABLE_VALUE, 100), LENGTH(VARIABLE_VALUE) "  \
	"FROM information_schema.USER_VARIABLES LIMIT 10000"

enum { LIST_NAME, LIST_TYPE, LIST_VALUE, LIST_LENGTH, LIST_COLUMNS };

/* A name whose bytes mean the same in every character set of a connection. */
static bool
is_plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < ' ' || name.ptr[i] > '~')
			return false;
	}
	return name.len > 0;
}

static bool
is_string(struct slice type)
{
	return slice_eq_str(type, "VARCHAR");
}

/* Can all of them be told, and kept? */
static bool
can_save(const struct mysql_rows *list)
{
	size_t bytes = 0;

	for (size_t i = 0; i < list->rows; i++) {
		const struct slice *row = &list->values[i * LIST_COLUMNS];
		uint64_t length = 0;
		struct err err = { 0 };

		if (!slice_is_null(row[LIST_LENGTH]) &&
		    parse_u64(row[LIST_LENGTH], &length, &err) != 0)
			return false;
		if (!is_plain(row[LIST_NAME]) || length > SETTINGS_BYTES_MAX)
			return false;
		bytes += length * 2 + row[LIST_NAME].len; /* in hexadecimal */
		if (bytes > SETTINGS_BYTES_MAX)
			return false;
	}
	return list->rows <= SETTINGS_MAX;
}

/* HEX(@`a`), COLLATION(@`a`), ... of the strings. */
static int
ask_strings(
    struct ctx *cx, struct mysql_client *c, const struct mysql_rows *list, struct mysql_rows *out)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	for (size_t i = 0; i < list->rows; i++) {
		const struct slice *row = &list->values[i * LIST_COLUMNS];

		if (!is_string(row[LIST_TYPE]))
			continue;
		buf_add_str(&sql, sql.len == 0 ? "SELECT HEX(@" : ", HEX(@");
		quote_ident(&sql, row[LIST_NAME]);
		buf_add_str(&sql, "), COLLATION(@");
		quote_ident(&sql, row[LIST_NAME]);
		buf_add_str(&sql, ")");
	}
	*out = (struct mysql_rows){ 0 };
	return sql.len == 0 ? 0 : mysql_select(cx, c, buf_slice(&sql), out);
}

/* The character set's name is the collation's up to its first underscore. */
static void
put_string(struct buf *out, struct slice hex, struct slice collation)
{
	struct slice charset;

	if (slice_is_null(hex)) {
		buf_add_str(out, "NULL");
		return;
	}
	(void)slice_split(collation, '_', &charset);
	buf_addf(out, "_%.*s X'%.*s'", SLICE_ARG(charset), SLICE_ARG(hex));
	if (!slice_eq_str(collation, "binary"))
		buf_addf(out, " COLLATE %.*s", SLICE_ARG(collation));
}

static bool
contains(struct slice text, uint8_t c)
{
	return memchr(text.ptr, c, text.len) != NULL;
}

/* A literal that is read with the same type. */
static void
put_number(struct buf *out, struct slice type, struct slice value)
{
	if (slice_eq_str(type, "INT UNSIGNED")) {
		buf_addf(out, "CAST(%.*s AS UNSIGNED)", slice_is_null(value) ? 4 : (int)value.len,
		    slice_is_null(value) ? "NULL" : (const char *)value.ptr);
	} else if (slice_is_null(value)) {
		buf_addf(out, "CAST(NULL AS %s)",
		    slice_eq_str(type, "INT")          ? "SIGNED"
			: slice_eq_str(type, "DOUBLE") ? "DOUBLE"
						       : "DECIMAL(65,38)");
	} else {
		buf_add_slice(out, value);
		if (slice_eq_str(type, "DOUBLE") && !contains(value, 'e'))
			buf_add_str(out, "e0");
		if (slice_eq_str(type, "DECIMAL") && !contains(value, '.'))
			buf_add_str(out, ".");
	}
}

static bool
remember(struct session *s, struct slice name, struct slice value)
{
	struct assignment a = { .kind = ASSIGN_USER, .value = value, .literal = true };

	a.name = settings_user_name(&s->arena, name);
	return settings_has(&s->settings, &a) || settings_add(&s->settings, &a);
}

static bool
remember_all(struct session *s, const struct mysql_rows *list, const struct mysql_rows *strings)
{
	size_t next = 0;

	for (size_t i = 0; i < list->rows; i++) {
		const struct slice *row = &list->values[i * LIST_COLUMNS];
		SCOPED(buf)
		struct buf value = BUF_INIT;

		if (is_string(row[LIST_TYPE])) {
			check(next + 2 <= strings->columns);
			put_string(&value, strings->values[next], strings->values[next + 1]);
			next += 2;
		} else {
			put_number(&value, row[LIST_TYPE], row[LIST_VALUE]);
		}
		if (!remember(s, row[LIST_NAME], buf_slice(&value)))
			return false;
	}
	return true;
}

/* A server's own error leaves everything as it is. */
static int
save_slot(struct ctx *cx, struct session *s, int slot)
{
	struct backend *b = s->slots[slot];
	struct mysql_rows list, strings;
	struct ctx inner = *cx;
	uint64_t version = s->settings.version;

	inner.arena = &s->arena;
	if (s->last == slot)
		s->last_serial = 0; /* FOUND_ROWS() and its like are of our own statement now */
	if (mysql_select(&inner, b->client, slice_str(LIST), &list) != 0)
		return cx->err->kind == ERR_SERVER ? (err_clear(cx->err), 0) : -1;
	if (!can_save(&list))
		return 0;
	if (ask_strings(&inner, b->client, &list, &strings) != 0)
		return cx->err->kind == ERR_SERVER ? (err_clear(cx->err), 0) : -1;
	if (!remember_all(s, &list, &strings))
		return 0;
	if (b->settings == version)
		b->settings = s->settings.version; /* it has them */
	session_keep_no_more(s, slot, LEAVES_VARIABLES);
	return 0;
}

int
user_variables_save(struct ctx *cx, struct session *s, const char *but_server)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if ((s->keeps[i] & LEAVES_VARIABLES) == 0 ||
		    (but_server != NULL && strcmp(s->slots[i]->server, but_server) == 0))
			continue;
		if (save_slot(cx, s, i) == 0)
			continue;
		session_drop_backend(s, i);
		return err_wrap(cx->err, "asking for the values of user variables");
	}
	return 0;
}

bool
user_variables_bind(const struct session *s)
{
	for (int i = 0; s->home >= 0 && i < SLOTS_MAX; i++) {
		if (s->keeps[i] == LEAVES_VARIABLES && !s->locked[i] &&
		    !(s->txn == TXN_OPEN && i == s->txn_slot))
			return true;
	}
	return false;
}
