#include "gate/whoami.h"

#include "sql/identity.h"

const char *
whoami_host(const struct session *s)
{
	return conn_peer(s->conn);
}

/* Without the port, and an address with colons without its brackets. */
static struct slice
host_of(const struct session *s)
{
	struct slice peer = slice_str(conn_peer(s->conn));
	size_t       end = peer.len;

	while (end > 0 && peer.ptr[end - 1] != ':')
		end--;
	peer = slice_cut(peer, 0, end > 0 ? end - 1 : peer.len);
	if (peer.len > 2 && peer.ptr[0] == '[')
		peer = slice_cut(peer, 1, peer.len - 1);
	return peer;
}

const char *
whoami_user(struct session *s)
{
	return arena_printf(&s->arena, "%s@%.*s", s->user, SLICE_ARG(host_of(s)));
}

const char *
whoami_account(struct session *s)
{
	return arena_printf(&s->arena, "%s@%%", s->user);
}

int
whoami_answer(struct ctx *cx, struct session *s, const struct statement *st, unsigned modes,
    struct slice *sql)
{
	struct identity_text text = { .sql = *sql, .modes = modes, .id = s->id, .from = st->query_at };

	if (!identity_is_asked(st))
		return 0;
	text.user = whoami_user(s);
	text.account = whoami_account(s);
	TRY(identity_replace(&s->arena, &text, sql, cx->err));
	return 1;
}
