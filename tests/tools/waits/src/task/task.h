struct ctx;
typedef int step_fn(struct ctx *cx, void *arg);
struct ops {
	int (*get)(struct ctx *cx, const char *key);
	int (*size)(const struct ops *o);
	step_fn *run;
};
struct kept {
	struct ctx *cx; /* finds: a struct ctx kept in a struct */
};
int sleep_for(struct ctx *cx, long duration);
int late(long duration, struct ctx *cx); /* finds: late() takes a struct ctx that is not its first parameter */
struct ctx ctx_within(const struct ctx *cx, long duration);
