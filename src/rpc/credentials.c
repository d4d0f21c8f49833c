/*
 * Reads the credentials file. It must be the reader's own (or root's) and closed to everybody else:
 * a password that others can read is refused before it is used.
 */
#include "base/mem.h"
#include "rpc/api.h"
#include "topo/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024 }; /* 64 accounts with the longest names and passwords, in JSON */

static int
check_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(err, errno, "reading '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
		return err_set(
		    err, ERR_REFUSED, "credentials file '%s' is not a small plain file", path);
	if ((st.st_mode & 077) != 0) {
		err_set(err, ERR_REFUSED, "credentials file '%s' can be read or written by others",
		    path);
		return err_hint(err, "chmod 600 '%.150s'", path);
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(
		    err, ERR_REFUSED, "credentials file '%s' belongs to somebody else", path);
	return 0;
}

static int
read_file(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	int rc;

	if (fd < 0)
		return err_errno(err, errno, "opening credentials file '%s'", path);
	rc = check_file(fd, path, err);
	while (rc == 0 && n > 0 && out->len <= FILE_MAX_BYTES) {
		char page[2048];

		n = read(fd, page, sizeof(page));
		if (n > 0)
			buf_add(out, page, (size_t)n);
	}
	if (rc == 0 && n < 0)
		rc = err_errno(err, errno, "reading '%s'", path);
	close(fd);
	return rc;
}

static void
get_account(const struct json *j, struct account *out)
{
	const char *user = json_get_str(j, "user"), *password = json_get_str(j, "password");

	json_need(j, "user");
	if (user[0] == '\0' || strlen(user) >= sizeof(out->user)) {
		json_wrong(j, "user", "is empty or longer than 63 bytes");
		return;
	}
	if (strlen(password) > SECRET_MAX) {
		json_wrong(j, "password", "is too long");
		return;
	}
	snprintf(out->user, sizeof(out->user), "%s", user);
	secret_set(&out->password, slice_str(password));
}

static void
get_named(const struct json *root, const char *name, struct account *out)
{
	struct json j = json_get_object(root, name);

	json_need(root, name);
	get_account(&j, out);
}

static void
get_clients(const struct json *root, struct credentials *out)
{
	struct json array = json_get_array(root, "clients");
	size_t count = json_count(&array);

	if (count > CLIENTS_MAX) {
		json_wrong(root, "clients", "has more than 64 accounts");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json j = json_item(&array, i);

		get_account(&j, &out->clients[i].account);
		out->clients[i].loopback_only = json_get_bool(&j, "loopback_only");
	}
	out->clients_count = count;
}

static int
check_names(const struct credentials *c, const char *path, struct err *err)
{
	if (strcmp(c->app.user, c->stream.user) != 0 && strcmp(c->app.user, c->dba.user) != 0 &&
	    strcmp(c->stream.user, c->dba.user) != 0)
		return 0;
	err_set(err, ERR_REFUSED, "two of the three accounts in '%s' have the same name", path);
	return err_hint(err,
	    "the fence tells the streams from everybody else by their account: give each its own");
}

static int
load(const char *path, struct credentials *out, struct err *err)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf text = BUF_INIT;
	struct json_doc doc;

	TRY(read_file(path, &text, err));
	if (json_open(&doc, "credentials file", buf_slice(&text), &arena, err) != 0)
		return err_wrap(err, "'%s'", path);
	struct json j = json_root(&doc);
	get_named(&j, "vt_app", &out->app);
	get_named(&j, "vt_stream", &out->stream);
	get_named(&j, "vt_dba", &out->dba);
	get_clients(&j, out);
	if (json_close(&doc) != 0)
		return err_wrap(err, "'%s'", path);
	return check_names(out, path, err);
}

void
credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	secret_done(&c->app.password);
	secret_done(&c->stream.password);
	secret_done(&c->dba.password);
	for (size_t i = 0; i < c->clients_count; i++)
		secret_done(&c->clients[i].account.password);
	free(c);
}

struct credentials *
credentials_new(const char *path, struct err *err)
{
	struct credentials *c = mem_new(struct credentials);

	if (load(path, c, err) == 0)
		return c;
	credentials_free(c);
	return NULL;
}
