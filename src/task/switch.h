/*
 * switch.h - change stacks: the C entry points of libboost_context; nothing else sees them.
 *
 * A context is where a stack stopped. context_switch() stops the running one
 * and goes on with another; it returns when somebody switches back. ASan and
 * TSan are told of each switch, or they take one task's frames for another's.
 *
 * A parked x86-64 context, from sp upwards, eight bytes each: mxcsr and x87
 * words, r12, r13, r14, r15, rbx, rbp, return address (boost's
 * jump_x86_64_sysv_elf_gas.S; tools/gdb_tasks.py reads it).
 */
#ifndef TASK_SWITCH_H
#define TASK_SWITCH_H

#include <stdbool.h>
#include <stddef.h>

typedef void context_fn(void *arg);

struct context {
	void *sp;           /* saved stack pointer while not running */
	struct context *to; /* where it switched to last */
	context_fn *body;   /* what a new one runs, and with what */
	void *arg;
	const void *bottom; /* lowest address of its stack, for ASan; NULL until known */
	size_t size;
	void *asan_fake_stack;
	void *tsan_fiber;
};

/* The thread's own stack: switched from first. */
void context_init_thread(struct context *c);
/* Will run fn(arg) on the stack at bottom when first switched to; fn never returns. */
void context_init(struct context *c, void *bottom, size_t size, context_fn *fn, void *arg);
/* Of a context that is not running. */
void context_done(struct context *c);
/* from is the running one; ending: it will never be switched to again. */
void context_switch(struct context *from, struct context *to, bool ending);

#endif
