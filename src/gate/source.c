#include "gate/source.h"

#include <stdio.h>
#include <stdlib.h>

struct reading {
	struct topo *topo;
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

/* "10.11.6-MariaDB" comes before "10.11.14-MariaDB": compares the numbers that both begin with. */
static bool
is_older(const char *a, const char *b)
{
	for (;;) {
		char *a_end, *b_end;
		long x = strtol(a, &a_end, 10), y = strtol(b, &b_end, 10);

		if (x != y || *a_end != '.' || *b_end != '.')
			return x < y;
		a = a_end + 1;
		b = b_end + 1;
	}
}

/* Which keyspace a client will use is not known when it is greeted: of several servers' versions
 * the oldest, whose SQL all of them speak. */
static int
pick_version(struct ctx *cx, const struct topo_list *l, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < l->count; i++) {
		struct health_record h;

		TRY(health_read(cx->arena, l->items[i].value, &h, cx->err));
		if (h.version[0] != '\0' && (out[0] == '\0' || is_older(h.version, out)))
			(void)snprintf(out, SOURCE_VERSION_MAX, "%s", h.version);
	}
	return 0;
}

static int
read_version(struct ctx *cx, const struct reading *r)
{
	struct topo_list l;

	TRY(list(cx, r, SOURCE_HEALTH, &l));
	return pick_version(cx, &l, r->out->version);
}

/* Health changes often; of it a route has the servers' version alone. */
bool
source_is_old(struct ctx *cx, const struct source *s, struct topo *t, const char *changed)
{
	struct topo_list l;
	char version[SOURCE_VERSION_MAX];

	if (strcmp(changed, SOURCE_HEALTH) != 0 || topo_list(cx, t, changed, &l) != 0 ||
	    pick_version(cx, &l, version) != 0)
		return true; /* source_read() will say what is wrong */
	return version[0] != '\0' && strcmp(version, s->version) != 0;
}

static int
read_all(struct ctx *cx, const struct reading *r)
{
	struct topo_list l;

	TRY(list(cx, r, "/keyspaces/", &l));
	r->out->keyspaces = values(cx->arena, &l);
	r->out->keyspaces_count = l.count;
	TRY(list(cx, r, "/tablets/", &l));
	r->out->tablets = values(cx->arena, &l);
	r->out->tablets_count = l.count;
	TRY(list(cx, r, "/vtctlds/", &l));
	r->out->vtctlds = values(cx->arena, &l);
	r->out->vtctlds_count = l.count;
	return read_version(cx, r);
}

/* out is new; source_done() in any case. */
static int
source_read(struct ctx *cx, struct topo *t, struct source *out, struct known_rules *rules)
{
	struct reading r = { t, out };
	struct ctx inner = *cx;
	struct topo_list routing;

	*out = (struct source){ .revision = 0 };
	arena_init(&out->arena);
	inner.arena = &out->arena;
	if (read_all(&inner, &r) != 0 || topo_list(&inner, t, ROUTING_PREFIX, &routing) != 0)
		return err_wrap(cx->err, "reading the topology");
	return known_rules_list(rules, &routing, cx->err);
}

int
source_renew(struct ctx *cx, struct topo *t, struct source *s, struct known_rules *rules)
{
	struct source read, before = *s;

	if (source_read(cx, t, &read, rules) != 0) {
		source_done(&read);
		return -1;
	}
	if (read.version[0] == '\0')
		memcpy(read.version, before.version, sizeof read.version);
	*s = read;
	source_done(&before);
	return 0;
}

void
source_done(struct source *s)
{
	arena_done(&s->arena);
}

int
source_route(const struct source *s, const struct known_rules *rules,
    const struct route_stamp *stamp, struct route **out, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct route_source from = { .keyspaces = s->keyspaces,
		.tablets = s->tablets,
		.keyspaces_count = s->keyspaces_count,
		.tablets_count = s->tablets_count,
		.vtctlds = s->vtctlds,
		.vtctlds_count = s->vtctlds_count,
		.rules = rules->rules,
		.stamp = *stamp,
		.version = s->version };

	from.switches = known_rules_switches(rules, &scratch, &from.switches_count);
	return route_new(&from, out, err);
}
