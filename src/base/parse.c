#include "base/parse.h"

#include "base/check.h"

#include <stdio.h>

enum { QUOTE_MAX = 64 }; /* bytes of a wrong text that an error repeats */

static int
refuse(struct err *err, struct slice s, const char *wanted)
{
	return err_set(
	    err, ERR_REFUSED, "'%.*s' is not %s", SLICE_ARG(slice_cut(s, 0, QUOTE_MAX)), wanted);
}

/* The digits at the front of *s, taken off; false when there are none or too many. */
static bool
take_u64(struct slice *s, uint64_t *out)
{
	size_t i = 0;
	uint64_t v = 0;

	for (; i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9'; i++) {
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->ptr[i] - '0'), &v))
			return false;
	}
	*s = slice_cut(*s, i, s->len);
	*out = v;
	return i > 0;
}

int
parse_u64(struct slice s, uint64_t *out, struct err *err)
{
	struct slice rest = s;

	if (!take_u64(&rest, out) || rest.len > 0)
		return refuse(err, s, "a whole number from 0 to 2^64-1");
	return 0;
}

int
parse_i64(struct slice s, int64_t *out, struct err *err)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	struct slice rest = slice_cut(s, negative, s.len);
	uint64_t v, limit = (uint64_t)INT64_MAX + negative;

	if (!take_u64(&rest, &v) || rest.len > 0 || v > limit)
		return refuse(err, s, "a whole number of 64 bits");
	*out = (int64_t)(negative ? 0 - v : v);
	return 0;
}

int
parse_int(struct slice s, int min, int max, int *out, struct err *err)
{
	int64_t v;

	TRY(parse_i64(s, &v, err));
	if (v < min || v > max)
		return err_set(
		    err, ERR_REFUSED, "%lld is not between %d and %d", (long long)v, min, max);
	*out = (int)v;
	return 0;
}

int
parse_bool(struct slice s, bool *out, struct err *err)
{
	static const char *const words[] = { "false", "true", "off", "on", "no", "yes", "0", "1" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!slice_eq_nocase(s, slice_str(words[i])))
			continue;
		*out = i % 2 == 1;
		return 0;
	}
	return refuse(err, s, "true or false");
}

/* log2 of what a size's unit multiplies by, or -1. */
static int
size_shift(struct slice unit)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	for (int i = 0; i < 5; i++)
		if (slice_eq_nocase(unit, slice_str(units[i])))
			return 10 * i;
	return -1;
}

int
parse_size(struct slice s, uint64_t *out, struct err *err)
{
	struct slice rest = s;
	uint64_t v;

	if (!take_u64(&rest, &v))
		return refuse(err, s, "a size such as 64k, 16M or 1G");
	int shift = size_shift(rest);

	if (shift < 0 || v > UINT64_MAX >> shift)
		return refuse(err, s, "a size such as 64k, 16M or 1G");
	*out = v << shift;
	return 0;
}

struct duration_unit {
	const char *name;
	usec length;
};

/* "ms" before "m", so that the first that fits is the right one. */
static const struct duration_unit duration_units[] = {
	{ "ms", MSEC },
	{ "us", 1 },
	{ "\xc2\xb5s", 1 },
	{ "\xce\xbcs", 1 }, /* Go prints the micro sign */
	{ "h", 60 * MINUTE },
	{ "m", MINUTE },
	{ "s", SECOND },
};

static const struct duration_unit *
take_unit(struct slice *s)
{
	for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++) {
		if (!slice_starts(*s, duration_units[i].name))
			continue;
		*s = slice_cut(*s, strlen(duration_units[i].name), s->len);
		return &duration_units[i];
	}
	return NULL;
}

/* Digits behind the point as millionths; further digits are below a microsecond of a second and must be 0. */
static bool
take_fraction(struct slice *s, uint64_t *millionths)
{
	uint64_t unit = 100000;
	size_t i = 1;

	*millionths = 0;
	if (s->len == 0 || s->ptr[0] != '.')
		return true;
	for (; i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9'; i++, unit /= 10) {
		if (unit == 0 && s->ptr[i] != '0')
			return false;
		*millionths += unit * (uint64_t)(s->ptr[i] - '0');
	}
	*s = slice_cut(*s, i, s->len);
	return i > 1;
}

/* One "1.5h" off the front of *s, added to *sum; only the first may go without a unit. */
static bool
take_duration(struct slice *s, uint64_t *sum, bool first)
{
	uint64_t whole, millionths, part;

	if (!take_u64(s, &whole) || !take_fraction(s, &millionths))
		return false;
	const struct duration_unit *unit = take_unit(s);
	usec length = SECOND;

	if (unit != NULL)
		length = unit->length;
	else if (s->len > 0 || !first)
		return false;
	if (__builtin_mul_overflow(whole, (uint64_t)length, &part))
		return false;
	part += millionths * (uint64_t)length / 1000000; /* at most an hour: far from the limit */
	return part <= (uint64_t)NEVER - 1 && !__builtin_add_overflow(*sum, part, sum) &&
	    *sum < (uint64_t)NEVER;
}

int
parse_duration(struct slice s, usec *out, struct err *err)
{
	struct slice rest = s;
	uint64_t sum = 0;

	do {
		if (!take_duration(&rest, &sum, rest.len == s.len))
			return refuse(err, s, "a duration such as 30s, 1m30s or 250ms");
	} while (rest.len > 0);
	*out = (usec)sum;
	return 0;
}

/* Splits "host:port", "[v6]:port". */
static bool
split_hostport(struct slice s, struct slice *host, struct slice *port)
{
	if (s.len > 0 && s.ptr[0] == '[') {
		struct slice after = slice_split(slice_cut(s, 1, s.len), ']', host);

		*port = slice_cut(after, 1, after.len);
		return slice_starts(after, ":");
	}
	*port = slice_split(s, ':', host);
	return !slice_is_null(*port) && memchr(port->ptr, ':', port->len) == NULL;
}

static bool
host_is_clean(struct slice host)
{
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] <= ' ' || host.ptr[i] >= 0x7f || strchr("/[]@", host.ptr[i]) != NULL)
			return false;
	return host.len > 0 && host.len < 256;
}

int
parse_hostport(struct slice s, char host[256], int *port, struct err *err)
{
	struct slice host_part, port_part;

	if (!split_hostport(s, &host_part, &port_part) || !host_is_clean(host_part))
		return refuse(err, s, "an address such as 127.0.0.1:3306 or [::1]:3306");
	if (parse_int(port_part, 0, 65535, port, err) != 0)
		return err_wrap(err, "port of '%.*s'", SLICE_ARG(slice_cut(s, 0, QUOTE_MAX)));
	memcpy(host, host_part.ptr, host_part.len);
	host[host_part.len] = '\0';
	return 0;
}

void
print_hostport(char *out, size_t size, const char *address, int port)
{
	const char *colon = strrchr(address, ':');

	check(colon != NULL);
	snprintf(out, size, "%.*s:%d", (int)(colon - address), address, port);
}

/* whole.fraction without zeros at its end; fraction counts thousandths or millionths (digits). */
static void
print_decimal(char *out, size_t size, int64_t whole, int64_t fraction, int digits)
{
	while (digits > 0 && fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	if (digits == 0)
		snprintf(out, size, "%lld", (long long)whole);
	else
		snprintf(out, size, "%lld.%0*lld", (long long)whole, digits, (long long)fraction);
}

void
print_duration(char *out, size_t size, usec d)
{
	const char *sign = d < 0 ? "-" : "";
	char hours[32] = "", minutes[32] = "", seconds[64] = "";

	if (d == NEVER) {
		snprintf(out, size, "never");
		return;
	}
	d = d < 0 ? -(d + (d == INT64_MIN)) : d;
	if (d > 0 && d < MSEC) {
		snprintf(out, size, "%s%dus", sign, (int)d);
		return;
	}
	if (d > 0 && d < SECOND) {
		print_decimal(seconds, sizeof seconds, d / MSEC, d % MSEC, 3);
		snprintf(out, size, "%s%sms", sign, seconds);
		return;
	}
	if (d >= 60 * MINUTE)
		snprintf(hours, sizeof hours, "%lldh", (long long)(d / (60 * MINUTE)));
	if (d / MINUTE % 60 > 0)
		snprintf(minutes, sizeof minutes, "%dm", (int)(d / MINUTE % 60));
	print_decimal(seconds, sizeof seconds, d / SECOND % 60, d % SECOND, 6);
	bool no_seconds = d >= MINUTE && d % MINUTE == 0;

	snprintf(out, size, "%s%s%s%s%s", sign, hours, minutes, no_seconds ? "" : seconds,
	    no_seconds ? "" : "s");
}
