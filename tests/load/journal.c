#include "journal.h"

#include <inttypes.h>

#define ROW_PRINT "%c %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRId64 " %d\n"
#define ROW_SCAN  " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNd64 " %d\n"

FILE *
journal_create(const char *dir, int client)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof path, "%s/client-%d.journal", dir, client);
	f = fopen(path, "w");
	if (f == NULL)
		fprintf(stderr, "load: creating '%s': %m\n", path);
	return f;
}

static void
put(FILE *f, char tag, const struct userrow *r)
{
	fprintf(f, ROW_PRINT, tag, r->id, r->seed, r->ver, r->email_ver, r->cents, r->exists);
}

void
journal_known(FILE *f, const struct userrow *row)
{
	put(f, 'S', row);
}

void
journal_unknown(FILE *f, const struct change *changes, int count)
{
	fprintf(f, "U %d\n", count);
	for (int i = 0; i < count; i++) {
		put(f, 'B', &changes[i].before);
		put(f, 'A', &changes[i].after);
	}
}

static int
get(FILE *f, struct userrow *r)
{
	int exists;

	if (fscanf(f, ROW_SCAN, &r->id, &r->seed, &r->ver, &r->email_ver, &r->cents, &exists) != 6)
		return -1;
	r->exists = exists != 0;
	r->frozen = false;
	return 0;
}

enum journal_entry
journal_read(FILE *f, struct journal_item *item)
{
	int tag = fgetc(f);

	if (tag == EOF)
		return JOURNAL_END;
	item->count = 1;
	if (tag == 'S')
		return get(f, &item->changes[0].after) == 0 ? JOURNAL_KNOWN : JOURNAL_BROKEN;
	if (tag != 'U' || fscanf(f, " %d\n", &item->count) != 1 || item->count < 1 ||
	    item->count > CHANGES_MAX)
		return JOURNAL_BROKEN;
	for (int i = 0; i < item->count; i++) {
		if (fgetc(f) != 'B' || get(f, &item->changes[i].before) != 0)
			return JOURNAL_BROKEN;
		if (fgetc(f) != 'A' || get(f, &item->changes[i].after) != 0)
			return JOURNAL_BROKEN;
	}
	return JOURNAL_UNKNOWN;
}
