#include "sql/administration.h"

/* These are no keywords (keyword.h): they are compared as text, once for a statement that no rule of
 * statement_read.c knows. */
static const char *const WORDS[] = { "flush", "kill", "reset", "purge", "stop", "change", "install",
	"uninstall", "shutdown", "binlog", "backup", "cache", "help" };

static bool
begins(const struct reader *r)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
		if (reader_is_text(r, WORDS[i]))
			return true;
	}
	return false;
}

/* FLUSH TABLES [a, b] [WITH READ LOCK | FOR EXPORT], perhaps behind other things: what it locks stays locked
 * on its connection until UNLOCK TABLES. */
static void
read_flush(struct reader *r)
{
	while (reader_is_text(r, "local") || reader_is_text(r, "no_write_to_binlog"))
		reader_step(r);
	if ((reader_accept(r, KW_TABLES) || reader_accept(r, KW_TABLE)) && !reader_done(r) &&
	    !reader_is(r, KW_WITH) && !reader_is_punct(r, ','))
		reader_table_list(r, TABLE_LOCK);
	for (; !reader_done(r); reader_step(r)) {
		if (reader_is(r, KW_LOCK) || reader_is_text(r, "export"))
			reader_leaves(r, LEAVES_OTHER);
	}
}

/* BACKUP LOCK t, BACKUP STAGE START: until it is unlocked, or at the end. */
static void
read_backup(struct reader *r)
{
	reader_leaves(r, LEAVES_OTHER);
	if (reader_accept(r, KW_LOCK))
		reader_table(r, TABLE_LOCK);
}

bool
administration_read(struct reader *r)
{
	if (!begins(r))
		return false;
	r->out->kind = reader_is_text(r, "help") ? STATEMENT_SHOW : STATEMENT_ADMIN;
	r->out->implicit_commit = r->out->kind == STATEMENT_ADMIN;
	if (reader_accept_text(r, "flush"))
		read_flush(r);
	else if (reader_accept_text(r, "backup"))
		read_backup(r);
	while (!reader_done(r))
		reader_step(r);
	return true;
}
