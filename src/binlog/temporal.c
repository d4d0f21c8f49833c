#include "binlog/temporal.h"

#include "base/check.h"

#include <stdio.h>
#include <time.h>

/* Text of any of them; bounded by the field widths, whatever the bytes were. */
struct moment {
	unsigned year, month, day, hour, minute, second, micros;
};

static size_t
print_fraction(char *text, size_t len, unsigned micros, int digits)
{
	static const unsigned unit[TEMPORAL_FRACTION_MAX + 1] = { 1000000, 100000, 10000, 1000, 100,
		10, 1 };

	if (digits == 0)
		return len;
	return len +
	    (size_t)snprintf(
		text + len, TEMPORAL_TEXT_MAX - len, ".%0*u", digits, micros / unit[digits]);
}

static size_t
print_date(char *text, const struct moment *m)
{
	return (size_t)snprintf(
	    text, TEMPORAL_TEXT_MAX, "%04u-%02u-%02u", m->year % 10000, m->month, m->day);
}

static size_t
print_datetime(char *text, const struct moment *m, int digits)
{
	size_t len = print_date(text, m);

	len += (size_t)snprintf(text + len, TEMPORAL_TEXT_MAX - len, " %02u:%02u:%02u",
	    m->hour % 100, m->minute % 100, m->second % 100);
	return print_fraction(text, len, m->micros, digits);
}

static size_t
print_time(char *text, bool negative, const struct moment *m, int digits)
{
	size_t len = (size_t)snprintf(text, TEMPORAL_TEXT_MAX, "%s%02u:%02u:%02u",
	    negative ? "-" : "", m->hour % 10000, m->minute % 100, m->second % 100);

	return print_fraction(text, len, m->micros, digits);
}

/*
 * Microseconds from the fraction's bytes: one holds hundredths, two ten-thousandths, three
 * millionths.
 */
static unsigned
read_fraction(struct cursor *c, int digits)
{
	static const unsigned scale[4] = { 0, 10000, 100, 1 };
	size_t bytes = (size_t)(digits + 1) / 2;
	uint64_t v;

	check(digits <= TEMPORAL_FRACTION_MAX);
	v = cursor_be(c, bytes) * scale[bytes];
	if (v > 999999)
		c->failed = true;
	return (unsigned)v;
}

size_t
temporal_date(struct cursor *c, char text[TEMPORAL_TEXT_MAX])
{
	unsigned v = (unsigned)cursor_le(c, 3);
	struct moment m = { .year = v >> 9, .month = v >> 5 & 15, .day = v & 31 };

	return c->failed ? 0 : print_date(text, &m);
}

size_t
temporal_time_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX])
{
	unsigned v = (unsigned)cursor_le(c, 3);
	bool negative = (v & 0x800000) != 0;
	unsigned n = negative ? 0x1000000 - v : v;
	struct moment m = { .hour = n / 10000, .minute = n / 100 % 100, .second = n % 100 };

	return c->failed ? 0 : print_time(text, negative, &m, 0);
}

size_t
temporal_datetime_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX])
{
	uint64_t v = cursor_le(c, 8);
	unsigned date = (unsigned)(v / 1000000 % 100000000), hms = (unsigned)(v % 1000000);
	struct moment m = {
		.year = date / 10000,
		.month = date / 100 % 100,
		.day = date % 100,
		.hour = hms / 10000,
		.minute = hms / 100 % 100,
		.second = hms % 100,
	};

	return c->failed ? 0 : print_datetime(text, &m, 0);
}

/* Second 0 is not 1970: it is the zero date, with a fraction of zeros. */
static struct moment
moment_of_unix(uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL)
		return (struct moment){ 0 };
	return (struct moment){
		.year = (unsigned)tm.tm_year + 1900,
		.month = (unsigned)tm.tm_mon + 1,
		.day = (unsigned)tm.tm_mday,
		.hour = (unsigned)tm.tm_hour,
		.minute = (unsigned)tm.tm_min,
		.second = (unsigned)tm.tm_sec,
	};
}

size_t
temporal_timestamp_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX])
{
	struct moment m = moment_of_unix(cursor_le(c, 4));

	return c->failed ? 0 : print_datetime(text, &m, 0);
}

size_t
temporal_timestamp(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX])
{
	uint64_t seconds = cursor_be(c, 4);
	unsigned micros = read_fraction(c, digits);
	struct moment m = moment_of_unix(seconds);

	/* the first second of 1970, which has a fraction */
	if (seconds == 0 && micros != 0) {
		m.year = 1970;
		m.month = m.day = 1;
	}
	m.micros = micros;
	return c->failed ? 0 : print_datetime(text, &m, digits);
}

size_t
temporal_datetime(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX])
{
	uint64_t v = cursor_be(c, 5);
	unsigned micros = read_fraction(c, digits);
	uint64_t ymd = v >> 17 & 0x3fffff, hms = v & 0x1ffff;

	if ((v & 0x8000000000) == 0) /* a negative datetime does not exist */
		c->failed = true;
	/* clang-format off */
	struct moment m = {
		.year = (unsigned)(ymd >> 5) / 13, .month = (unsigned)(ymd >> 5) % 13,
		    .day = (unsigned)ymd & 31,
		.hour = (unsigned)(hms >> 12), .minute = (unsigned)hms >> 6 & 63,
		    .second = (unsigned)hms & 63,
		.micros = micros,
	};
	/* clang-format on */
	return c->failed ? 0 : print_datetime(text, &m, digits);
}

size_t
temporal_time(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX])
{
	size_t fraction_bytes = (size_t)(digits + 1) / 2;
	unsigned shift = (unsigned)fraction_bytes * 8;
	int64_t zero = INT64_C(0x800000) << shift;
	int64_t v = (int64_t)cursor_be(c, 3 + fraction_bytes) - zero;
	uint64_t n = (uint64_t)(v < 0 ? -v : v);
	uint8_t fraction[3] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	struct cursor f = cursor_of(slice_of(fraction + 3 - fraction_bytes, fraction_bytes));
	unsigned hms = (unsigned)(n >> shift);
	struct moment m = {
		.hour = hms >> 12 & 1023,
		.minute = hms >> 6 & 63,
		.second = hms & 63,
		.micros = read_fraction(&f, digits),
	};
	c->failed |= f.failed;
	return c->failed ? 0 : print_time(text, v < 0, &m, digits);
}
