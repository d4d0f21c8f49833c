/*
 * api.h - how our programs talk: requests and replies in JSON over HTTP, once.
 *
 * Every call is a POST with one JSON object; every answer is one JSON object.
 * A success is status 200. A failure is {"error":{"kind":"refused","errno":0,
 * "text":"...","hint":"..."}} with status 400 (refused), 404 (not found), 409
 * (conflict), 504 (timeout) or 503 (retry, cancelled, server, corrupt); rpc_call()
 * turns it back into the err it was.
 *
 * vtctld -> vttablet    /tablet/<method>    struct tablet_request, struct tablet_reply
 * vtctld -> vtgate      /gate/rules         struct rules_record, struct ack_record
 * vtctlclient -> vtctld /api/<method>       struct ctl_request, a JSON document of the method's own
 *
 * ---- Programs
 *
 * vtctld    --topo sqlite:PATH --http 127.0.0.1:15000
 * vttablet  --topo URL --http ADDR --server HOST:PORT --keyspace K --shard 0 --uid N --cell zone1
 *           --type primary --credentials FILE
 * vtgate    --topo URL --http ADDR --mysql ADDR --credentials FILE --id NAME
 * Port 0 binds a free port. Each program prints one line "NAME ready http=ADDR mysql=ADDR" to
 * stdout when it serves.
 *
 * ---- Credentials file (mode 0600, owner checked; anything else is refused)
 *
 * {"vt_app":{"user":"vt_app","password":"..."}, "vt_stream":{...}, "vt_dba":{...},
 *  "clients":[{"user":"app","password":"","loopback_only":true}]}
 *
 * The three accounts exist on every server as 'name'@'127.0.0.1' (vtcombo makes them). Two equal
 * user names are refused.
 */
#ifndef RPC_API_H
#define RPC_API_H

#include "base/secret.h"
#include "http/http.h"
#include "topo/record.h"

/* ---- The fence (docs/architecture.md section 6). What its triggers SIGNAL: SQLSTATE 45000, this errno, this
 * start of text. */
/* ER_OPTION_PREVENTS_STATEMENT, as a read-only server says */
enum { FENCE_ERRNO = 1290 };
#define FENCE_TEXT "switchyard fence: "          /* followed by "table 'db.t' has moved" */
#define FENCE_PREFIX "_switchyard_fence_"        /* of the triggers' names: how the tail knows our own DDL */
#define FENCE_PREFIX_0_1 "_vt_fence_"            /* the same in release 0.1 */
#define FENCE_TABLE "fence"                      /* what they read, in a server's sidecar database */
/* The text of a 1146 ("Table 'db.fence' doesn't exist") that such a trigger may have met:
 * tablet/server/write_lock.h. */
bool fence_table_missing(struct slice text);

/* ---- Credentials */
struct account {
	char          user[64];
	struct secret password;
};

enum { CLIENTS_MAX = 64 };   /* accounts that applications use */

struct client_account {
	struct account account;
	bool           loopback_only;
};

struct credentials {
	struct account        app, stream, dba;
	struct client_account clients[CLIENTS_MAX];
	size_t                clients_count;
};

/* Reads a file with blocking calls: at start only. NULL: refused. */
struct credentials *credentials_new(const char *path, struct err *err) MUST_USE;
void                credentials_free(struct credentials *c);

/* ---- vttablet's methods. One request and one reply serve all; each method names the members it uses. */
struct tablet_table {
	const char *source_table, *target_table;
	uint64_t    auto_increment; /* auto_increment: the next value to set; 0: none */
};

struct tablet_request {
	const char          *workflow;          /* "new_customer/users": all methods but status */
	int                  attempt;           /* lower than one seen before is refused with ERR_CONFLICT */
	const char          *source_server;     /* address of the other server, for streams */
	const char          *source_database, *target_database;
	const char          *source_sidecar;    /* the source's sidecar database; read from "": the default */
	struct tablet_table *tables;
	size_t               tables_count;
	const char          *position;          /* a GTID list, "0-1-42" */
	usec                 timeout;
	usec                 max_lag;
	/* "source" or "target": which role of the workflow this server has */
	const char          *on_side;
	const char          *definition;        /* CREATE TABLE text or hash, where one is compared */
	bool                 force;             /* goes on past views and the like that name a table */
};

struct tablet_table_status {
	const char *table;                      /* source name */
	const char *state;                      /* "init", "copying", "indexing", "running" */
	int64_t     rows_estimate, rows_copied;
	bool        exists, empty;              /* check_target */
	const char *definition;                 /* SHOW CREATE TABLE without AUTO_INCREMENT=n */
	uint64_t    auto_increment;             /* next value; 0: none */
	const char *converted;                  /* a sentence: what the copy has in another way; "" */
};

struct tablet_reply {
	const char *state;                      /* stream_status: "starting", "copying",
	                                         * "catching-up", "indexing", "running",
	                                         * "frozen", "stopped", "error" */
	const char *error, *hint;               /* of a stopped stream, or what one waits for; "" */
	const char *position;                   /* applied (stream_status), P (lock), Q (freeze) */
	bool        exact;                      /* the stream is in exact mode and every table is indexed */
	/* lock_status: connection 1 still holds its lock and the fence is armed */
	bool        held;
	int64_t     lag_ms;                     /* -1: unknown */
	int64_t     rows_copied, rows_total;    /* rows_total is an estimate */
	int64_t     changes_applied;
	struct tablet_table_status *tables;
	size_t      tables_count;
};

/*
 *  status                             health of the server: state, error
 *  check_source    tables             may these tables be moved away: refuses (kind refused,
 *                                     text, hint) or lists them with
 *                                     definition, rows_estimate, auto_increment, converted; probes
 *                                     privileges by doing and undoes it. hint: what force passed
 *  check_target    tables, definition may they arrive: target missing, or empty and of the same
 *                  definition (tables[i].exists)
 *  stream_create   source_*, target_*, tables   makes the bare tables anew and starts the stream; idempotent
 *  stream_status                      as above
 *  stream_delete   tables             stops and forgets the stream; drops the target tables if
 *                                     the stream made them and
 *                                     it is not past its commit (position "drop" says to drop)
 *  fence_install   tables, on_side    triggers, disarmed (source) or armed (target); idempotent.
 *                                     ERR_TIMEOUT: the table was never free (src/ctl/pause.h)
 *  fence_remove    tables, attempt    triggers and fence row go; idempotent; as above
 *  auto_increment  tables             sets the target's next values, of a frozen stream to the number,
 *                                     of another one to no less than it;
 *                                     on_side source: changes nothing, lists tables[i].auto_increment
 *  lock            tables, attempt, timeout   step 2: READ lock, fence armed, reply.position =
 *                                             P; the lock ends by unlock, by a
 *                                     lost connection, or with the program; repeated with the
 *                                     same attempt: same answer
 *  lock_status     attempt            reply.held
 *  unlock          attempt            releases connection 1; idempotent
 *  disarm          attempt            UPDATE fence SET armed=0 WHERE attempt <= n; idempotent
 *  freeze          attempt, position, timeout  step 3: waits until applied = position, frozen
 *                                              there; reply.position = Q
 *  thaw            attempt            the stream goes on; idempotent
 *  finish          attempt            past the commit: the stream has ended for good (state
 *                                     "stopped"), kept for status
 *  table_find      tables             tables[i].exists, a view too; waits for who makes or drops it
 *  table_drop      tables             DROP TABLE with its fence; refuses what does not exist
 */
void tablet_request_write(struct buf *out, const struct tablet_request *r);
int  tablet_request_read(struct arena *a, struct slice json, struct tablet_request *out,
    struct err *err) MUST_USE;
void tablet_reply_write(struct buf *out, const struct tablet_reply *r);
int  tablet_reply_read(struct arena *a, struct slice json, struct tablet_reply *out,
    struct err *err) MUST_USE;

/* ---- vtctld's methods: see ctl/ctl_api.h for what each answers. */
struct ctl_request {
	const char             *keyspace, *table;                /* or the source of a move */
	const char             *target_keyspace, *target_table;
	const char             *workflow;
	const char             *action;
	const char             *sidecar;                         /* create_keyspace; "": the default */
	bool                    force;
	struct workflow_options options;
	unsigned                given;                           /* of the options: enum workflow_given */
	/* long poll: answer when the record is newer */
	int64_t                 after_revision;
};

void ctl_request_write(struct buf *out, const struct ctl_request *r);
int  ctl_request_read(struct arena *a, struct slice json, struct ctl_request *out, struct err *err) MUST_USE;

/* ---- Both ends of a call */
/* Fills reply with status and the error object for err. */
void rpc_reply_error(struct http_reply *reply, const struct err *err);
/* Back into the err it was; returns -1. */
int  rpc_read_error(const struct http_reply *reply, struct err *err);
/* POSTs body to address/path: 0 and the reply's body in cx->arena, or the other side's err. */
int  rpc_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct slice *out) MUST_USE;
int  rpc_tablet(struct ctx *cx, const char *address, const char *method, const struct tablet_request *request,
    struct tablet_reply *reply) MUST_USE;

#endif
