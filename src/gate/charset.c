#include "gate/charset.h"

#include "base/parse.h"
#include "sql/multibyte.h"

struct range {
	unsigned first, last;
};

/* Numbers of their collations: information_schema.COLLATIONS of MariaDB 10.11 and 11.8, MySQL 9.7. */
static const struct {
	const char *name;
	bool refused, utf8;
	struct range collations[5];
} SETS[] = {
	{ "utf8", false, true, { { 0 } } },
	{ "utf8mb3", false, true,
	    { { 33, 33 }, { 76, 76 }, { 83, 83 }, { 192, 215 }, { 223, 223 } } },
	{ "utf8mb4", false, true, { { 45, 46 }, { 224, 247 }, { 255, 255 } } },
	{ "ascii", false, true, { { 11, 11 }, { 65, 65 } } },
	{ "binary", false, true, { { 63, 63 } } },
	{ "sjis", false, false, { { 13, 13 }, { 88, 88 } } },
	{ "cp932", false, false, { { 95, 96 } } },
	{ "gbk", false, false, { { 28, 28 }, { 87, 87 } } },
	{ "big5", false, false, { { 1, 1 }, { 84, 84 } } },
	{ "gb18030", true, false, { { 248, 250 } } },
};

static struct charset
describe(size_t i)
{
	return (struct charset){ .modes = multibyte_mode(slice_str(SETS[i].name)),
		.refused = SETS[i].refused,
		.utf8 = SETS[i].utf8 };
}

struct charset
charset_of_collation(unsigned collation)
{
	for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
		for (size_t n = 0; n < 5; n++) {
			const struct range *r = &SETS[i].collations[n];

			if (r->first != 0 && collation >= r->first && collation <= r->last)
				return describe(i);
		}
	}
	return (struct charset){ 0 };
}

static bool
is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    c == '_';
}

/* Without quotes and what follows: COLLATE x. */
static struct slice
first_word(struct slice value)
{
	struct slice bare = slice_trim(value);
	size_t end = 0;

	if (bare.len >= 2 && (bare.ptr[0] == '\'' || bare.ptr[0] == '"' || bare.ptr[0] == '`'))
		bare = slice_cut(bare, 1, bare.len - 1);
	while (end < bare.len && is_word(bare.ptr[end]))
		end++;
	return slice_cut(bare, 0, end);
}

struct charset
charset_named(struct slice value)
{
	struct slice word = first_word(value);
	uint64_t number;
	struct err none;

	for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
		if (slice_eq_nocase(word, slice_str(SETS[i].name)))
			return describe(i);
	}
	if (parse_u64(word, &number, &none) == 0 && number < 256)
		return charset_of_collation((unsigned)number);
	return (struct charset){ 0 };
}
