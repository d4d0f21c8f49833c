static int
waits(struct ctx *cx, const struct ops *o)
{
	struct ctx nearer = ctx_within(cx, 5);
	return sleep_for(&nearer, 1) + o->get(cx, "") + o->run(cx, 0);
}

static int
pure(const struct ops *o)
{
	return o->size(o);
}

static int
hidden(const struct ops *o)
{
	TRY(pure(o));
	return waits(now, o); /* finds: hidden() calls waits(), which may wait */
}

static int
by_member(const struct ops *o)
{
	return o->get(0, "x"); /* finds: by_member() calls get(), which may wait */
}

static int
by_typed_member(const struct ops *o)
{
	return o->run(0, 0); /* finds: by_typed_member() calls run(), which may wait */
}

static int
by_parameter(step_fn *fn)
{
	return fn(0, 0); /* finds: by_parameter() calls fn(), which may wait */
}

static int
by_plain_pointer(int (*fn)(struct ctx *cx))
{
	return (*fn)(0); /* finds: by_plain_pointer() calls fn(), which may wait */
}

static int
makes_its_own(long n)
{
	struct ctx cx = { 0 };
	return sleep_for(&cx, n); /* finds: makes_its_own() calls sleep_for(), which may wait */
}

static void
task_main(void *arg)
{
	struct ctx cx = { 0 };
	sleep_for(&cx, 1);
}

static void
task_without(void *arg)
{
	sleep_for(arg, 1); /* finds: task_without() calls sleep_for(), which may wait */
}
