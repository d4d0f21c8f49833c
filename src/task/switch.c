#include "task/switch.h"

#include "base/check.h"
#include "task/sanitize.h"

#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* From boost/context/detail/fcontext.hpp, which is C++; the symbols are plain C. */
struct transfer {
	void *sp;   /* of the context that jumped here */
	void *data; /* that context */
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *top, size_t size, void (*fn)(struct transfer));

static void
before_leaving(struct context *from, struct context *to, bool ending)
{
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(ending ? NULL : &from->asan_fake_stack, to->bottom, to->size);
#endif
#ifdef WITH_TSAN
	__tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
	from->to = to;
}

static void
after_arriving(struct transfer t)
{
	struct context *came_from = t.data;

	came_from->sp = t.sp;
#ifdef WITH_ASAN
	const void *bottom;
	size_t size;
	__sanitizer_finish_switch_fiber(came_from->to->asan_fake_stack, &bottom, &size);
	if (came_from->bottom == NULL) { /* a thread's stack: only now its bounds are known */
		came_from->bottom = bottom;
		came_from->size = size;
	}
#endif
}

static void
first_frame(struct transfer t)
{
	after_arriving(t);
	struct context *self = ((struct context *)t.data)->to;
	self->body(self->arg);
	unreachable();
}

void
context_init_thread(struct context *c)
{
	*c = (struct context){ 0 };
#ifdef WITH_TSAN
	c->tsan_fiber = __tsan_get_current_fiber();
#endif
}

void
context_init(struct context *c, void *bottom, size_t size, context_fn *fn, void *arg)
{
	*c = (struct context){ .body = fn, .arg = arg, .bottom = bottom, .size = size };
	c->sp = make_fcontext((char *)bottom + size, size, first_frame);
#ifdef WITH_TSAN
	c->tsan_fiber = __tsan_create_fiber(0);
#endif
}

void
context_done(struct context *c)
{
#ifdef WITH_TSAN
	if (c->body != NULL)
		__tsan_destroy_fiber(c->tsan_fiber);
#endif
	*c = (struct context){ 0 };
}

void
context_switch(struct context *from, struct context *to, bool ending)
{
	before_leaving(from, to, ending);
	after_arriving(jump_fcontext(to->sp, from));
}
