#include "task/stack.h"

#include "base/check.h"
#include "base/mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

enum {
	PAGE = 4096, /* the smallest there is; larger ones only make depth coarser */
#ifdef WITH_TSAN
	MAPS_PER_STACK = 20, /* and what TSan keeps for each fiber */
#else
	MAPS_PER_STACK = 2,
#endif
	MAPS_DEFAULT = 65530,     /* the kernel's, where /proc is not mounted */
	LIMIT_ON_VALGRIND = 2000, /* it keeps 30,000 segments, and is slow at it */
};

/* Maps are the process's, so the count is too: the one thing that all loops of a process share. */
static atomic_int stacks_mapped;

static int
read_max_map_count(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	long maps = n > 0 ? strtol(text, NULL, 10) : MAPS_DEFAULT;
	return maps > INT32_MAX ? INT32_MAX : (int)maps;
}

static struct stack *
map_stack(void)
{
	/* Mapped without access first, and opened above the guard: the other way round there would be an
	 * instant, and an error path, with a stack that has none. NORESERVE: most of each is never
	 * touched. */
	size_t len = PAGE + STACK_SIZE;
	int guard = mutant("task_no_guard") ? PROT_READ | PROT_WRITE : PROT_NONE;
	char *map = mmap(NULL, len, guard, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map + PAGE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
		check(munmap(map, len) == 0);
		return NULL;
	}
	struct stack *s = (struct stack *)(void *)(map + len - sizeof(struct stack));
	s->bottom = map + PAGE;
	s->size = STACK_SIZE - (sizeof(struct stack) + 63) / 64 * 64;
#ifdef VALGRIND_STACK_REGISTER
	s->valgrind_id = VALGRIND_STACK_REGISTER(s->bottom, s->bottom + s->size);
#endif
	return s;
}

static void
unpoison(struct stack *s)
{
#ifdef WITH_ASAN
	__asan_unpoison_memory_region(s->bottom, s->size);
#endif
	(void)s;
}

static void
unmap_stack(struct stack *s)
{
#ifdef VALGRIND_STACK_DEREGISTER
	VALGRIND_STACK_DEREGISTER(s->valgrind_id);
#endif
	check(munmap(s->bottom - PAGE, PAGE + STACK_SIZE) == 0);
	atomic_fetch_sub(&stacks_mapped, 1);
}

bool
stack_on_valgrind(void)
{
#ifdef RUNNING_ON_VALGRIND
	return RUNNING_ON_VALGRIND != 0;
#else
	return false;
#endif
}

void
stack_pool_init(struct stack_pool *p)
{
	*p = (struct stack_pool){ .limit = read_max_map_count() / 4 * 3 / MAPS_PER_STACK };
	if (stack_on_valgrind() && p->limit > LIMIT_ON_VALGRIND)
		p->limit = LIMIT_ON_VALGRIND;
}

void
stack_pool_done(struct stack_pool *p)
{
	while (p->idle != NULL) {
		struct stack *s = p->idle;
		p->idle = s->next;
		unmap_stack(s);
	}
	p->idle_count = 0;
}

struct stack *
stack_take(struct stack_pool *p)
{
	struct stack *s = p->idle;
	int limit = mutant("task_census_open") ? 2 * p->limit : p->limit;

	if (s != NULL) {
		p->idle = s->next;
		p->idle_count--;
		return s;
	}
	/* Counted before it is mapped: loops of several threads may be here at once. */
	if (atomic_fetch_add(&stacks_mapped, 1) < limit)
		s = map_stack();
	if (s == NULL)
		atomic_fetch_sub(&stacks_mapped, 1);
	return s;
}

void
stack_give(struct stack_pool *p, struct stack *s)
{
	if (s == NULL)
		return;
	unpoison(s);
	if (p->idle_count >= STACK_KEEP_MAX) {
		unmap_stack(s);
		return;
	}
	s->next = p->idle;
	p->idle = s;
	p->idle_count++;
}

/* mincore() tells which pages exist; a page that was never touched does not. */
size_t
stack_depth(const struct stack *s)
{
	unsigned char resident[STACK_SIZE / PAGE];
	size_t page = 0;

	if (mincore(s->bottom, STACK_SIZE, resident) != 0)
		return s->depth;
	while (page < sizeof(resident) && (resident[page] & 1) == 0)
		page++;
	size_t depth = STACK_SIZE - page * PAGE;
	return depth > s->depth ? depth : s->depth;
}

void
stack_trim(struct stack *s, const void *sp)
{
	uintptr_t bottom = (uintptr_t)s->bottom, end = (uintptr_t)sp / PAGE * PAGE;

	/* The page of sp itself stays: the frames of the parked task begin in it. */
	check(end >= bottom && end < bottom + STACK_SIZE);
	s->depth = stack_depth(s);
	if (end > bottom)
		check(madvise(s->bottom, end - bottom, MADV_DONTNEED) == 0);
}

int
stack_census(void)
{
	return atomic_load(&stacks_mapped);
}
