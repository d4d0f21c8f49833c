/*
 * prepared.h - a client's prepared statements, wherever they are prepared.
 *
 * The client knows a number of ours. The text and what it names are kept, so that
 * each execution is routed anew; on which backend it is prepared under which
 * number, that backend remembers (pool.h), and where it is not, it is prepared
 * there first. What a client sends once (types with the first execution, long
 * data before one) is kept for as long as another backend may need it.
 */
#ifndef GATE_PREPARED_H
#define GATE_PREPARED_H

#include "base/idmap.h"
#include "base/map.h"
#include "gate/plan_kept.h"
#include "gate/pool.h"
#include "sql/statement.h"

enum {
	PREPARED_MAX = 16382,             /* of one session: the servers' own default for all */
	LONG_DATA_MAX = 64 * 1024 * 1024, /* of one execution */
};

/* In place of a number: the statement that was prepared last. So a client can send its execution
 * in one go with it. */
#define PREPARED_LAST UINT32_MAX

struct prepared {
	uint32_t id;
	struct arena arena; /* of text and statement */
	struct slice text;
	uint64_t hash;         /* of text */
	struct slice keyspace; /* that its names are of; SLICE_NULL: none */
	struct slice base;     /* the session's then: plan.h */
	struct statement statement;
	unsigned modes;
	uint16_t params, columns;
	struct buf types;     /* two bytes for each parameter, as last sent; empty: never */
	struct buf long_data; /* COM_STMT_SEND_LONG_DATA packets, each with its length before it */
	bool long_data_lost;  /* there was too much */
	struct plan_kept kept;
};

/* Reads the text; not in any map yet. */
int prepared_new(struct slice text, unsigned modes, struct prepared **out, struct err *err) MUST_USE;
/* Servers bind names when they prepare: a USE after that changes nothing. */
void prepared_set_keyspace(struct prepared *p, struct slice keyspace, struct slice base);
void prepared_free(struct prepared *p);
struct prepared *prepared_find(const struct idmap *statements, uint32_t id);
void prepared_put(struct idmap *statements, struct prepared *p);
void prepared_drop(struct idmap *statements, uint32_t id); /* no such one: nothing */
void prepared_forget_all(struct idmap *statements);

/* Where its plan is kept, in a session without temporary tables; NULL: what is planned is something else. */
struct plan_kept *prepared_kept(struct prepared *p, const struct plan_input *in);

/* Keeps a COM_STMT_SEND_LONG_DATA packet for the next execution. */
void prepared_add_long_data(struct prepared *p, struct slice packet);
/* The next kept packet; false at the end. *at starts at 0. */
bool prepared_next_long_data(const struct prepared *p, size_t *at, struct slice *packet);

/* A COM_STMT_EXECUTE for another server, in the arena: its number, and the types when the client did not
 * repeat them. SLICE_NULL for a packet that ends too early. */
struct slice prepared_execute_packet(
    struct prepared *p, struct slice packet, uint32_t remote, struct arena *arena);

/* The hash of a plan's text for it, which in most cases is its own. */
uint64_t prepared_hash(const struct prepared *p, struct slice text);
/* What this backend calls it: false when it is not prepared there with a text of this hash. */
bool remote_find(const struct backend *b, uint32_t id, uint64_t hash, uint32_t *remote);
void remote_put(struct backend *b, uint32_t id, uint64_t hash, uint32_t remote);
/* The same, whatever its text. */
bool remote_known(const struct backend *b, uint32_t id, uint32_t *remote);
/* Forgets it; true when it was known, as *remote, whatever its text. */
bool remote_take(struct backend *b, uint32_t id, uint32_t *remote);

/* One of SQL's: PREPARE name FROM 'text'. */
struct named {
	struct slice text, keyspace, base; /* that its names are of; SLICE_NULL: none */
	unsigned modes;                    /* under which the text is read */
	unsigned params;                   /* how many values USING must have */
};

/* Copies it; the name, in lower case, is not there yet. */
void named_put(struct map *named, struct slice name, const struct named *n);
/* False when there is none. */
bool named_drop(struct map *named, struct slice name);
void named_forget_all(struct map *named);

#endif
