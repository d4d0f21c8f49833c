#include "tablet/table/engine.h"

#include "tablet/table/clause_words.h"

static const char *const convertible[] = { "MyISAM", "Aria", NULL };

bool
engine_may_convert(struct slice engine)
{
	return word_is_one_of(engine, convertible);
}

/* With a value each, and how rows are kept in a file of their own engine. */
static bool
is_left_out(struct slice name, struct slice value)
{
	static const char *const options[] = { "PAGE_CHECKSUM", "TRANSACTIONAL", "CHECKSUM",
		"DELAY_KEY_WRITE", "PACK_KEYS", "KEY_BLOCK_SIZE", NULL };
	static const char *const formats[] = { "FIXED", "PAGE", "COMPRESSED", NULL };

	return word_is_one_of(name, options) ||
	    (slice_eq_nocase(name, slice_str("ROW_FORMAT")) && word_is_one_of(value, formats));
}

/* Appends the text between from, which lies in all, and the rest that is left. */
static void
add_between(struct buf *out, struct slice from, struct slice rest)
{
	buf_add_slice(out, slice_cut(from, 0, (size_t)(rest.ptr - from.ptr)));
}

/* An option, if that is next: what stands before it is in the buffer already. */
static void
add_option(struct buf *out, struct words *w, struct slice from)
{
	struct slice name = w->word;
	struct words value = *w;

	if (!words_take(&value, "=") || !words_next(&value)) {
		add_between(out, from, w->rest);
		return;
	}
	*w = value;
	if (slice_eq_nocase(name, slice_str("ENGINE")) && word_is_one_of(value.word, convertible)) {
		add_between(out, from, value.word);
		buf_add_str(out, "InnoDB");
	} else if (!is_left_out(name, value.word)) {
		add_between(out, from, value.rest);
	}
}

/* Appends options, and in brackets those of partitions. */
static void
add_converted(struct buf *out, struct slice options)
{
	struct words w = { .rest = options };
	struct slice from = options;

	while (words_next(&w)) {
		bool partitions = w.word.ptr[0] == '(' && w.word.len > 1;

		if (partitions) {
			add_between(out, from, slice_cut(w.word, 1, w.word.len));
			add_converted(out, slice_cut(w.word, 1, w.word.len));
		} else {
			add_option(out, &w, from);
		}
		from = w.rest;
	}
	buf_add_slice(out, from);
}

void
engine_to_innodb(struct arena *a, struct create_table *create)
{
	SCOPED(buf) struct buf options = BUF_INIT;

	add_converted(&options, create->options);
	create->options = arena_dup(a, buf_slice(&options));
}
