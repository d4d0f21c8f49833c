/*
 * mini_words.h - the words of one statement, one after another, for who reads it.
 *
 * What is not as it must be ends the test with the statement's text (mini_cannot()).
 */
#ifndef TESTS_SIM_MINI_WORDS_H
#define TESTS_SIM_MINI_WORDS_H

#include "base/arena.h"
#include "sql/lexer.h"

struct mini_store;

struct mini_words {
	struct slice sql;
	struct arena *arena;
	struct mini_store *store; /* whose tables it names */
	struct token *tokens;     /* the last is TOKEN_END */
	size_t at, count, cap;
};

/* What stands before the tokens is set. */
void mini_cut(struct mini_words *r);
void mini_done(struct mini_words *r);

const struct token *mini_peek(const struct mini_words *r);
struct slice mini_text(const struct mini_words *r);
bool mini_is(const struct mini_words *r, const char *word);
/* take: true and behind it where it is next. need: it is next. */
bool mini_take(struct mini_words *r, const char *word);
void mini_need(struct mini_words *r, const char *word);
bool mini_take_punct(struct mini_words *r, char c);
void mini_need_punct(struct mini_words *r, char c);
/* `a`, or a bare word. Names of the worlds hold no quotes. */
struct slice mini_name(struct mini_words *r);
/* A number, text or NULL, in the arena. */
struct slice mini_literal(struct mini_words *r);
size_t mini_count(struct mini_words *r);

_Noreturn void mini_cannot(struct slice sql, const char *why);

#endif
