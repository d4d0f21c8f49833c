#include "topo/name.h"

#include <string.h>
#include <strings.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

static bool
is_plain(char c)
{
	return (c & 0x80) != 0 || (c != '\0' && strchr(plain, c) != NULL);
}

/* ---- Which there are */

/* Databases that are the server's own: through a keyspace of that name applications would read the
 * accounts. */
static bool
is_servers_own(const char *name)
{
	static const char *const own[] = { "mysql", "information_schema", "performance_schema",
		"sys" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcasecmp(name, own[i]) == 0)
			return true;
	}
	return false;
}

/* Those, and the usual names of sidecar databases: Vitess's and ours. */
static bool
is_reserved(const char *keyspace)
{
	return is_servers_own(keyspace) || strcasecmp(keyspace, "_vt") == 0 ||
	    strcasecmp(keyspace, SIDECAR_DEFAULT) == 0;
}

/* Bytes of the UTF-8 character at s, 0 when it is none or one that no name has. */
static size_t
char_length(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 0;
	if (s[0] < 0x80)
		return 1;
	bool second = (s[1] & 0xc0) == 0x80;
	if (s[0] >= 0xc2 && s[0] < 0xe0 && second)
		return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : 2; /* U+0080 to U+009F steer terminals */
	if ((s[0] & 0xf0) != 0xe0 || !second || (s[2] & 0xc0) != 0x80)
		return 0;
	/* written too long, or half of a pair */
	return (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ? 0 : 3;
}

/* Characters, or -1 where one is not a name's. */
static int
count_chars(const char *name)
{
	int count = 0;

	for (const unsigned char *s = (const unsigned char *)name; *s != '\0'; count++) {
		size_t n = char_length(s);

		if (n == 0)
			return -1;
		s += n;
	}
	return count;
}

int
name_check(const char *what, const char *name, struct err *err)
{
	int count = count_chars(name);

	if (name[0] == '\0')
		return err_set(err, ERR_REFUSED, "the %s has no name", what);
	if (count < 0) {
		err_set(err, ERR_REFUSED, "%s '%.200s' is not a name", what, name);
		return err_hint(err,
		    "a name is UTF-8, without control characters and without characters beyond U+FFFF");
	}
	if (count > NAME_MAX_CHARS)
		return err_set(err, ERR_REFUSED, "%s '%.64s...' is longer than %d characters", what,
		    name, NAME_MAX_CHARS);
	if (name[strlen(name) - 1] == ' ')
		return err_set(
		    err, ERR_REFUSED, "%s '%s' ends with a blank, as no name does", what, name);
	if (strcmp(what, "keyspace") == 0 && is_reserved(name)) {
		err_set(err, ERR_REFUSED, "keyspace '%s' would be a database of the server's own",
		    name);
		return err_hint(err, "choose another name");
	}
	return 0;
}

int
name_sidecar_check(const char *name, struct err *err)
{
	TRY(name_check("sidecar database", name, err));
	if (!is_servers_own(name))
		return 0;
	err_set(err, ERR_REFUSED, "sidecar database '%s' would be a database of the server's own",
	    name);
	return err_hint(err, "choose another name");
}

int
name_word_check(const char *what, const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0)
		return err_set(err, ERR_REFUSED, "the %s has no name", what);
	if (len > WORD_MAX)
		return err_set(err, ERR_REFUSED, "%s '%.64s...' is longer than %d characters", what,
		    name, WORD_MAX);
	if (name[0] != '-' && strspn(name, plain) == len)
		return 0;
	err_set(err, ERR_REFUSED, "%s '%s' is not a name", what, name);
	return err_hint(err, "use letters, digits, _ and -, and do not start with -");
}

const char *
sidecar_or_default(const char *name)
{
	return name[0] != '\0' ? name : SIDECAR_DEFAULT;
}

/* ---- In keys */

static void
add_escaped(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (is_plain(*name))
			buf_add_char(out, *name);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*name);
	}
}

const char *
name_escaped(struct arena *a, const char *name)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	add_escaped(&text, name);
	return arena_slice_str(a, buf_slice(&text));
}

const char *
name_pair(struct arena *a, const char *keyspace, const char *name)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	add_escaped(&text, keyspace);
	buf_add_char(&text, '/');
	add_escaped(&text, name);
	return arena_slice_str(a, buf_slice(&text));
}

/* ---- For people */

static void
add_ident(struct buf *out, const char *name)
{
	const char *s = name;

	while (*s != '\0' && is_plain(*s))
		s++;
	/* A leading '-' would be read as an option where the name is pasted into a command. */
	if (*s == '\0' && name[0] != '\0' && name[0] != '-') {
		buf_add_str(out, name);
		return;
	}
	buf_add_char(out, '`');
	for (s = name; *s != '\0'; s++)
		buf_add_str(out, *s == '`' ? "``" : (char[]){ *s, '\0' });
	buf_add_char(out, '`');
}

const char *
name_of_table(struct arena *a, const char *keyspace, const char *table)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	add_ident(&text, keyspace);
	buf_add_char(&text, '.');
	add_ident(&text, table);
	return arena_slice_str(a, buf_slice(&text));
}

const char *
name_of_tables(struct arena *a, const char *keyspace, const char *const *tables, size_t count)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	add_ident(&text, keyspace);
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
		buf_add_char(&text, i == 0 ? '.' : ',');
		add_ident(&text, tables[i]);
	}
	if (count > NAMES_SHOWN)
		buf_addf(&text, ",... (%zu tables)", count);
	return arena_slice_str(a, buf_slice(&text));
}

static const char *
name_small(struct arena *a, struct slice name, const char *behind)
{
	char *text = arena_printf(a, "%.*s%s", SLICE_ARG(name), behind);

	for (char *c = text; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	}
	return text;
}

const char *
name_of_routine(struct arena *a, struct slice name)
{
	return name_small(a, name, "()");
}

const char *
name_of_event(struct arena *a, struct slice name)
{
	return name_small(a, name, "(event)");
}

const char *
name_typed(struct arena *a, const char *keyspace, const char *table)
{
	const char *name = name_of_table(a, keyspace, table);
	SCOPED(buf) struct buf text = BUF_INIT;

	if (strchr(name, '`') == NULL)
		return name;
	buf_add_char(&text, '\'');
	for (; *name != '\0'; name++)
		buf_add_str(&text, *name == '\'' ? "'\\''" : (char[]){ *name, '\0' });
	buf_add_char(&text, '\'');
	return arena_slice_str(a, buf_slice(&text));
}

/* ---- As typed */

/* The name at *text, to a separator or the end, into out; NULL behind it when it is none. */
static const char *
read_ident(const char *text, const char *separators, struct buf *out)
{
	if (*text != '`') {
		size_t n = strcspn(text, separators);

		buf_add(out, text, n);
		return n > 0 ? text + n : NULL;
	}
	for (text++;; text++) {
		if (*text == '\0')
			return NULL; /* never closed */
		if (*text == '`' && *++text != '`')
			return out->len > 0 ? text : NULL;
		buf_add_char(out, *text);
	}
}

static int
digit_of(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'a' && c <= 'f' ? c - 32 : c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* %XX back into the byte; what is no such thing stays as it is. */
static const char *
unescaped(struct arena *a, const char *text)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	for (; *text != '\0'; text++) {
		int high = *text == '%' ? digit_of(text[1]) : -1;
		int low = high < 0 ? -1 : digit_of(text[2]);

		/* %00 stays as typed: it would end the name. */
		if (low >= 0 && (high | low) != 0) {
			buf_add_char(&out, (char)(high * 16 + low));
			text += 2;
		} else {
			buf_add_char(&out, *text);
		}
	}
	return arena_slice_str(a, buf_slice(&out));
}

int
name_split(
    struct arena *a, const char *text, const char *form, struct name_parts *out, struct err *err)
{
	SCOPED(buf) struct buf first = BUF_INIT;
	SCOPED(buf) struct buf second = BUF_INIT;
	/* Behind a '/' it is the way of keys, where %XX is a byte; between backquotes % is a character as
	 * any other. */
	bool plain_head = text[0] != '`';
	const char *rest = read_ident(text, "./", &first);
	char separator = rest == NULL ? '\0' : *rest;
	bool plain_tail = separator != '\0' && rest[1] != '`';

	if (separator == '.' || separator == '/')
		rest = read_ident(rest + 1, separator == '/' ? "" : ".", &second);
	if (rest == NULL || *rest != '\0' || second.len == 0) {
		err_set(err, ERR_REFUSED, "'%s' is not of the form %s", text, form);
		return err_hint(err,
		    "put names with other characters between backquotes, as in SQL: 'customer.`a.b`'");
	}
	out->keyspace = arena_slice_str(a, buf_slice(&first));
	out->name = arena_slice_str(a, buf_slice(&second));
	if (separator == '/' && plain_head)
		out->keyspace = unescaped(a, out->keyspace);
	if (separator == '/' && plain_tail)
		out->name = unescaped(a, out->name);
	return 0;
}

const char *
name_one(struct arena *a, const char *text)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	const char *rest = text[0] == '`' ? read_ident(text, "", &name) : NULL;

	return rest != NULL && *rest == '\0' ? arena_slice_str(a, buf_slice(&name)) : text;
}

static int
refuse_list(const char *text, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "'%s' is not of the form keyspace.table, keyspace.table,table or keyspace.*", text);
	return err_hint(
	    err, "put names with other characters between backquotes, as in SQL: 'customer.`a,b`'");
}

int
name_split_list(struct arena *a, const char *text, struct name_list *out, struct err *err)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	const char *rest = read_ident(text, ".", &name);
	size_t most = 1;

	for (const char *s = text; *s != '\0'; s++)
		most += *s == ',';
	*out = (struct name_list){ .names = arena_array(a, const char *, most) };
	if (rest == NULL)
		return refuse_list(text, err);
	out->keyspace = arena_slice_str(a, buf_slice(&name));
	out->all = strcmp(rest, ".*") == 0;
	if (*rest == '\0' || out->all)
		return 0;
	do {
		buf_reset(&name);
		bool star = rest[1] == '*'; /* means all, unless it is quoted */

		rest = read_ident(rest + 1, ".,", &name);
		if (rest == NULL || star || name.len == 0 || (*rest != ',' && *rest != '\0'))
			return refuse_list(text, err);
		out->names[out->count++] = arena_slice_str(a, buf_slice(&name));
	} while (*rest == ',');
	return 0;
}
