/* The table while it is copied, and what makes it whole. */
#include "tablet/table/bare_sql.h"
#include "test.h"

enum { K, ID, V };

static struct column columns[] = {
	{ .name = "k" },
	{ .name = "i`d", .auto_increment = true },
	{ .name = "v" },
};

#define LINES                                                                                      \
	"CREATE TABLE `s` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL AUTO_INCREMENT"
#define CHECKED ",\n  CONSTRAINT `c` CHECK (`k` > 0)"
#define OPTIONS "\n) ENGINE=InnoDB"

static struct index_def
index_of(const char *name, const char *clause, int first)
{
	return (struct index_def){ .name = name,
		.clause = clause,
		.first = first,
		.unique = strncmp(clause, "UNIQUE", 6) == 0 };
}

static void
expect_texts(const struct table_def *def, const char *create, const char *complete)
{
	SCOPED(buf) struct buf a = BUF_INIT;
	SCOPED(buf) struct buf b = BUF_INIT;

	bare_sql_create(&a, def, "d", "t");
	bare_sql_complete(&b, def, "d", "t");
	expect_slice(buf_slice(&a), slice_str(create));
	expect_slice(buf_slice(&b), slice_str(complete));
}

TEST(a_bare_table_has_the_primary_key_only)
{
	int key[] = { ID };
	struct index_def indexes[] = {
		index_of("u", "UNIQUE KEY `u` (`i``d`,`v`)", ID),
		index_of("v", "KEY `v` (`v`)", V),
	};
	/* clang-format off */
	struct table_def def = {
		.columns = columns, .columns_count = 3, .key = key, .key_count = 1,
		.indexes = indexes, .indexes_count = 2,
		.told_sql = LINES ",\n  PRIMARY KEY (`i``d`),\n  UNIQUE KEY `u` (`i``d`,`v`),\n"
		              "  KEY `v` (`v`)" CHECKED OPTIONS,
	};
	/* clang-format on */

	expect_texts(&def,
	    "CREATE TABLE `d`.`t` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL AUTO_INCREMENT,\n"
	    "  PRIMARY KEY (`i``d`)" CHECKED OPTIONS,
	    "ALTER TABLE `d`.`t` ADD UNIQUE KEY `u` (`i``d`,`v`), ADD KEY `v` (`v`)");
	def.indexes_count = 0;
	def.told_sql = LINES ",\n  PRIMARY KEY (`i``d`)" OPTIONS;
	expect_texts(&def,
	    "CREATE TABLE `d`.`t` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL AUTO_INCREMENT,\n"
	    "  PRIMARY KEY (`i``d`)" OPTIONS,
	    "");
}

/* The unique key that stands in for a primary one is there from the beginning. */
static void
expect_key_stays(struct index_def *indexes, int count, const char *complete)
{
	SCOPED(buf) struct buf source = BUF_INIT;
	int key[] = { ID };
	struct table_def def = {
		.columns = columns,
		.columns_count = 3,
		.key = key,
		.key_count = 1,
		.indexes = indexes,
		.indexes_count = count,
	};

	buf_add_str(&source, LINES);
	for (int i = 0; i < count; i++)
		buf_addf(&source, ",\n  %s", indexes[i].clause);
	buf_add_str(&source, CHECKED OPTIONS);
	def.told_sql = source.data;
	expect_texts(&def,
	    "CREATE TABLE `d`.`t` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL AUTO_INCREMENT,\n"
	    "  UNIQUE KEY `a``b` (`i``d`)" CHECKED OPTIONS,
	    complete);
}

TEST(a_unique_key_that_stands_in_for_a_primary_one_is_there_from_the_beginning)
{
	struct index_def indexes[] = {
		index_of("u", "UNIQUE KEY `u` (`v`)", V),
		index_of("a`b", "UNIQUE KEY `a``b` (`i``d`)", ID),
		index_of("v", "KEY `v` (`v`)", V),
	};

	indexes[1].is_key = true;
	expect_key_stays(&indexes[1], 1, "");
	expect_key_stays(&indexes[1], 2, "ALTER TABLE `d`.`t` ADD KEY `v` (`v`)");
	expect_key_stays(indexes, 3,
	    "ALTER TABLE `d`.`t` DROP KEY `a``b`, ADD UNIQUE KEY `u` (`v`), "
	    "ADD UNIQUE KEY `a``b` (`i``d`), ADD KEY `v` (`v`)");
}

/* The primary key of the rest begins with k. */
static void
expect_kept(struct index_def *indexes, int count, const char *kept, const char *complete)
{
	SCOPED(buf) struct buf source = BUF_INIT;
	SCOPED(buf) struct buf create = BUF_INIT;
	int key[] = { K, ID };
	struct table_def def = {
		.columns = columns,
		.columns_count = 3,
		.key = key,
		.key_count = 2,
		.indexes = indexes,
		.indexes_count = count,
	};

	buf_add_str(&source, LINES ",\n  PRIMARY KEY (`k`,`i``d`)");
	for (int i = 0; i < count; i++)
		buf_addf(&source, ",\n  %s", indexes[i].clause);
	buf_add_str(&source, OPTIONS);
	def.told_sql = source.data;
	buf_addf(&create,
	    "CREATE TABLE `d`.`t` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL AUTO_INCREMENT,\n"
	    "  PRIMARY KEY (`k`,`i``d`),\n  %s" OPTIONS,
	    kept);
	expect_texts(&def, create.data, complete);
}

TEST(what_auto_increment_needs_is_not_unique_on_a_bare_table)
{
	struct index_def indexes[] = {
		index_of("v", "KEY `v` (`v`)", V),
		index_of("k", "UNIQUE KEY `k` (`k`,`v`)", K),
		index_of("a`b", "UNIQUE KEY `a``b` (`i``d` DESC,`v`(10)) COMMENT 'it''s'", ID),
		index_of("b", "UNIQUE KEY `b` (`i``d`)", ID),
	};

	expect_kept(indexes, 4, "KEY `a``b` (`i``d`)",
	    "ALTER TABLE `d`.`t` DROP KEY `a``b`, ADD KEY `v` (`v`), ADD UNIQUE KEY `k` (`k`,`v`), "
	    "ADD UNIQUE KEY `a``b` (`i``d` DESC,`v`(10)) COMMENT 'it''s', "
	    "ADD UNIQUE KEY `b` (`i``d`)");
}

TEST(a_plain_index_for_auto_increment_is_preferred_and_stays)
{
	struct index_def indexes[] = {
		index_of("u", "UNIQUE KEY `u` (`i``d`)", ID),
		index_of("v", "KEY `v` (`v`)", V),
		index_of("p", "KEY `p` (`i``d`,`v`(10))", ID),
		index_of("q", "KEY `q` (`i``d`)", ID),
	};

	expect_kept(indexes, 4, "KEY `p` (`i``d`,`v`(10))",
	    "ALTER TABLE `d`.`t` DROP KEY `p`, ADD UNIQUE KEY `u` (`i``d`), ADD KEY `v` (`v`), "
	    "ADD KEY `p` (`i``d`,`v`(10)), ADD KEY `q` (`i``d`)");
	expect_kept(&indexes[3], 1, "KEY `q` (`i``d`)", "");
}

TEST(an_unnumbered_table_is_one_partition_without_auto_increment)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	int key[] = { ID };
	struct index_def indexes[] = { index_of("v", "KEY `v` (`v`)", V) };
	/* clang-format off */
	struct table_def def = {
		.columns = columns, .columns_count = 3, .key = key, .key_count = 1, .primary_first = ID,
		.indexes = indexes, .indexes_count = 1,
		.told_sql = LINES " COMMENT 'an AUTO_INCREMENT',\n  PRIMARY KEY (`i``d`),\n  KEY `v` (`v`)"
		              CHECKED OPTIONS,
	};
	/* clang-format on */

	expect(bare_sql_may_be_unnumbered(&def));
	bare_sql_create_unnumbered(&sql, &def, "d", "t");
	expect_slice(buf_slice(&sql),
	    slice_str("CREATE TABLE `d`.`t` (\n  `k` int(11) NOT NULL,\n  `i``d` int(11) NOT NULL"
		      " COMMENT 'an AUTO_INCREMENT',\n  PRIMARY KEY (`i``d`)" CHECKED OPTIONS
		      "\nPARTITION BY KEY () (PARTITION p0)"));
}

TEST(which_tables_may_be_unnumbered)
{
	int key[] = { ID };
	struct table_def def = {
		.columns = columns,
		.columns_count = 3,
		.key = key,
		.key_count = 1,
		.primary_first = ID,
		.told_sql = LINES ",\n  PRIMARY KEY (`i``d`)" OPTIONS,
	};

	expect(bare_sql_may_be_unnumbered(&def));
	def.versioned = true;
	expect(!bare_sql_may_be_unnumbered(&def));
	def.versioned = false;
	def.primary_first = K;
	expect(!bare_sql_may_be_unnumbered(&def));
	def.primary_first = -1;
	expect(!bare_sql_may_be_unnumbered(&def));
	def.primary_first = ID;
	def.key_count = 0;
	expect(!bare_sql_may_be_unnumbered(&def));
	def.key_count = 1;
	def.told_sql =
	    LINES ",\n  PRIMARY KEY (`i``d`)" OPTIONS "\n PARTITION BY HASH (`i``d`)\nPARTITIONS 2";
	expect(!bare_sql_may_be_unnumbered(&def));
	def.told_sql = LINES " COMMENT 'PARTITION BY',\n  PRIMARY KEY (`i``d`)" OPTIONS;
	expect(bare_sql_may_be_unnumbered(&def));
}
