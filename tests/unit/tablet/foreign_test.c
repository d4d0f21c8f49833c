/* Foreign keys as they are printed, and what is made of them. */
#include "tablet/table/definition.h"
#include "tablet/table/foreign.h"
#include "test.h"

static struct arena arena;
static struct err err;

static const struct foreign_place place = { "to", "kid", "pa`r" };

static struct foreign_key
key_of(const char *clause)
{
	struct foreign_key k;

	arena_init(&arena);
	expect_ok(foreign_read(&arena, "from", slice_str(clause), &k, &err), &err);
	return k;
}

static void
expect_add(const struct foreign_key *k, const char *wanted)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	foreign_sql_add(&sql, k, &place);
	expect_slice(buf_slice(&sql), slice_str(wanted));
}

TEST(a_key_of_one_column)
{
	struct foreign_key k = key_of(
	    "CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON UPDATE NO ACTION");
	SCOPED(buf) struct buf sql = BUF_INIT;

	expect_str(k.name, "fk");
	expect_str(k.database, "from");
	expect_str(k.table, "parent");
	expect_eq(k.count, 1);
	expect(!k.cascades);
	expect_add(&k,
	    "ALTER TABLE `to`.`kid` ADD CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `to`.`pa``r` (`id`) "
	    "ON UPDATE NO ACTION");
	foreign_sql_orphan(&sql, &k, &place, "c.`id`");
	expect_slice(buf_slice(&sql),
	    slice_str("SELECT c.`id` FROM `to`.`kid` c LEFT JOIN `to`.`pa``r` p ON p.`id`=c.`p` "
		      "WHERE p.`id` IS NULL AND c.`p` IS NOT NULL LIMIT 1"));
	arena_done(&arena);
}

TEST(a_key_of_several_columns_with_names_that_need_their_quotes)
{
	struct foreign_key k = key_of(
	    "CONSTRAINT `f``k ` FOREIGN KEY (`a, b`, `c)`) REFERENCES `else`.`where` (`x`, `y``y`)");
	SCOPED(buf) struct buf sql = BUF_INIT;

	expect_str(k.name, "f`k ");
	expect_str(k.database, "else");
	expect_str(k.table, "where");
	expect_eq(k.count, 2);
	expect_str(k.columns[0], "a, b");
	expect_str(k.columns[1], "c)");
	expect_str(k.refers[1], "y`y");
	expect_str(k.actions, "");
	expect_add(&k,
	    "ALTER TABLE `to`.`kid` ADD CONSTRAINT `f``k ` FOREIGN KEY (`a, b`, `c)`) REFERENCES "
	    "`to`.`pa``r` (`x`, `y``y`)");
	foreign_sql_orphan(&sql, &k, &place, "1");
	expect_slice(buf_slice(&sql),
	    slice_str(
		"SELECT 1 FROM `to`.`kid` c LEFT JOIN `to`.`pa``r` p ON p.`x`=c.`a, b` AND "
		"p.`y``y`=c.`c)` WHERE p.`x` IS NULL AND c.`a, b` IS NOT NULL AND c.`c)` IS NOT NULL "
		"LIMIT 1"));
	arena_done(&arena);
}

TEST(actions_that_change_rows_are_known)
{
	static const char *const actions[] = { " ON DELETE CASCADE", " ON DELETE SET NULL",
		" ON UPDATE CASCADE", " ON DELETE NO ACTION ON UPDATE SET NULL" };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		SCOPED(buf) struct buf clause = BUF_INIT;
		struct foreign_key k;

		buf_addf(&clause, "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`CASCADE`)%s",
		    actions[i]);
		k = key_of(clause.data);
		expect(k.cascades);
		expect_str(k.actions, actions[i]);
		arena_done(&arena);
	}
	expect(
	    !key_of("CONSTRAINT ` CASCADE` FOREIGN KEY (`a`) REFERENCES `p` (` SET NULL`)").cascades);
	arena_done(&arena);
}

TEST(what_is_no_foreign_key_is_an_error)
{
	static const char *const wrong[] = { "", "CONSTRAINT `a` CHECK (1)",
		"CONSTRAINT `a` FOREIGN KEY (`b`)",
		"CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES `c`",
		"CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES `c` (`d`, `e`)",
		"CONSTRAINT `a` FOREIGN KEY (`b`,`c`) REFERENCES `c` (`d`, `e`)",
		"CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES `c` (`d`) MATCH FULL",
		"CONSTRAINT `a` FOREIGN KEY (`b`) REFERENCES `c`. (`d`)" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err bad = { 0 };
		struct foreign_key k;

		arena_init(&arena);
		expect_eq(foreign_read(&arena, "d", slice_str(wrong[i]), &k, &bad), -1);
		expect_eq(bad.kind, ERR_CORRUPT);
		arena_done(&arena);
	}
}

#define TABLE(name, key, refers)                                                                   \
	"CREATE TABLE `" name "` (\n  `id` int(11) NOT NULL,\n  PRIMARY KEY (`id`),\n"             \
	"  CONSTRAINT `" key "` FOREIGN KEY (`id`) REFERENCES " refers " (`id`)\n) ENGINE=InnoDB"

static const char *
hash_of(const char *text, const struct table_set *set)
{
	const char *hash;

	expect_ok(definition_hash(&arena, text, set, &hash, &err), &err);
	return hash;
}

TEST(a_copy_has_the_keys_of_its_set_under_its_own_names)
{
	static const char *const here[] = { "a", "b" }, *const there[] = { "x", "y" };
	const struct table_set from = { "from", here, 2 }, to = { "to", there, 2 };
	const char *mine;

	arena_init(&arena);
	mine = hash_of(TABLE("a", "f", "`b`"), &from);
	expect_str(hash_of(TABLE("x", "f", "`y`"), &to), mine);
	expect_str(hash_of(TABLE("x", "f", "`to`.`y`"), &to), mine);
	expect(strcmp(hash_of(TABLE("x", "g", "`y`"), &to), mine) != 0);
	expect(strcmp(hash_of(TABLE("x", "f", "`x`"), &to), mine) != 0);
	/* one that leads out of the set does not count, whichever */
	expect(strcmp(hash_of(TABLE("x", "f", "`b`"), &to), mine) != 0);
	expect_str(
	    hash_of(TABLE("x", "f", "`b`"), &to), hash_of(TABLE("a", "g", "`from`.`y`"), &from));
	expect_str(hash_of(TABLE("x", "f", "`y`"), NULL), hash_of(TABLE("a", "f", "`other`"), NULL));
	arena_done(&arena);
}
