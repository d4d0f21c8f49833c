/*
 * fakemysql.h - a database server that follows a script.
 *
 * Speaks the real protocol (src/mysql) on a real or a virtual loop. A script is a list of
 * rules; a statement is answered by the first rule whose pattern matches it and which has
 * not been used up. A statement without a rule is answered with error 1064 and remembered:
 * fake_unexpected() counts them.
 *
 *	struct fake *f = fake_start("db1:3306");
 *	fake_rows(fake_on(f, "SELECT id,name FROM u*"), "id", "name", NULL);
 *	fake_row(rule, "1", "anna");  fake_row(rule, "2", NULL);
 *	fake_error(fake_times(fake_on(f, "COMMIT"), 1), 1205, "HY000", "Lock wait timeout");
 *	fake_hold(fake_on(f, "COMMIT"));          ... later fake_release(rule)
 *
 * Patterns: '*' stands for any run of bytes, all else for itself, letters in either case.
 * Commands that are no queries come as "@" and their name: "@Ping" and "@Reset connection"
 * (answered OK by themselves), "@Prepare SELECT ...", "@Binlog Dump bin.000001:4". COM_QUIT ends the session.
 *
 * A rule that calls answers by itself, with server_send_ok() and its like on s->packets.
 * A fake belongs to one loop. Rules live until fake_stop().
 */
#ifndef TESTS_FAKE_FAKEMYSQL_H
#define TESTS_FAKE_FAKEMYSQL_H

#include "mysql/server.h"
#include "task/group.h"

struct fake;
struct fake_rule;

struct fake_session {
	struct fake *fake;
	struct conn *conn;
	struct packets packets;
	struct server_client client;
	uint32_t id;
	/* the script's own, one for each session; NULL at first */
	void *user;
};

/* 0 goes on; -1 ends the session (its error is not looked at). sql is borrowed. */
typedef int fake_call_fn(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg);

/* Fails the test when the address is taken. "127.0.0.1:0" with fake_port() on a real loop. */
struct fake *fake_start(const char *address);
void fake_stop(struct fake *f); /* ends its sessions; waits for them */
int fake_port(const struct fake *f);
/* of every user; none at first */
void fake_password(struct fake *f, const char *password);
void fake_version(struct fake *f, const char *version); /* of its greeting; kept, not copied */
/* What it offers; nothing at first. */
void fake_compression(struct fake *f, const struct compression_choice *c);
void fake_lenient(struct fake *f); /* statements without a rule are answered OK */

/* A rule, answered OK until told otherwise. Rules are tried in the order they were made. */
struct fake_rule *fake_on(struct fake *f, const char *pattern);
/* used up after so many; 0: never */
struct fake_rule *fake_times(struct fake_rule *r, int times);
struct fake_rule *fake_delay(struct fake_rule *r, usec delay);
struct fake_rule *fake_ok(struct fake_rule *r, uint64_t affected, const char *info);
struct fake_rule *fake_error(
    struct fake_rule *r, uint16_t code, const char *sqlstate, const char *text);
/* names of columns, NULL */
struct fake_rule *fake_rows(struct fake_rule *r, ...) __attribute__((sentinel));
/* as many texts as columns; NULL is NULL */
void fake_row(struct fake_rule *r, ...);
/* the connection ends without an answer */
struct fake_rule *fake_close(struct fake_rule *r);
/* asks for the file, keeps it; then as fake_ok() says */
struct fake_rule *fake_file(struct fake_rule *r);
struct fake_rule *fake_call(struct fake_rule *r, fake_call_fn *fn, void *arg);
/* its statements wait for fake_release() */
struct fake_rule *fake_hold(struct fake_rule *r);
void fake_release(struct fake_rule *r);

/* What was said. */
int fake_used(const struct fake_rule *r);
int fake_count(const struct fake *f, const char *pattern); /* statements so far */
int fake_unexpected(const struct fake *f);
struct slice fake_last_file(const struct fake *f); /* of fake_file() */
int fake_sessions(const struct fake *f);           /* now open */
/* Until so many statements of the pattern have arrived. */
int fake_wait(struct ctx *cx, struct fake *f, const char *pattern, int count) MUST_USE;

/* For calls: asks for the file and reads it to its end. */
int fake_read_file(struct ctx *cx, struct fake_session *s, struct buf *out) MUST_USE;
bool fake_matches(const char *pattern, struct slice text);

#endif
