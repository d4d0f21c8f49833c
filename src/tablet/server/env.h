/*
 * env.h - what every module of a vttablet needs to know of its surroundings, and how to reach
 * servers from there.
 */
#ifndef TABLET_SERVER_ENV_H
#define TABLET_SERVER_ENV_H

#include "mysql/client.h"
#include "rpc/api.h"

struct server_lock;
struct spares;
struct place_watches;
struct vdiff_orders;

struct tablet_env {
	const char *alias;   /* "zone1-100" */
	const char *server;  /* this tablet's own database server */
	const char *sidecar; /* the name of our database there (sidecar.h) */
	const struct credentials *accounts;
	const struct mysql_link *link; /* to any server; NULL: without TLS and compression */
	const char *data_dir;          /* for spilled transactions */
	struct server_lock *lock;      /* that streams run under (server_lock.h) */
	struct spares *spares;         /* connections for calls (spare.h), or NULL: none is kept */
	struct place_watches
	    *places; /* who asks where servers are (place_watch.h), or NULL: each for itself */
	struct vdiff_orders *vdiffs; /* who wants what compared (compare/orders.h), or NULL: nobody */
	/* How much at once, of each stream: connections that write changes, chunks in flight, and the rows
	 * of a chunk at most (0: as chunk.h says). */
	int appliers, copy_parallel;
	size_t chunk_rows;
	size_t part_rows; /* changes for which one more connection writes (0: as apply_parts.h says) */
};

/* Connections to the tablet's own server as vt_dba, and vt_stream's to any server: to write rows
 * (ROLE_WRITER), to read them (ROLE_READER), or for all else at a source (ROLE_STREAM). What their
 * sessions rely on is in mysql/role.h. */
int env_dba(struct ctx *cx, const struct tablet_env *env, struct mysql_client **out) MUST_USE;
/* For DDL: see ddl.h, which everybody uses. */
int env_ddl(struct ctx *cx, const struct tablet_env *env, struct mysql_client **out) MUST_USE;
struct mysql_params env_stream_params(
    const struct tablet_env *env, const char *server, enum mysql_role role);
int env_stream(struct ctx *cx, const struct tablet_env *env, const char *server,
    enum mysql_role role, struct mysql_client **out) MUST_USE;
/* With the account that the gates serve clients with: to try what it may (ROLE_PROBE), or to see the
 * session that a client gets (ROLE_CLIENT). */
int env_app(struct ctx *cx, const struct tablet_env *env, enum mysql_role role,
    struct mysql_client **out) MUST_USE;

/* Does the error say that an account may not do what was tried? */
bool env_is_denied(const struct err *err);
/* Does waiting mend it: a server that went away, a deadlock, a full disk? */
bool env_error_passes(const struct err *err);

/* For COM_REGISTER_SLAVE, of one that reads a binlog: a server ends the dump of whoever came before
 * with the same number, so every stream and every probe has its own. */
uint32_t env_server_id(const struct tablet_env *env, const char *reader);

/* For SCOPED(client). */
static inline void
client_done(struct mysql_client **c)
{
	mysql_close(*c);
	*c = NULL;
}

#endif
