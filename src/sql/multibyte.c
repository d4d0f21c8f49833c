#include "sql/multibyte.h"

static bool
within(uint8_t c, uint8_t low, uint8_t high)
{
	return c >= low && c <= high;
}

static bool
is_pair(uint8_t first, uint8_t second, unsigned modes)
{
	if ((modes & SQL_SJIS) != 0)
		return (within(first, 0x81, 0x9f) || within(first, 0xe0, 0xfc)) &&
		    (within(second, 0x40, 0x7e) || within(second, 0x80, 0xfc));
	if ((modes & SQL_GBK) != 0)
		return within(first, 0x81, 0xfe) &&
		    (within(second, 0x40, 0x7e) || within(second, 0x80, 0xfe));
	if ((modes & SQL_BIG5) != 0)
		return within(first, 0xa1, 0xf9) &&
		    (within(second, 0x40, 0x7e) || within(second, 0xa1, 0xfe));
	return false;
}

size_t
multibyte_len(struct slice text, unsigned modes)
{
	return text.len >= 2 && is_pair(text.ptr[0], text.ptr[1], modes) ? 2 : 1;
}

unsigned
multibyte_mode(struct slice charset)
{
	static const struct {
		const char *name;
		unsigned mode;
	} sets[] = { { "sjis", SQL_SJIS }, { "cp932", SQL_SJIS }, { "gbk", SQL_GBK },
		{ "big5", SQL_BIG5 } };

	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		if (slice_eq_nocase(charset, slice_str(sets[i].name)))
			return sets[i].mode;
	}
	return 0;
}
