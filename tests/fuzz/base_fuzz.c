/*
 * What people type and programs print: numbers, durations, addresses.
 */
#include "base/check.h"
#include "base/parse.h"
#include "fuzz/fuzz.h"

#include <string.h>

static void
duration(struct slice s)
{
	struct err err = { 0 };
	usec d, again;
	char text[64];

	if (parse_duration(s, &d, &err) != 0)
		return;
	print_duration(text, sizeof text, d);
	check(parse_duration(slice_str(text), &again, &err) == 0 && again == d);
}

void
fuzz_one(struct slice input)
{
	unsigned char choice = fuzz_choice(&input);
	struct err err = { 0 };
	int64_t i64;
	uint64_t u64;
	int n;
	bool b;
	char host[256];

	switch (choice % 7) {
	case 0: (void)!parse_i64(input, &i64, &err); break;
	case 1: (void)!parse_u64(input, &u64, &err); break;
	case 2: check(parse_int(input, -5, 70000, &n, &err) != 0 || (n >= -5 && n <= 70000)); break;
	case 3: (void)!parse_bool(input, &b, &err); break;
	case 4: (void)!parse_size(input, &u64, &err); break;
	case 5: duration(input); break;
	default:
		check(parse_hostport(input, host, &n, &err) != 0 || strlen(host) < sizeof host);
		break;
	}
}
