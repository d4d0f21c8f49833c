/*
 * expression.h - an expression of a definition in words that servers of all flavours take, and mean the
 * same by.
 *
 *   MariaDB    `v` > -9 and lcase(`w`) = 'a'
 *   MySQL      ((`v` > -(9)) and (lower(`w`) = _utf8mb4'a'))
 *   common     (`v` > -9) and (lower(`w`) = 'a')
 *
 * Brackets stand around each part that is made of others, whether it needs them or not. What is not known to
 * mean the same is not understood: division, whose digits a setting says; functions but for a few.
 */
#ifndef TABLET_TABLE_EXPRESSION_H
#define TABLET_TABLE_EXPRESSION_H

#include "base/arena.h"
#include "base/err.h"

enum expression_kind { EXPRESSION_LITERAL, EXPRESSION_NOW, EXPRESSION_OTHER };

struct expression {
	enum expression_kind kind;
	const char *text; /* LITERAL: a number or a quoted string */
};

/* As SHOW CREATE TABLE has it. False: it is not understood. */
bool expression_common(struct arena *a, struct slice text, struct expression *out) MUST_USE;

#endif
