/*
 * record.h - what the cluster believes: structs to JSON and back.
 *
 * (names in keys are escaped: name.h)
 *   /keyspaces/<keyspace>               struct keyspace_record
 *   /tablets/<alias>                    struct tablet_record
 *   /primaries/<keyspace>/<shard>       text: the alias that was entered last as primary; written, and
 *                                       compared, by whoever enters one, so that there is one only
 *   /health/<alias>                     struct health_record, on the tablet's lease
 *   /gates/<id>                         struct gate_record, on the gate's lease
 *   /combo/<pid>                        struct combo_record, on the supervisor's lease
 *   /acks/<id>                          struct ack_record of the rules, on the gate's lease
 *   /acks/<id>/<keyspace>/<name>        struct ack_record of that workflow's switch key, on the same
 *   /stalled/<keyspace>/<name>          text: the attempt whose hold waits for a statement that does not come
 *                                       back, on the lease of the gate that has it (gate/barrier.h (9))
 *   /routing/...                        where tables are served: routing.h
 *   /routing_rules                      what was that until version 0.2 (routing_upgrade.h)
 *   /workflows/<keyspace>/<name>        struct workflow_head (keyspace: the target's)
 *   /workflow_parts/<keyspace>/<name>/...   its tables and its journal: workflow_store.h
 *   /locks/<name>                       text: who holds it, on the holder's lease
 *   /vtctlds/<address>                  text: that address, where it answers; on its lease
 *
 * Every read_ function is strict about types, ignores unknown members (a
 * newer program may have written them), allocates from the arena and says
 * which record and member is wrong. Every write_ function appends one JSON
 * object. Strings are NUL-terminated and never NULL ("" when absent).
 *
 * An error of a read_ function is ERR_CORRUPT: the record is then not used, and *out not defined. An
 * enum's name that is not known is such an error, since a newer program may mean by it what an older one
 * must not pass over.
 *
 * Who writes what: vtctld (and vtcombo) the keyspaces, vtctld the rules, switch keys, workflows and
 * locks; a tablet its own record, primary and health; a gate its own record, acknowledgements and what is
 * stalled. Whoever writes a key that others write too compares its revision.
 */
#ifndef TOPO_RECORD_H
#define TOPO_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fsm.h"
#include "base/parse.h"
#include "topo/moved_routine.h"
#include "topo/name.h"
#include "topo/workflow_options.h"

struct keyspace_record {
	const char *name;
	const char *database; /* physical database, usually the same name */
	const char *sidecar;  /* the database of our own, at the same server */
	const char *follows; /* the keyspace that new tables are made in; "": itself (ctl/follow.h) */
	const char *server_kind; /* of the server that a vtcombo gives it (combo/dbkind.h); "": its default */
	int64_t created_us; /* wall clock, for people */
};

/* A vtcombo's word: it gives keyspaces that have no tablet a server and one. */
struct combo_record {
	const char *server_kinds; /* of which kinds: "mariadb, mariadb-10.11", or "" */
};

enum tablet_type { TABLET_PRIMARY, TABLET_REPLICA, TABLET_RDONLY };

/* A tablet's own word, written anew at each start. Addresses are "host:port". */
struct tablet_record {
	const char *alias; /* "zone1-100" */
	const char *cell;
	int uid;
	const char *keyspace, *shard;
	enum tablet_type type;
	const char *server;  /* "127.0.0.1:17101": the database server, for gates */
	const char *http;    /* "127.0.0.1:15501": its vttablet */
	const char *sidecar; /* the database of our own that it works with */
};

/* A tablet's word, for as long as its lease lasts: where there is none the tablet is not running, or cut
 * off. */
struct health_record {
	bool healthy;
	const char *state;   /* "SERVING", "NOT_SERVING" */
	const char *reason;  /* "" or a sentence */
	int64_t lag_ms;      /* of the worst of its streams; -1: unknown */
	const char *version; /* of the server */
};

#define GATES_FOLDER "/gates/" /* the key of each under it is its id */

/* A gate's word; vtctld waits for the acknowledgement of each that has one. */
struct gate_record {
	const char *id;
	const char *http;  /* where vtctld posts rules */
	const char *mysql; /* where clients connect */
	int64_t lease;     /* so that others can wait it out */
};

/*
 * A rule says where statements that name from_keyspace.from_table go. While
 * phase is not RULE_OPEN gates keep writes waiting:
 *   RULE_HOLD       step 1: reads go to the present side, writes wait, acknowledged when drained
 *   RULE_SWITCHED   step 5: everything is routed to the new side, writes still wait
 *   RULE_PAUSE      no cutover: for grace at most also reads wait, so that the server's table is
 *                   without anybody for a moment; acknowledged when drained, ended by each gate's clock
 *   RULE_NAMING     no cutover: no table has this name, and another place for it is being made sure of
 *                   (ctl/reroute.h). What may make one waits; acknowledged when none is under way
 */
enum rule_phase { RULE_OPEN, RULE_HOLD, RULE_SWITCHED, RULE_PAUSE, RULE_NAMING };

struct routing_rule {
	const char *from_keyspace, *from_table;
	const char *to_keyspace, *to_table;
	enum rule_phase phase;
	const char *workflow; /* "new_customer/users", which governs it; "": none */
	/* Whose move has made it, and takes it away when it is cancelled; "": one that has switched, the
	 * rule is how clients find the table. MAKER_DDL: a client's statement, and it goes with the table */
	const char *maker;
	/* of the cutover that set phase; RULE_PAUSE, RULE_NAMING: a number that it has for itself */
	int64_t attempt;
	usec reader_wait; /* RULE_HOLD: how long transactions that only read are waited for */
	usec grace;       /* RULE_HOLD: --grace-period; RULE_PAUSE: how long */
	enum on_grace on_grace;
	bool both; /* a routine that needs no table: it stands at both sides, the same */
};

#define MAKER_DDL "ddl"

/* A gate's word: all of it goes by rules of that version, or newer ones; or, with a workflow, by its switch
 * key of that revision, whose phase is drained. */
struct ack_record {
	const char *id;
	int64_t version;
	const char *workflow; /* "": of the rules */
	int64_t revision;     /* topology's, of the switch key's last change */
	int64_t number;       /* of the attempt, the pause */
	enum rule_phase phase;
};

/* All of them: what the records of routing.h come to. */
struct rules_record {
	int64_t version; /* raised by one whenever rules change; 0: there never were any */
	struct routing_rule *rules;
	size_t count;
};

enum workflow_type { WORKFLOW_MOVETABLES, WORKFLOW_MIGRATE, WORKFLOW_MATERIALIZE };
/* Rows go this way: with odd rounds forward, with even ones in reverse. */
enum workflow_direction { DIRECTION_FORWARD, DIRECTION_REVERSE };
/* What completing a workflow does with the tables at the side that does not serve. */
enum old_tables { OLD_TABLES_KEEP, OLD_TABLES_DROP, OLD_TABLES_RENAME };

/* Rows of workflow_states, which says what each means and where it may go. */
enum workflow_state {
	WORKFLOW_CHECKING,
	WORKFLOW_CREATING,
	WORKFLOW_COPYING,
	WORKFLOW_RUNNING,
	WORKFLOW_STOPPED,
	WORKFLOW_SWITCHING,
	WORKFLOW_SWITCHED,
	WORKFLOW_COMPLETING,
	WORKFLOW_COMPLETE,
	WORKFLOW_CANCELLING,
	WORKFLOW_CANCELLED,
	WORKFLOW_ERROR,
};
extern const struct fsm workflow_states;

struct workflow_table {
	const char *source_table, *target_table;
	const char *state;     /* "init", "copying", "indexing", "running", "switched" */
	int64_t rows_estimate; /* of the source when the copy began */
	int64_t rows_copied;   /* as last reported */
};

/* Streams are rows of (source shard, target shard). */
struct workflow_stream {
	const char *source_keyspace, *source_shard, *source_tablet;
	const char *target_keyspace, *target_shard, *target_tablet;
};

/* What was done, for people and for whoever resumes. */
struct workflow_event {
	int64_t at_us; /* wall clock */
	int attempt;
	const char *step; /* "hold", "fence", "commit", ... */
	const char *what; /* "begun", "done", "failed", "undone" */
	const char *text;
};

struct workflow_record {
	const char *name; /* unique within the target keyspace */
	/* The how manieth move of that name it is, by which its tables and its journal are found
	 * (workflow_store.h); 0: not kept so yet */
	int move;
	enum workflow_type type;
	enum workflow_state state;
	const char *state_text; /* a sentence; the error when state is ERROR */
	const char *hint;
	const char *source_keyspace, *target_keyspace;
	struct workflow_table *tables;
	size_t tables_count;
	const char **views; /* that move with them: names at both sides */
	size_t views_count;
	struct moved_routine *routines; /* the same */
	size_t routines_count;
	struct workflow_stream *streams;
	size_t streams_count;
	enum workflow_direction direction;
	/* Of the stream that is now: 1 forth, 2 the way back, 3 forth again ... Each switch adds one and
	 * turns the direction, so that the side that serves is the one that rows come from. */
	int round;
	const char *start; /* Q: where this round's stream begins; "": it copies, or there is none */
	const char *next_start; /* the same of the next round, which this attempt has prepared */
	const char *proof; /* UUID of the comparison that this round's switch waits for (--vdiff); "" */
	bool finishing;     /* the last step of the last switch is not done yet */
	bool reversing;     /* SWITCHED: ReverseTraffic was asked for, and is not over */
	const char *closed; /* why there is no way back any more, as an attempt found it; "" */
	/* SQL that makes the foreign keys again which are dropped at the source for the switch; "". Once it
	 * is cancelled: those that were dropped */
	const char *restore;
	enum old_tables old_tables; /* COMPLETING */
	bool remove_rules;          /* COMPLETING: the routes of its names go, too */
	bool keep_data,
	    keep_rules; /* CANCELLING, or with cancel: the target's tables stay; the routes do */
	int attempt;    /* raised by compare-and-swap with each cutover attempt */
	/* the cutover's step written before it is acted on; "" outside */
	const char *step;
	bool rolling_back; /* of this attempt: no commit any more */
	bool cancel;       /* asked for in SWITCHING: once it is rolled back */
	int attempts_from; /* attempt when it was made, above all before */
	/* CHECKING, and ERROR when that was refused: the record that its name had before, as JSON, or
	 * BEFORE_NOTHING; "": it is past its check */
	const char *before;
	const char *position; /* P of this attempt, once read; "" */
	int64_t hold_us;      /* the pause of the last switch, as measured by vtctld */
	int64_t created_us, copied_us, switched_us; /* wall clock; 0: not yet */
	struct workflow_options options;
	struct workflow_event *events; /* the last WORKFLOW_EVENTS_MAX */
	size_t events_count;
};

#define BEFORE_NOTHING "none"

/* What /workflows/ has of a workflow. */
struct workflow_head {
	/* Without tables and events; with them where it is whole. */
	struct workflow_record r;
	bool whole;            /* as it was written until version 0.2 */
	size_t tables, events; /* how many there are elsewhere */
};

enum { WORKFLOW_EVENTS_MAX = 200 }; /* ten attempts of a cutover of ten steps, twice each */

/* "/keyspaces/customer", the name escaped; in the arena. */
const char *keyspace_key(struct arena *a, const char *name);
void keyspace_write(struct buf *out, const struct keyspace_record *r);
int keyspace_read(
    struct arena *a, struct slice json, struct keyspace_record *out, struct err *err) MUST_USE;
/* Is it one of those in a record's server_kinds? */
bool combo_has_kind(const char *server_kinds, const char *kind);
void combo_write(struct buf *out, const struct combo_record *r);
int combo_read(
    struct arena *a, struct slice json, struct combo_record *out, struct err *err) MUST_USE;
void tablet_write(struct buf *out, const struct tablet_record *r);
int tablet_read(
    struct arena *a, struct slice json, struct tablet_record *out, struct err *err) MUST_USE;
void health_write(struct buf *out, const struct health_record *r);
int health_read(
    struct arena *a, struct slice json, struct health_record *out, struct err *err) MUST_USE;
void gate_write(struct buf *out, const struct gate_record *r);
int gate_read(struct arena *a, struct slice json, struct gate_record *out, struct err *err) MUST_USE;
void ack_write(struct buf *out, const struct ack_record *r);
int ack_read(struct arena *a, struct slice json, struct ack_record *out, struct err *err) MUST_USE;
/* Their form until version 0.2, as one text. */
void rules_write(struct buf *out, const struct rules_record *r);
int rules_read(
    struct arena *a, struct slice json, struct rules_record *out, struct err *err) MUST_USE;
/* As one text: for answers, and what was in the topology until version 0.2. */
void workflow_write(struct buf *out, const struct workflow_record *r);
int workflow_read(
    struct arena *a, struct slice json, struct workflow_record *out, struct err *err) MUST_USE;
/* In parts. A head has numbers where a whole record has arrays: a program that knows only those
 * refuses it, where it would otherwise believe in a move of no table. */
void workflow_head_write(struct buf *out, const struct workflow_record *r);
/* Of either form. */
int workflow_head_read(
    struct arena *a, struct slice json, struct workflow_head *out, struct err *err) MUST_USE;
void workflow_tables_write(struct buf *out, const struct workflow_table *tables, size_t count);
int workflow_tables_read(
    struct arena *a, struct slice json, struct workflow_record *out, struct err *err) MUST_USE;
void workflow_events_write(struct buf *out, const struct workflow_record *r);
int workflow_events_read(
    struct arena *a, struct slice json, struct workflow_record *out, struct err *err) MUST_USE;

/* The rule for keyspace.table, or NULL. Names compare as bytes. */
const struct routing_rule *rules_find(
    const struct rules_record *r, const char *keyspace, const char *table);
/* The last event appended, the oldest dropped past the maximum; strings are copied to the arena. */
void workflow_add_event(struct arena *a, struct workflow_record *r, const struct workflow_event *e);

const char *tablet_type_name(enum tablet_type t);       /* "primary", as Vitess prints it */
const char *workflow_type_name(enum workflow_type t);   /* "MoveTables" */
const char *workflow_state_name(enum workflow_state s); /* "Creating", "Copying", ... */
extern const char *const rule_phase_names[];
const char *rule_phase_name(enum rule_phase p); /* "open", "hold", "switched", "pause", "naming" */

#endif
