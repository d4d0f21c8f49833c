#include "sql/quote.h"

void
quote_ident(struct buf *out, struct slice name)
{
	buf_add_char(out, '`');
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '`')
			buf_add_char(out, '`');
		buf_add_char(out, (char)name.ptr[i]);
	}
	buf_add_char(out, '`');
}

void
quote_table(struct buf *out, struct slice database, struct slice table)
{
	quote_ident(out, database);
	buf_add_char(out, '.');
	quote_ident(out, table);
}

/* The letter behind the backslash for a byte that needs one, or 0. */
static char
escape_of(uint8_t c)
{
	switch (c) {
	case '\0': return '0';
	case '\n': return 'n';
	case '\r': return 'r';
	case 0x1a: /* some systems' clients take it for the end of input */ return 'Z';
	case '\'':
	case '"':
	case '\\': return (char)c;
	default: return 0;
	}
}

void
quote_string(struct buf *out, struct slice text)
{
	buf_reserve(out, text.len + 2);
	buf_add_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		char letter = escape_of(text.ptr[i]);

		if (letter != 0)
			buf_add_char(out, '\\');
		buf_add_char(out, letter != 0 ? letter : (char)text.ptr[i]);
	}
	buf_add_char(out, '\'');
}

void
quote_hex(struct buf *out, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *to;

	if (bytes.len == 0) {
		buf_add_str(out, "''");
		return;
	}
	buf_add_str(out, "0x");
	to = buf_grow(out, bytes.len * 2);
	for (size_t i = 0; i < bytes.len; i++) {
		*to++ = digits[bytes.ptr[i] >> 4];
		*to++ = digits[bytes.ptr[i] & 15];
	}
}

void
quote_anywhere(struct buf *out, struct slice text)
{
	bool plain = true;

	for (size_t i = 0; plain && i < text.len; i++)
		plain = text.ptr[i] >= ' ' && text.ptr[i] < 0x7f && text.ptr[i] != '\'' &&
		    text.ptr[i] != '\\';
	buf_add_str(out, plain ? "_utf8mb3" : "_utf8mb3 ");
	if (!plain) {
		quote_hex(out, text);
		return;
	}
	buf_add_char(out, '\'');
	buf_add_slice(out, text);
	buf_add_char(out, '\'');
}

void
quote_pattern(struct buf *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '_' || name.ptr[i] == '%' || name.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, (char)name.ptr[i]);
	}
}
