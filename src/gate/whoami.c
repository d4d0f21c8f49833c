#include "gate/whoami.h"

#include "sql/identity.h"

/* Without the port, and an address with colons without its brackets. */
static struct slice
host_of(const struct session *s)
{
	struct slice peer = slice_str(conn_peer(s->conn));
	size_t end = peer.len;

	while (end > 0 && peer.ptr[end - 1] != ':')
		end--;
	peer = slice_cut(peer, 0, end > 0 ? end - 1 : peer.len);
	if (peer.len > 2 && peer.ptr[0] == '[')
		peer = slice_cut(peer, 1, peer.len - 1);
	return peer;
}

int
whoami_answer(struct ctx *cx, struct session *s, const struct statement *st, unsigned modes,
    struct slice *sql)
{
	struct identity_text text = {
		.sql = *sql, .modes = modes, .id = s->id, .from = st->query_at
	};

	if (!identity_is_asked(st))
		return 0;
	text.user = arena_printf(&s->arena, "%s@%.*s", s->user, SLICE_ARG(host_of(s)));
	text.account = arena_printf(&s->arena, "%s@%%", s->user);
	TRY(identity_replace(&s->arena, &text, sql, cx->err));
	return 1;
}
