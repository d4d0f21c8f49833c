#include "mysql/mariadb.h"

#include "test.h"

TEST(mariadb_place_of_a_snapshot)
{
	const struct slice values[] = { slice_str("binlog_snapshot_file"), slice_str("b.000007"),
		slice_str("Binlog_snapshot_position"), slice_str("42"), slice_str("another"),
		slice_str("x") };
	struct slice file = SLICE_NULL, offset = SLICE_NULL;

	mariadb_dialect.snapshot_place(values + 4, 2, &file, &offset);
	mariadb_dialect.snapshot_place(values, 1, &file, &offset);
	expect(slice_is_null(file) && slice_is_null(offset));
	mariadb_dialect.snapshot_place(values, 6, &file, &offset);
	expect_slice(file, slice_str("b.000007"));
	expect_slice(offset, slice_str("42"));
}

TEST(mariadb_columns)
{
	const struct dialect *d = &mariadb_dialect;

	expect(d->is_bytewise(slice_str("utf8mb4_nopad_bin")));
	expect(!d->is_bytewise(slice_str("utf8mb4_bin")) && !d->is_bytewise(SLICE_NULL));
	expect(d->is_generated(slice_str("STORED GENERATED"), SLICE_NULL));
	expect(d->is_generated(slice_str(""), slice_str("`a` + 1")));
	expect(!d->is_generated(slice_str("auto_increment"), SLICE_NULL));
	expect(d->may_be_view(1965) && !d->may_be_view(1051));
}

TEST(mariadb_waits_for_rows_so_long)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	mariadb_dialect.row_wait(&sql, 3, slice_str("UPDATE t SET a=1"));
	expect_slice(buf_slice(&sql),
	    slice_str("SET STATEMENT innodb_lock_wait_timeout=3 FOR UPDATE t SET a=1"));
}
