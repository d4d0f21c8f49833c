#include "combo/claim.h"

#include "base/check.h"
#include "base/mutant.h"
#include "combo/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
lock_dir(struct claim *c, struct err *err)
{
	char path[PLACE_MAX];
	int port;

	places_file(c->where, path, "lock");
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (c->lock_fd < 0)
		return err_errno(err, errno, "opening '%s'", path);
	if (fcntl(c->lock_fd, F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK }) == 0)
		return 0;
	err_set(err, ERR_REFUSED, "data directory '%s' is in use by process %d", c->where->dir,
	    (int)claim_of(c->where, &port));
	return err_hint(err, "vtcombo down --data-dir %.120s", c->where->dir);
}

pid_t
claim_of(const struct places *where, int *port_base)
{
	struct flock held = { .l_type = F_RDLCK };
	char path[PLACE_MAX];
	int pid = 0, fd;
	FILE *f;

	*port_base = 0;
	places_file(where, path, "lock");
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	fd = fileno(f);
	if (fscanf(f, "%d %d", &pid, port_base) != 2)
		pid = 0;
	if (fcntl(fd, F_OFD_GETLK, &held) != 0 || held.l_type == F_UNLCK)
		pid = 0; /* nobody holds it: what it says is about the past */
	fclose(f);
	return pid;
}

static int
sign_lock(struct claim *c, struct err *err)
{
	if (ftruncate(c->lock_fd, 0) == 0 &&
	    dprintf(c->lock_fd, "%d %d\n", (int)getpid(), c->where->port_base) > 0)
		return 0;
	return err_errno(err, errno, "writing the lock of '%s'", c->where->dir);
}

static int
bind_to(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	/* as all of our programs do: bound ones that do not listen are no hindrance to one another */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
claim_hold(struct claim *c, int port)
{
	/* Handed out once, kept for good: a program's port is asked for at each of its starts. */
	for (int i = 0; i < c->held_count; i++)
		if (c->held[i].port == port)
			return true;
	int fd = bind_to(port);
	if (fd < 0)
		return false;
	check(c->held_count < CLAIM_PORTS_MAX);
	if (mutant("combo_port_let_go"))
		close(fd);
	else
		c->held[c->held_count++] = (struct held_port){ port, fd };
	return true;
}

/* The kernel's range for ports that nobody asked for by number; 0 to 0 when it is not known. */
static bool
is_given_out(int port)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int from = 0, to = 0;

	if (f == NULL)
		return false;
	bool known = fscanf(f, "%d %d", &from, &to) == 2;
	fclose(f);
	return known && port >= from && port <= to;
}

int
claim_refuse_port(const char *name, int port, struct err *err)
{
	err_set(err, ERR_REFUSED, "port %d, for %s, is taken by another program", port, name);
	return err_hint(err,
	    is_given_out(port)
		? "choose another range with --port-base: this one is among the ports that the "
		  "kernel gives to outgoing connections, of which one may have it for a minute"
		: "choose another range with --port-base");
}

/* A program that is to be started, not adopted, finds its port free. */
static int
check_port(struct claim *c, const char *name, int port, struct err *err)
{
	char path[PLACE_MAX];

	places_file(c->where, path, "run/%s.pid", name);
	/* One that lives has the port itself: it is held when that program is started again
	 * (hold_ports()). */
	if (process_of_file(path) != 0 || claim_hold(c, port))
		return 0;
	return claim_refuse_port(name, port, err);
}

static int
check_ports(struct claim *c, struct err *err)
{
	int base = c->where->port_base;
	char name[PROGRAM_NAME_MAX];

	TRY(check_port(c, "vtctld", base + PORT_VTCTLD, err));
	TRY(check_port(c, "vtgate", base + PORT_GATE_HTTP, err));
	TRY(check_port(c, "vtgate", base + PORT_GATE_MYSQL, err));
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++) {
		if (c->keyspaces[uid][0] == '\0')
			continue;
		snprintf(name, sizeof name, "vttablet-%d", uid);
		TRY(check_port(c, name, base + PORT_TABLET + uid, err));
		snprintf(name, sizeof name, "server-%d", uid);
		TRY(check_port(c, name, base + PORT_SERVER + uid, err));
	}
	return 0;
}

/* What still runs keeps its ports: it cannot be adopted at others. */
static int
check_base(const struct claim *c, struct err *err)
{
	char path[PLACE_MAX];
	int before;

	(void)claim_of(c->where, &before);
	places_file(c->where, path, "run/vtctld.pid");
	if (before == 0 || before == c->where->port_base || process_of_file(path) == 0)
		return 0;
	err_set(err, ERR_REFUSED, "the programs of '%s' still run at port base %d", c->where->dir,
	    before);
	return err_hint(err, "use --port-base %d, or vtcombo down first", before);
}

/* Without its newline; "" at the end. */
static void
read_line(FILE *f, char *out, size_t size)
{
	out[0] = '\0';
	if (fgets(out, (int)size, f) != NULL)
		out[strcspn(out, "\n")] = '\0';
}

int
claim_keyspace(const char *path, char out[NAME_MAX_BYTES + 1], struct dbkind *kind, struct err *err)
{
	char name[NAME_MAX_BYTES + 2], of[DBKIND_NAME_MAX + 2] = ""; /* with the newline */
	struct dbkind found;
	FILE *f = fopen(path, "re");

	out[0] = '\0';
	if (f == NULL)
		return 0;
	read_line(f, name, sizeof name);
	read_line(f, of, sizeof of);
	fclose(f);
	memcpy(out, name, strlen(name) + 1);
	if (dbkind_read(slice_str(of), &found, err) != 0)
		return err_set(err, ERR_REFUSED,
		    "'%s': keyspace '%s' has a server of kind '%s', which this release does not know",
		    path, out, of);
	if (kind != NULL)
		*kind = found;
	return 0;
}

int
claim_uid(struct claim *c, int uid, const char *keyspace, const struct dbkind *kind, struct err *err)
{
	char path[PLACE_MAX];
	FILE *f;

	places_file(c->where, path, "tablets/%d", uid);
	f = fopen(path, "we");
	if (f == NULL || fprintf(f, "%s\n%s\n", keyspace, kind->name) < 0 || fflush(f) != 0 ||
	    fsync(fileno(f)) != 0) {
		err_errno(err, errno, "writing '%s'", path);
		if (f != NULL)
			fclose(f);
		return -1;
	}
	fclose(f);
	snprintf(c->keyspaces[uid], sizeof c->keyspaces[uid], "%s", keyspace);
	c->kinds[uid] = *kind;
	return 0;
}

/* (2) */
static int
read_uids(struct claim *c, struct err *err)
{
	char path[PLACE_MAX];
	DIR *d;
	struct dirent *e;
	int rc = 0;

	places_file(c->where, path, "tablets");
	d = opendir(path);
	if (d == NULL)
		return err_errno(err, errno, "reading '%s'", path);
	while (rc == 0 && (e = readdir(d)) != NULL) {
		struct err other_file;
		int uid;

		if (parse_int(slice_str(e->d_name), TABLET_UID_MIN, TABLET_UID_MAX, &uid,
			&other_file) != 0)
			continue;
		places_file(c->where, path, "tablets/%d", uid);
		rc = claim_keyspace(path, c->keyspaces[uid], &c->kinds[uid], err);
	}
	closedir(d);
	return rc;
}

int
claim_take(struct claim *c, const struct places *where, struct err *err)
{
	*c = (struct claim){ .where = where, .lock_fd = -1, .taken = true };
	/* The lock first: all else is read and checked as the only one. The pid is written last, so that
	 * the file keeps the port base of before until everything is known to fit. */
	TRY(lock_dir(c, err));
	TRY(check_base(c, err));
	TRY(read_uids(c, err));
	TRY(check_ports(c, err));
	return sign_lock(c, err);
}

void
claim_drop(struct claim *c)
{
	if (c->taken && c->lock_fd >= 0)
		close(c->lock_fd);
	while (c->held_count > 0)
		close(c->held[--c->held_count].fd);
	c->taken = false;
}
