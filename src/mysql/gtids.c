#include "mysql/gtids.h"

#include <string.h>

void
gtid_id_print(struct buf *out, const struct gtid_id *id)
{
	if (id->form == GTID_FORM_SET)
		gtid_member_print(out, &id->member);
	else
		gtid_print(out, id->plain);
}

void
gtids_done(struct gtids *g)
{
	gtid_list_done(&g->list);
	gtid_set_done(&g->set);
}

/* Only sets have colons. */
int
gtids_parse(struct gtids *g, struct slice text, struct err *err)
{
	bool is_set = text.len > 0 && memchr(text.ptr, ':', text.len) != NULL;

	g->list.count = 0;
	g->set.count = 0;
	return is_set ? gtid_set_parse(&g->set, text, err) : gtid_list_parse(&g->list, text, err);
}

void
gtids_print(struct buf *out, const struct gtids *g)
{
	gtid_list_print(out, &g->list);
	gtid_set_print(out, &g->set);
}

int
gtids_add(struct gtids *g, const struct gtid_id *id, struct err *err)
{
	size_t others = id->form == GTID_FORM_SET ? g->list.count : g->set.count;

	if (others > 0)
		return err_set(err, ERR_CORRUPT, "GTIDs of MariaDB and MySQL in one binlog");
	return id->form == GTID_FORM_SET ? gtid_set_add(&g->set, &id->member, err)
					 : gtid_list_add(&g->list, id->plain, err);
}

bool
gtids_has(const struct gtids *g, const struct gtid_id *id)
{
	const struct gtid *last;

	if (id->form == GTID_FORM_SET)
		return gtid_set_contains(&g->set, &id->member);
	last = gtid_list_find(&g->list, id->plain.domain);
	return last != NULL && last->server == id->plain.server && last->seq == id->plain.seq;
}

bool
gtids_same(const struct gtids *a, const struct gtids *b)
{
	return gtid_list_same(&a->list, &b->list) && gtid_set_same(&a->set, &b->set);
}

bool
gtids_cover(const struct gtids *whole, const struct gtids *part)
{
	return gtid_list_covers(&whole->list, &part->list) &&
	    gtid_set_covers(&whole->set, &part->set);
}
