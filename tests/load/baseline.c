#include "baseline.h"

#include "userrow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add(struct baseline *b, uint64_t id, uint64_t hash)
{
	if (b->count == b->cap) {
		b->cap = b->cap == 0 ? 65536 : b->cap * 2;
		b->rows = realloc(b->rows, b->cap * sizeof *b->rows);
		if (b->rows == NULL)
			abort();
	}
	b->rows[b->count++] = (struct base_row){ id, hash };
}

int
baseline_read(struct baseline *b, MYSQL *my)
{
	MYSQL_RES *res = NULL;
	MYSQL_ROW row;

	if (mysql_query(my, "SELECT " USER_COLUMNS " FROM users ORDER BY id") == 0)
		res = mysql_use_result(my);
	while (res != NULL && (row = mysql_fetch_row(res)) != NULL)
		add(b, strtoull(row[0], NULL, 10), user_hash(row, mysql_fetch_lengths(res)));
	if (res != NULL)
		mysql_free_result(res);
	if (mysql_errno(my) == 0)
		return 0;
	fprintf(stderr, "load: reading the table before the run: %s\n", mysql_error(my));
	return -1;
}

static FILE *
open_file(const char *dir, const char *mode)
{
	char path[4096 - 512];
	FILE *f;

	snprintf(path, sizeof path, "%s/baseline.bin", dir);
	f = fopen(path, mode);
	if (f == NULL)
		fprintf(stderr, "load: opening '%s': %m\n", path);
	return f;
}

int
baseline_save(const struct baseline *b, const char *dir)
{
	FILE *f = open_file(dir, "wb");
	int rc = 0;

	if (f == NULL)
		return -1;
	if (fwrite(b->rows, sizeof *b->rows, b->count, f) != b->count)
		rc = -1;
	if (fclose(f) != 0)
		rc = -1;
	if (rc != 0)
		fprintf(stderr, "load: writing the baseline: %m\n");
	return rc;
}

int
baseline_load(struct baseline *b, const char *dir)
{
	FILE *f = open_file(dir, "rb");
	struct base_row row;

	if (f == NULL)
		return -1;
	while (fread(&row, sizeof row, 1, f) == 1)
		add(b, row.id, row.hash);
	fclose(f);
	return 0;
}

void
baseline_done(struct baseline *b)
{
	free(b->rows);
	*b = (struct baseline){ 0 };
}

int64_t
baseline_find(const struct baseline *b, uint64_t id)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (b->rows[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < b->count && b->rows[low].id == id ? (int64_t)low : -1;
}
