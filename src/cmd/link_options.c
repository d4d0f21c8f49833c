#include "cmd/link_options.h"

#include "base/check.h"

#include <stdlib.h>

static int
check_pair(const char *cert, const char *key, const char *prefix, struct err *err)
{
	if ((cert == NULL) == (key == NULL))
		return 0;
	return err_set(err, ERR_REFUSED, "--%sssl-cert and --%sssl-key go together", prefix, prefix);
}

/* What would have no effect is not what was meant. */
static int
check_db(const struct db_link_settings *s, struct err *err)
{
	TRY(check_pair(s->cert, s->key, "db-", err));
	if (s->ca != NULL && s->mode < MYSQL_TLS_VERIFY_CA)
		return err_set(err, ERR_REFUSED,
		    "--db-ssl-ca is for --db-ssl-mode=VERIFY_CA and VERIFY_IDENTITY: no other "
		    "looks at the server's certificate");
	if (s->cert != NULL && s->mode == MYSQL_TLS_DISABLED)
		return err_set(
		    err, ERR_REFUSED, "--db-ssl-cert is shown to nobody by --db-ssl-mode=DISABLED");
	return 0;
}

static enum tls_check
check_of(int mode)
{
	if (mode < MYSQL_TLS_VERIFY_CA)
		return TLS_CHECK_NOTHING;
	return mode == MYSQL_TLS_VERIFY_CA ? TLS_CHECK_CHAIN : TLS_CHECK_NAME;
}

int
db_link_open(const struct db_link_settings *s, struct mysql_link *out, struct err *err)
{
	struct tls_params params = {
		.side = TLS_CLIENT,
		.check = check_of(s->mode),
		.ca = s->ca,
		.cert = s->cert,
		.key = s->key,
	};

	*out = (struct mysql_link){
		.mode = (enum mysql_tls_mode)s->mode,
		.zstd_level = (int)s->zstd_level,
	};
	if (compression_choice_read(&out->compression, s->compression, err) != 0)
		return err_wrap(err, "--db-compression-algorithms");
	TRY(check_db(s, err));
	if (s->mode == MYSQL_TLS_DISABLED)
		return 0;
	out->context = tls_context_new(&params, err);
	return out->context == NULL ? -1 : 0;
}

int
client_link_open(const struct client_link_settings *s, struct server_link *out, struct err *err)
{
	struct tls_params params = {
		.side = TLS_SERVER,
		.check = s->ca == NULL ? TLS_CHECK_NOTHING : TLS_CHECK_CHAIN,
		.ca = s->ca,
		.cert = s->cert,
		.key = s->key,
	};

	*out = (struct server_link){ .require_tls = s->required };
	if (compression_choice_read(&out->compression, s->compression, err) != 0)
		return err_wrap(err, "--protocol-compression-algorithms");
	TRY(check_pair(s->cert, s->key, "", err));
	if (s->cert == NULL && (s->required || s->ca != NULL))
		return err_set(err, ERR_REFUSED, "%s needs --ssl-cert and --ssl-key",
		    s->required ? "--require-secure-transport" : "--ssl-ca");
	if (s->cert == NULL)
		return 0;
	out->tls = tls_context_new(&params, err);
	return out->tls == NULL ? -1 : 0;
}

/* ---- Handed on */

enum { WORDS_MAX = 11 }; /* six of servers', five of clients' */

struct words {
	const char **items;
	size_t count;
};

static void
add_word(struct arena *a, struct words *w, const char *option, const char *value)
{
	if (value == NULL)
		return;
	check(w->count < WORDS_MAX);
	w->items[w->count++] = arena_printf(a, "--%s=%s", option, value);
}

/* Files as they are from here: who they are handed to may work in another folder. */
static void
add_file(struct arena *a, struct words *w, const char *option, const char *file)
{
	char *real = file == NULL ? NULL : realpath(file, NULL);

	add_word(a, w, option, real == NULL ? file : real);
	free(real);
}

static struct words
words_new(struct arena *a)
{
	/* One more, which stays NULL. */
	return (struct words){ arena_zalloc(a, (WORDS_MAX + 1) * sizeof(const char *)), 0 };
}

static int
add_db(struct arena *a, struct words *w, const struct db_link_settings *s, struct err *err)
{
	static const char modes[] = MYSQL_TLS_MODES;
	struct slice mode = SLICE_NULL, rest = slice_of(modes, sizeof(modes) - 1);
	struct mysql_link tried;

	TRY(db_link_open(s, &tried, err));
	tls_context_free(tried.context);
	for (int i = 0; i <= s->mode; i++)
		rest = slice_split(rest, '|', &mode);
	add_word(a, w, "db-ssl-mode", arena_slice_str(a, mode));
	add_file(a, w, "db-ssl-ca", s->ca);
	add_file(a, w, "db-ssl-cert", s->cert);
	add_file(a, w, "db-ssl-key", s->key);
	add_word(a, w, "db-compression-algorithms", s->compression);
	add_word(a, w, "db-zstd-compression-level", arena_printf(a, "%d", (int)s->zstd_level));
	return 0;
}

int
db_link_words(
    struct arena *a, const struct db_link_settings *s, const char *const **out, struct err *err)
{
	struct words w = words_new(a);

	*out = (const char *const *)w.items;
	return add_db(a, &w, s, err);
}

int
gate_link_words(struct arena *a, const struct db_link_settings *db,
    const struct client_link_settings *s, const char *const **out, struct err *err)
{
	struct words w = words_new(a);
	struct server_link tried;

	*out = (const char *const *)w.items;
	TRY(add_db(a, &w, db, err));
	TRY(client_link_open(s, &tried, err));
	tls_context_free(tried.tls);
	add_file(a, &w, "ssl-ca", s->ca);
	add_file(a, &w, "ssl-cert", s->cert);
	add_file(a, &w, "ssl-key", s->key);
	add_word(a, &w, "protocol-compression-algorithms", s->compression);
	if (s->required)
		w.items[w.count++] = "--require-secure-transport";
	return 0;
}
