/*
 * gtid.h - MariaDB's GTID positions: parse, add, contains, print.
 *
 * A GTID is domain-server-sequence. Within a domain sequence numbers grow whatever the
 * server, so a position holds one GTID for each domain, its last one: everything with a
 * smaller or equal number in that domain has gone by. Text form "0-1-42,1-2-7", ordered
 * by domain when printed. (mariadb.com/kb: Global Transaction ID)
 *
 * MySQL's sets are gtid_set.h's; gtids.h is either.
 */
#ifndef MYSQL_GTID_H
#define MYSQL_GTID_H

#include "base/buf.h"
#include "base/err.h"

/* Most installations have a domain for each primary, some one for each batch job or tenant, and a server
 * keeps every domain that it has seen. A list of so many, of at most 42 bytes each, fits into 1 MB, the
 * smallest max_allowed_packet that a move accepts. */
enum { GTID_DOMAINS_MAX = 16384 };

struct gtid {
	uint32_t domain, server;
	uint64_t seq;
};

/* Owns items, which are ordered by domain; one for each. All zero is the empty position. */
struct gtid_list {
	struct gtid *items;
	size_t count, cap;
};

int gtid_parse(struct slice text, struct gtid *out, struct err *err) MUST_USE;
void gtid_print(struct buf *out, struct gtid g);

void gtid_list_done(struct gtid_list *l);
/* Replaces l; an empty text is the empty position. Two GTIDs of one domain are refused. */
int gtid_list_parse(struct gtid_list *l, struct slice text, struct err *err) MUST_USE;
void gtid_list_print(struct buf *out, const struct gtid_list *l);
/* g becomes its domain's last one. ERR_CORRUPT when the domain is already past it, or when there are too
 * many domains. */
int gtid_list_add(struct gtid_list *l, struct gtid g, struct err *err) MUST_USE;
/* The same, even when the domain is already past g. ERR_CORRUPT when there are too many domains. */
int gtid_list_set(struct gtid_list *l, struct gtid g, struct err *err) MUST_USE;
/* Have both the same domains, each with the same last GTID? */
bool gtid_list_same(const struct gtid_list *a, const struct gtid_list *b);
/* NULL when the domain has none. */
const struct gtid *gtid_list_find(const struct gtid_list *l, uint32_t domain);
bool gtid_list_contains(const struct gtid_list *l, struct gtid g);
/* Is everything in part also in whole? */
bool gtid_list_covers(const struct gtid_list *whole, const struct gtid_list *part);

#endif
