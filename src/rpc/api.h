/*
 * api.h - how our programs talk: requests and replies in JSON over HTTP, once.
 *
 * Every call is a POST with one JSON object; every answer is one JSON object.
 * A success is status 200. A failure is {"error":{"kind":"refused","errno":0,
 * "text":"...","hint":"..."}} with status 400 (refused), 404 (not found), 409
 * (conflict), 504 (timeout) or 503 (retry, cancelled, server, corrupt); rpc_call()
 * turns it back into the err it was.
 *
 * vtctld -> vttablet    /tablet/<method>    tablet.h
 * vtctld -> vtgate      /gate/rules         struct rules_post (topo/routing.h), struct ack_record
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
#include "rpc/tablet.h"
#include "topo/record.h"

/* ---- The fence (docs/architecture.md section 6). What its triggers SIGNAL: SQLSTATE 45000, this errno, this
 * start of text. */
/* ER_OPTION_PREVENTS_STATEMENT, as a read-only server says */
enum { FENCE_ERRNO = 1290 };
#define FENCE_TEXT "switchyard fence: " /* followed by "table 'db.t' has moved" */
#define FENCE_PREFIX                                                                               \
	"_switchyard_fence_"          /* of the triggers' names: how the tail knows our own DDL */
#define FENCE_PREFIX_0_1 "_vt_fence_" /* the same in release 0.1 */
#define FENCE_TABLE      "fence"      /* what they read, in a server's sidecar database */
/* The text of a 1146 ("Table 'db.fence' doesn't exist") that such a trigger may have met:
 * tablet/server/write_lock.h. */
bool fence_table_missing(struct slice text);

/* ---- Credentials */
struct account {
	char user[64];
	struct secret password;
};

enum { CLIENTS_MAX = 64 }; /* accounts that applications use */

struct client_account {
	struct account account;
	bool loopback_only;
};

struct credentials {
	struct account app, stream, dba;
	struct client_account clients[CLIENTS_MAX];
	size_t clients_count;
};

/* Reads a file with blocking calls: at start only. NULL: refused. */
struct credentials *credentials_new(const char *path, struct err *err) MUST_USE;
void credentials_free(struct credentials *c);

/* ---- vtctld's methods: see ctl/ctl_api.h for what each answers. */
struct ctl_request {
	const char *keyspace, *table; /* or the source of a move */
	const char *target_keyspace, *target_table;
	/* move_tables: several, or all that the source keyspace serves but for the excluded ones, in place of
	 * table and target_table */
	struct moved_names *tables;
	size_t tables_count;
	bool all;
	const char **excluded;
	size_t excluded_count;
	/* beside tables: those whose names match one of these POSIX extended regular expressions; and the
	 * same of what is excluded */
	const char **patterns, **excluded_patterns;
	size_t patterns_count, excluded_patterns_count;
	const char *workflow; /* move_tables: its name; "": the default */
	const char *action;   /* workflow_complete, workflow_delete: what becomes of the tables */
	bool keep_rules, remove_rules; /* and of the routing rules */
	const char *sidecar;           /* create_keyspace; "": the default */
	const char *server_kind;       /* create_keyspace: of its server, which a vtcombo makes */
	const char *database;          /* create_keyspace: at its server; "": of the same name */
	const char *alias;             /* delete_tablet */
	bool allow_primary;            /* delete_tablet: also a keyspace's only one */
	bool recursive;                /* delete_keyspace: with its tablets' records */
	const char *uuid;              /* vdiff_*: of a comparison; "", "last", "all" */
	struct vdiff_options vdiff;    /* vdiff_create */
	bool force;
	bool dry_run; /* says what would be done, and does nothing */
	struct workflow_options options;
	unsigned given; /* of the options: enum workflow_given */
	/* long poll: answer when the record is newer */
	int64_t after_revision;
};

void ctl_request_write(struct buf *out, const struct ctl_request *r);
int ctl_request_read(
    struct arena *a, struct slice json, struct ctl_request *out, struct err *err) MUST_USE;

/* ---- Both ends of a call */
/* Fills reply with status and the error object for err. */
void rpc_reply_error(struct http_reply *reply, const struct err *err);
/* Back into the err it was; returns -1. */
int rpc_read_error(const struct http_reply *reply, struct err *err);
/* POSTs body to address/path: 0 and the reply's body in cx->arena, or the other side's err. */
int rpc_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct slice *out) MUST_USE;

#endif
