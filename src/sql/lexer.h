/*
 * lexer.h - the tokens of MariaDB and MySQL.
 *
 * Text is cut as the servers' own lexers cut it under the given bits of sql_mode
 * and character set (modes.h). Under gb18030, which has characters of four bytes with
 * digits in them, a session must not be read by this.
 *
 * Comments are skipped. Executable comments (slash, star, then ! or M!, and
 * perhaps a version) are code: their marks vanish and what is inside is cut
 * like the rest. Where it depends on the server whether it runs, its tokens
 * carry conditional.
 *
 *   mark       MariaDB 10.11+          MySQL 8+       here, when the server's version is not known
 *   !          runs                    runs           code
 *   !40101     runs                    runs           code (below 50700)
 *   !80013     skipped                 by version     conditional
 *   !100100    by version              skipped        conditional
 *   M!         runs                    a comment      conditional
 *
 * With a version (modes.h) it is code or a comment, as for that server.
 *
 * What is not decided here: whether a word is a keyword at its place, whether a '-' is a sign, what an
 * escape in a string means. Tokens are spans of the text and copy nothing.
 *
 * Names and numbers. A name may begin with a digit (2fa) and a number may not be followed by a name (1e5x
 * is a name), so a run of name characters is read to its end first. Behind a dot it is a name whatever it
 * looks like: t.1, t.select. A dot with a digit behind it begins a number only where no name ends right
 * before it.
 */
#ifndef SQL_LEXER_H
#define SQL_LEXER_H

#include "base/err.h"
#include "base/slice.h"
#include "sql/keyword.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,            /* an unquoted name or keyword */
	TOKEN_QUOTED,          /* `name`, and "name" under ANSI_QUOTES */
	TOKEN_STRING,          /* '...', "...", N'...' */
	TOKEN_NUMBER,          /* 1, 1.5e3, 0x1f, x'1f', b'01' */
	TOKEN_PARAM,           /* ? */
	TOKEN_USER_VARIABLE,   /* @x, @'x', @`x` */
	TOKEN_SYSTEM_VARIABLE, /* @@x, @@session.x, as one */
	TOKEN_ASSIGN,          /* := */
	TOKEN_PUNCT,           /* one byte of anything else */
};

struct token {
	enum token_kind kind;
	enum keyword keyword; /* of a TOKEN_WORD; KW_NONE when it is none */
	uint8_t punct;        /* of a TOKEN_PUNCT */
	bool conditional;
	size_t start, end; /* bytes of the text */
};

/* A place in a text. Borrowed: the text stays the caller's and must not change. May be copied, to look
 * ahead. */
struct lexer {
	struct slice sql;
	unsigned modes;
	size_t at;
	bool in_executable, conditional;
	bool after_name; /* the last token was a name that ends at 'at' */
	bool after_dot;  /* the last token was the dot of a name: what follows is one too */
};

void lexer_init(struct lexer *l, struct slice sql, unsigned modes);
/* TOKEN_END at the end, again and again. ERR_REFUSED: a string, name or comment without its end; no
 * server would run the text either, and the lexer is not to be asked again. */
int lexer_next(struct lexer *l, struct token *out, struct err *err) MUST_USE;

#endif
