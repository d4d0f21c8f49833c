#include "cmd/tls_options.h"

static int
check_pair(const char *cert, const char *key, const char *prefix, struct err *err)
{
	if ((cert == NULL) == (key == NULL))
		return 0;
	return err_set(err, ERR_REFUSED, "--%sssl-cert and --%sssl-key go together", prefix, prefix);
}

/* What would have no effect is not what was meant. */
static int
check_db(const struct db_ssl_settings *s, struct err *err)
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
db_ssl_open(const struct db_ssl_settings *s, struct mysql_tls *out, struct err *err)
{
	struct tls_params params = {
		.side = TLS_CLIENT,
		.check = check_of(s->mode),
		.ca = s->ca,
		.cert = s->cert,
		.key = s->key,
	};

	*out = (struct mysql_tls){ .mode = (enum mysql_tls_mode)s->mode };
	TRY(check_db(s, err));
	if (s->mode == MYSQL_TLS_DISABLED)
		return 0;
	out->context = tls_context_new(&params, err);
	return out->context == NULL ? -1 : 0;
}

int
client_ssl_open(const struct client_ssl_settings *s, struct tls_context **out, struct err *err)
{
	struct tls_params params = {
		.side = TLS_SERVER,
		.check = s->ca == NULL ? TLS_CHECK_NOTHING : TLS_CHECK_CHAIN,
		.ca = s->ca,
		.cert = s->cert,
		.key = s->key,
	};

	*out = NULL;
	TRY(check_pair(s->cert, s->key, "", err));
	if (s->cert == NULL && (s->required || s->ca != NULL))
		return err_set(err, ERR_REFUSED, "%s needs --ssl-cert and --ssl-key",
		    s->required ? "--require-secure-transport" : "--ssl-ca");
	if (s->cert == NULL)
		return 0;
	*out = tls_context_new(&params, err);
	return *out == NULL ? -1 : 0;
}
