/* What InnoDB is told of a table of an engine without transactions. */
#include "tablet/table/engine.h"
#include "test.h"

static void
expect_options(const char *options, const char *wanted)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct create_table t = { .options = slice_str(options) };

	engine_to_innodb(&a, &t);
	expect_slice(t.options, slice_str(wanted));
}

TEST(engines_that_may_become_innodb)
{
	expect(engine_may_convert(slice_str("MyISAM")) && engine_may_convert(slice_str("Aria")));
	expect(!engine_may_convert(slice_str("MEMORY")) && !engine_may_convert(slice_str("InnoDB")));
}

TEST(options_of_these_engines_are_left_out)
{
	expect_options(
	    ") ENGINE=MyISAM DEFAULT CHARSET=latin1 ROW_FORMAT=FIXED PACK_KEYS=1 CHECKSUM=1 "
	    "DELAY_KEY_WRITE=1 KEY_BLOCK_SIZE=1024 MAX_ROWS=7",
	    ") ENGINE=InnoDB DEFAULT CHARSET=latin1 MAX_ROWS=7");
	expect_options(") ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=PAGE "
		       "PAGE_CHECKSUM=1 TRANSACTIONAL=1",
	    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
	expect_options(") ENGINE=MyISAM ROW_FORMAT=DYNAMIC", ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC");
}

TEST(what_a_comment_says_stays)
{
	expect_options(") ENGINE=MyISAM COMMENT=' ENGINE=MyISAM CHECKSUM=1, it''s \\' CHECKSUM=1'",
	    ") ENGINE=InnoDB COMMENT=' ENGINE=MyISAM CHECKSUM=1, it''s \\' CHECKSUM=1'");
}

TEST(partitions_become_innodb_too)
{
	expect_options(
	    ") ENGINE=Aria PAGE_CHECKSUM=1\n PARTITION BY RANGE (`CHECKSUM` = 1)\n"
	    "(PARTITION `a` VALUES LESS THAN (1) COMMENT = 'ENGINE = Aria' ENGINE = Aria,\n"
	    " PARTITION `b` VALUES LESS THAN MAXVALUE ENGINE = MyISAM)",
	    ") ENGINE=InnoDB\n PARTITION BY RANGE (`CHECKSUM` = 1)\n"
	    "(PARTITION `a` VALUES LESS THAN (1) COMMENT = 'ENGINE = Aria' ENGINE = InnoDB,\n"
	    " PARTITION `b` VALUES LESS THAN MAXVALUE ENGINE = InnoDB)");
}
