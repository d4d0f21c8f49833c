/*
 * clause_words.h - a clause of SHOW CREATE TABLE, word by word.
 *
 * A word is a name or number, a string with its quotes, what is in brackets with them, a comment, or one
 * other character; b'101' is one. Blanks lie between.
 */
#ifndef TABLET_TABLE_CLAUSE_WORDS_H
#define TABLET_TABLE_CLAUSE_WORDS_H

#include "base/slice.h"

/* What is left of the clause, and the word before it. */
struct words {
	struct slice rest, word;
};

/* False at the end. */
bool words_next(struct words *w);
/* Takes the next word if it is that one, in whichever case. */
bool words_take(struct words *w, const char *word);
/* Takes what is in brackets, if that is next; else *out is empty. */
void words_take_brackets(struct words *w, struct slice *out);
/* words end with NULL. */
bool word_is_one_of(struct slice word, const char *const *words);

#endif
