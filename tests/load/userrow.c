#include "userrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t
user_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Text that needs escaping, quoting and a charset conversion; every character is also in latin1. */
static void
fill_data(char *out, size_t size, uint64_t mixed)
{
	/* clang-format off */
	static const char *const pieces[] = {
		"{\"a\":1}", "it's", "back\\slash", "line\nbreak", "tab\t", "caf\xc3\xa9", "100% ",
		    "\"quoted\"", "``",
		"plain words and more of them", "0123456789abcdef", " trailing ",
	};
	/* clang-format on */
	/* the demo's rows have about 130 bytes here */
	size_t want = (size_t)(mixed % 600), used = 0;

	out[0] = '\0';
	while (used < want) {
		const char *p = pieces[mixed % (sizeof pieces / sizeof *pieces)];
		int n = snprintf(out + used, size - used, "%s", p);

		used += (size_t)n;
		mixed = user_mix(mixed);
	}
}

void
user_text(const struct userrow *r, struct usertext *t)
{
	uint64_t mixed = user_mix(r->seed * 31 + r->ver);
	/* the range of the demo's table */
	time_t when = (time_t)(1600000000 + mixed % 100000000);
	struct tm tm;

	gmtime_r(&when, &tm);
	snprintf(t->email, sizeof t->email, "v%" PRIu32 ".%" PRIu64 "@load.example", r->email_ver,
	    r->seed);
	snprintf(t->name, sizeof t->name, "Name v%" PRIu32 " of %" PRIu64, r->ver, r->seed);
	strftime(t->created, sizeof t->created, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(t->balance, sizeof t->balance, "%s%" PRId64 ".%02" PRId64, r->cents < 0 ? "-" : "",
	    (r->cents < 0 ? -r->cents : r->cents) / 100,
	    (r->cents < 0 ? -r->cents : r->cents) % 100);
	t->name_null = r->ver % 7 == 0; /* some of each */
	t->data_null = mixed % 11 == 0;
	fill_data(t->data, sizeof t->data, mixed);
}

static bool
same(const char *got, unsigned long len, const char *want, bool want_null)
{
	if (want_null || got == NULL)
		return want_null && got == NULL;
	return len == strlen(want) && memcmp(got, want, len) == 0;
}

bool
user_matches(const struct userrow *r, char **cols, const unsigned long *lens)
{
	struct usertext t;

	user_text(r, &t);
	return same(cols[1], lens[1], t.email, false) &&
	    same(cols[2], lens[2], t.name, t.name_null) &&
	    same(cols[3], lens[3], t.created, false) && same(cols[4], lens[4], t.balance, false) &&
	    same(cols[5], lens[5], t.data, t.data_null);
}

static uint64_t
fnv(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t
user_hash(char **cols, const unsigned long *lens)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (int i = 0; i < USER_COLS; i++) {
		uint64_t len = cols[i] == NULL ? UINT64_MAX : lens[i];

		h = fnv(h, &len, sizeof len);
		if (cols[i] != NULL)
			h = fnv(h, cols[i], lens[i]);
	}
	return h;
}

bool
user_seed_of_email(const char *email, unsigned long len, uint64_t *seed)
{
	char text[80];
	uint32_t ver;
	int end = -1;

	if (email == NULL || len >= sizeof text)
		return false;
	memcpy(text, email, len);
	text[len] = '\0';
	return sscanf(text, "v%" SCNu32 ".%" SCNu64 "@load.example%n", &ver, seed, &end) == 2 &&
	    end == (int)len;
}
