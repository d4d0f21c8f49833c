#include "gate/source.h"

#include <stdio.h>

struct reading {
	struct topo   *topo;
	struct source *out;
};

static int
list(struct ctx *cx, const struct reading *r, const char *prefix, struct topo_list *l)
{
	TRY(topo_list(cx, r->topo, prefix, l));
	if (r->out->revision == 0 || l->revision < r->out->revision)
		r->out->revision = l->revision;
	return 0;
}

static struct slice *
values(struct arena *a, const struct topo_list *l)
{
	struct slice *out = arena_array(a, struct slice, l->count + 1);

	for (size_t i = 0; i < l->count; i++)
		out[i] = l->items[i].value;
	return out;
}

static int
read_version(struct ctx *cx, const struct reading *r)
{
	struct topo_list l;

	TRY(list(cx, r, "/health/", &l));
	for (size_t i = 0; i < l.count; i++) {
		struct health_record h;

		TRY(health_read(cx->arena, l.items[i].value, &h, cx->err));
		if (h.version[0] != '\0')
			(void)snprintf(r->out->version, sizeof r->out->version, "%s", h.version);
	}
	return 0;
}

static int
read_all(struct ctx *cx, const struct reading *r)
{
	struct topo_list l;
	struct topo_kv   kv;

	TRY(list(cx, r, "/keyspaces/", &l));
	r->out->keyspaces = values(cx->arena, &l);
	r->out->keyspaces_count = l.count;
	TRY(list(cx, r, "/tablets/", &l));
	r->out->tablets = values(cx->arena, &l);
	r->out->tablets_count = l.count;
	TRY(read_version(cx, r));
	if (topo_get(cx, r->topo, "/routing_rules", &kv) == 0) {
		r->out->rules = kv.value;
		return 0;
	}
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err); /* nothing has ever been moved */
	return 0;
}

int
source_read(struct ctx *cx, struct topo *t, struct source *out)
{
	struct reading r = { t, out };
	struct ctx     inner = *cx;

	*out = (struct source){ .rules = SLICE_NULL };
	arena_init(&out->arena);
	inner.arena = &out->arena;
	if (read_all(&inner, &r) != 0)
		return err_wrap(cx->err, "reading the topology");
	return 0;
}

void
source_done(struct source *s)
{
	arena_done(&s->arena);
}

int
source_route(
    const struct source *s, struct slice rules, uint64_t epoch, struct route **out, struct err *err)
{
	struct route_source from = { .keyspaces = s->keyspaces,
		.tablets = s->tablets,
		.keyspaces_count = s->keyspaces_count,
		.tablets_count = s->tablets_count,
		.rules = rules,
		.epoch = epoch,
		.version = s->version };

	return route_new(&from, out, err);
}
