#include "binlog/decimal.h"

#include "base/check.h"

#include <stdio.h>

enum { GROUP_DIGITS = 9, GROUP_BYTES = 4 };

static const uint8_t bytes_of_digits[GROUP_DIGITS + 1] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 4 };
static const uint32_t limit_of_digits[GROUP_DIGITS + 1] = {
	1,
	10,
	100,
	1000,
	10000,
	100000,
	1000000,
	10000000,
	100000000,
	1000000000,
};

static size_t
part_bytes(int digits)
{
	return (size_t)(digits / GROUP_DIGITS * GROUP_BYTES) +
	    bytes_of_digits[digits % GROUP_DIGITS];
}

size_t
decimal_bytes(int precision, int scale)
{
	return part_bytes(precision - scale) + part_bytes(scale);
}

/* One group of digits, written with leading zeros. Too large a number is not what a server writes. */
static void
read_group(struct cursor *c, int digits, uint64_t mask, char *out)
{
	size_t bytes = bytes_of_digits[digits];
	uint64_t v = (cursor_be(c, bytes) ^ mask) & ((UINT64_C(1) << (bytes * 8)) - 1);

	if (v >= limit_of_digits[digits])
		c->failed = true;
	for (int i = digits; i > 0; i--, v /= 10)
		out[i - 1] = (char)('0' + v % 10);
}

/* The digits of both parts, no point: the short group first in front, last behind. */
static void
read_digits(struct cursor *c, int whole, int scale, uint64_t mask, char *out)
{
	read_group(c, whole % GROUP_DIGITS, mask, out);
	out += whole % GROUP_DIGITS;
	for (int i = 0; i < whole / GROUP_DIGITS + scale / GROUP_DIGITS; i++, out += GROUP_DIGITS)
		read_group(c, GROUP_DIGITS, mask, out);
	read_group(c, scale % GROUP_DIGITS, mask, out);
}

/* Canonical text of count digits of which the last scale are behind the point. */
static size_t
print_digits(bool negative, const char *digits, int count, int scale, char *text)
{
	char *at = text;
	int i = 0;
	bool zero = true;

	for (int k = 0; k < count; k++)
		zero = zero && digits[k] == '0';
	if (negative && !zero)
		*at++ = '-';
	while (i < count - scale && digits[i] == '0')
		i++;
	if (i == count - scale)
		*at++ = '0';
	for (; i < count; i++) {
		if (i == count - scale)
			*at++ = '.';
		*at++ = digits[i];
	}
	*at = 0;
	return (size_t)(at - text);
}

size_t
decimal_read(struct cursor *c, int precision, int scale, char text[DECIMAL_TEXT_MAX])
{
	char digits[DECIMAL_DIGITS_MAX + 1];
	uint8_t packed[40]; /* 65 digits take 30 bytes at most */
	size_t len = decimal_bytes(precision, scale);

	check(precision >= 1 && precision <= DECIMAL_DIGITS_MAX && scale >= 0 && scale <= precision);
	const uint8_t *at = cursor_take(c, len);
	if (at == NULL)
		return 0;
	memcpy(packed, at, len);
	bool negative = (packed[0] & 0x80) == 0;
	packed[0] ^= 0x80;
	struct cursor p = cursor_of(slice_of(packed, len));
	read_digits(&p, precision - scale, scale, negative ? UINT64_MAX : 0, digits);
	c->failed |= p.failed;
	return p.failed ? 0 : print_digits(negative, digits, precision, scale, text);
}

/* Right-aligns the digits of part into room zeros; false when it is too long or no digits. */
static bool
place(struct slice part, char *out, int room, bool align_left)
{
	memset(out, '0', (size_t)room);
	while (!align_left && part.len > (size_t)room && *part.ptr == '0')
		part = slice_cut(part, 1, part.len);
	if (part.len > (size_t)room)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		if (part.ptr[i] < '0' || part.ptr[i] > '9')
			return false;
		out[align_left ? i : (size_t)room - part.len + i] = (char)part.ptr[i];
	}
	return true;
}

size_t
decimal_canonical(struct slice in, int precision, int scale, char text[DECIMAL_TEXT_MAX])
{
	char digits[DECIMAL_DIGITS_MAX + 1];
	struct slice whole;
	bool negative = in.len > 0 && in.ptr[0] == '-';
	struct slice fraction = slice_split(slice_cut(in, negative, in.len), '.', &whole);

	if (whole.len + fraction.len == 0 || !place(whole, digits, precision - scale, false) ||
	    !place(fraction, digits + precision - scale, scale, true))
		return 0;
	return print_digits(negative, digits, precision, scale, text);
}
