/*
 * byhand - copies a table as fast as it goes by hand: one SELECT streamed into one LOAD DATA LOCAL.
 *
 *   byhand --user U --password-file F --from PORT/DATABASE --to PORT/DATABASE --table T
 *
 * The target table must exist. Rows go from the one connection's result into the
 * other's LOAD DATA through a buffer; nothing is kept. Prints the number of rows.
 */
#include <getopt.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARRY_MAX = 1 << 20, PASSWORD_MAX = 128 };   /* one row, every byte escaped */

struct pipe {
	MYSQL_RES    *rows;
	unsigned      columns;
	char         *carry;           /* the row being handed out */
	size_t        carry_len, carry_at;
	unsigned long count;
};

struct end {
	unsigned port;
	char     database[65];
};

static char *
put_field(char *at, const char *value, unsigned long len)
{
	if (value == NULL) {
		*at++ = '\\';
		*at++ = 'N';
		return at;
	}
	for (unsigned long i = 0; i < len; i++) {
		char c = value[i];

		if (c == '\\' || c == '\t' || c == '\n' || c == '\0') {
			*at++ = '\\';
			c = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\0' ? '0' : c;
		}
		*at++ = c;
	}
	return at;
}

static int
next_row(struct pipe *p)
{
	MYSQL_ROW      row = mysql_fetch_row(p->rows);
	unsigned long *lens = row == NULL ? NULL : mysql_fetch_lengths(p->rows);
	char          *at = p->carry;
	size_t         need = 0;

	if (row == NULL)
		return 0;
	for (unsigned i = 0; i < p->columns; i++)
		need += 2 * lens[i] + 3;
	if (need > CARRY_MAX) {
		fprintf(stderr, "byhand: a row of %zu bytes\n", need);
		exit(1);
	}
	for (unsigned i = 0; i < p->columns; i++) {
		at = put_field(at, row[i], lens[i]);
		*at++ = i + 1 == p->columns ? '\n' : '\t';
	}
	p->carry_len = (size_t)(at - p->carry);
	p->carry_at = 0;
	p->count++;
	return 1;
}

static int
infile_init(void **ptr, const char *name, void *arg)
{
	(void)name;
	*ptr = arg;
	return 0;
}

static int
infile_read(void *ptr, char *buf, unsigned len)
{
	struct pipe *p = ptr;
	unsigned     used = 0;

	while (used < len) {
		size_t n = p->carry_len - p->carry_at;

		if (n == 0) {
			if (!next_row(p))
				break;
			continue;
		}
		if (n > len - used)
			n = len - used;
		memcpy(buf + used, p->carry + p->carry_at, n);
		p->carry_at += n;
		used += (unsigned)n;
	}
	return (int)used;
}

static void
infile_end(void *ptr)
{
	(void)ptr;
}

static int
infile_error(void *ptr, char *text, unsigned size)
{
	(void)ptr;
	snprintf(text, size, "reading rows failed");
	return 1;
}

static MYSQL *
open_end(const struct end *e, const char *user, const char *password)
{
	MYSQL   *my = mysql_init(NULL);
	my_bool  no = 0;
	unsigned on = 1;

	mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &on);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "binary");
	if (mysql_real_connect(my, "127.0.0.1", user, password, e->database, e->port, NULL,
	    0) != NULL &&
	    mysql_query(my, "SET time_zone = '+00:00'") == 0)
		return my;
	fprintf(stderr, "byhand: connecting to port %u: %s\n", e->port, mysql_error(my));
	exit(1);
}

static int
copy(MYSQL *from, MYSQL *to, const char *table)
{
	struct pipe p = { .carry = malloc(CARRY_MAX) };
	char        sql[200];

	snprintf(sql, sizeof sql, "SELECT * FROM `%s`", table);
	if (p.carry == NULL || mysql_query(from, sql) != 0 ||
	    (p.rows = mysql_use_result(from)) == NULL) {
		fprintf(stderr, "byhand: reading: %s\n", mysql_error(from));
		return 1;
	}
	p.columns = mysql_num_fields(p.rows);
	mysql_set_local_infile_handler(to, infile_init, infile_read, infile_end, infile_error, &p);
	snprintf(sql, sizeof sql,
	    "LOAD DATA LOCAL INFILE 'rows' INTO TABLE `%s` CHARACTER SET binary", table);
	if (mysql_query(to, sql) != 0) {
		fprintf(stderr, "byhand: loading: %s\n", mysql_error(to));
		return 1;
	}
	if (mysql_errno(from) != 0 || mysql_affected_rows(to) != p.count ||
	    mysql_warning_count(to) != 0) {
		fprintf(stderr, "byhand: %lu rows read, %llu loaded, %u warnings\n", p.count,
		    (unsigned long long)mysql_affected_rows(to), mysql_warning_count(to));
		return 1;
	}
	printf("%lu\n", p.count);
	mysql_free_result(p.rows);
	free(p.carry);
	return 0;
}

static const struct option options[] = {
	{ "user", required_argument, NULL, 'u' }, { "password-file", required_argument, NULL, 'p' },
	{ "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' },
	{ "table", required_argument, NULL, 'T' }, { NULL, 0, NULL, 0 },
};

int
main(int argc, char **argv)
{
	const char *user = "root", *password_file = NULL, *table = "users";
	char        password[PASSWORD_MAX] = "";
	struct end  from = { 0 }, to = { 0 };
	MYSQL      *a, *b;
	FILE       *f;
	int         c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'u')
			user = optarg;
		else if (c == 'p')
			password_file = optarg;
		else if (c == 'T')
			table = optarg;
		else if ((c != 'f' && c != 't') || sscanf(optarg, "%u/%64s", c == 'f' ? &from.port :
		    &to.port,
		    c == 'f' ? from.database : to.database) != 2)
			return 2;
	}
	f = password_file == NULL ? NULL : fopen(password_file, "r");
	if (f != NULL && fgets(password, sizeof password, f) != NULL)
		password[strcspn(password, "\n")] = '\0';
	a = open_end(&from, user, password);
	b = open_end(&to, user, password);
	rc = copy(a, b, table);
	mysql_close(a);
	mysql_close(b);
	return rc;
}
