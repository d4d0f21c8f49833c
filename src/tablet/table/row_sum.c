#include "tablet/table/row_sum.h"

#include "base/hash.h"
#include "tablet/table/same.h"

void
row_hash(const struct table_def *def, const struct slice *row, uint64_t out[2])
{
	SCOPED(buf) struct buf bytes = BUF_INIT;

	for (int i = 0; i < def->columns_count; i++) {
		if (column_is_written(&def->columns[i]))
			same_bytes(&bytes, &def->columns[i].type, row[i]);
	}
	hash_bytes_128(buf_slice(&bytes), out);
}

static struct row_sum
sum_of(const struct table_def *def, const struct slice *row)
{
	struct row_sum s = { .rows = 1 };

	row_hash(def, row, s.halves);
	return s;
}

void
row_sum_add(struct row_sum *s, const struct table_def *def, const struct slice *row)
{
	const struct row_sum one = sum_of(def, row);

	row_sum_join(s, &one);
}

void
row_sum_take(struct row_sum *s, const struct table_def *def, const struct slice *row)
{
	const struct row_sum one = sum_of(def, row);

	row_sum_part(s, &one);
}

void
row_sum_join(struct row_sum *s, const struct row_sum *more)
{
	s->rows += more->rows;
	s->halves[0] += more->halves[0];
	s->halves[1] += more->halves[1];
}

void
row_sum_part(struct row_sum *s, const struct row_sum *less)
{
	s->rows -= less->rows;
	s->halves[0] -= less->halves[0];
	s->halves[1] -= less->halves[1];
}

bool
row_sum_is_zero(const struct row_sum *s)
{
	return s->rows == 0 && s->halves[0] == 0 && s->halves[1] == 0;
}
