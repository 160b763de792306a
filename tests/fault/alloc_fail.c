/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file alloc_fail.c
 * \brief To be preloaded: makes allocations fail on command, and counts the blocks in use.
  *
  * A test maps the file named by ALLOC_FAIL_FILE and writes to it while the process runs; test_memory.py knows the layout.
  * Without such a file every call is passed through.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#define FRAMES 24

/** The file, in the machine's byte order. */
struct control {
	_Atomic int64_t left;    /**< the allocation that fails, counting down to 1; 0: none does */
	_Atomic int64_t onwards; /**< not 0: all later ones fail too; set after left, cleared before it */
	_Atomic int64_t failed;  /**< failed allocations */
	_Atomic int64_t calls;   /**< requested allocations */
	_Atomic int64_t live;    /**< blocks allocated and not yet freed */
	_Atomic int64_t frames;  /**< stack of the first failure; only with glibc */
	uintptr_t frame[FRAMES];
};

static struct control nowhere;
static struct control *control = &nowhere;

/* ---- the underlying allocator ---- */

#ifdef __GLIBC__
/* These names need no dlsym(), which may itself allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);
#define real_malloc __libc_malloc
#define real_calloc __libc_calloc
#define real_realloc __libc_realloc
#define real_memalign __libc_memalign
#define real_free __libc_free
#else
#define REAL(type, name, parameters, arguments)                          \
	static type real_##name parameters                               \
	{                                                                \
		static type(*_Atomic f) parameters;                      \
		if (!f)                                                  \
			f = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
		return f arguments;                                      \
	}
REAL(void *, malloc, (size_t size), (size))
REAL(void *, calloc, (size_t count, size_t size), (count, size))
REAL(void *, realloc, (void *p, size_t size), (p, size))
REAL(void *, memalign, (size_t align, size_t size), (align, size))
REAL(void, free, (void *p), (p))
#endif

/* ---- which allocations fail ---- */

#ifdef __GLIBC__
/**
 * GnuTLS 3.7.9, libtasn1 and GMP crash, abort or lose blocks when they get no memory in the midst of something. So what
 * they ask for is refused only where the function that others have called asks by itself.
 */
static bool is_fragile(void *const *frame, int count)
{
	static const char *const libraries[] = { "/libgnutls.", "/libtasn1.", "/libgmp.", "/libhogweed.", "/libnettle." };
	int deep = 0;

	for (int i = 0; i < count; i++) {
		Dl_info info;
		bool within = false;
		for (size_t k = 0; k < sizeof libraries / sizeof *libraries && dladdr(frame[i], &info) && info.dli_fname; k++)
			within |= strstr(info.dli_fname, libraries[k]) != NULL;
		if (deep && !within)
			break;
		deep += within;
	}
	return deep > 1;
}
#endif

/** Keeps who asks, of the first. \return whether it can bear a refusal */
static bool look_at_caller(void)
{
#ifdef __GLIBC__
	static _Thread_local bool within; /* reading the stack may allocate memory */
	void *frame[FRAMES];

	if (within)
		return true;
	within = true;
	int n = backtrace(frame, FRAMES);
	bool bears = !is_fragile(frame, n);
	if (bears && !atomic_load(&control->frames)) {
		for (int i = 0; i < n; i++)
			control->frame[i] = (uintptr_t)frame[i];
		atomic_store(&control->frames, n);
	}
	within = false;
	return bears;
#else
	return true;
#endif
}

static bool fails(void)
{
	int64_t left = atomic_load_explicit(&control->left, memory_order_relaxed), last = 1;

	atomic_fetch_add_explicit(&control->calls, 1, memory_order_relaxed);
	while (left > 1 && !atomic_compare_exchange_weak(&control->left, &left, left - 1))
		;
	if (left > 1 || (left < 1 && !atomic_load(&control->onwards)))
		return false;
	/* Where the caller cannot bear it, the next one fails in its place. */
	if (!look_at_caller())
		return false;
	if (!atomic_compare_exchange_strong(&control->left, &last, 0) && !atomic_load(&control->onwards))
		return false;
	atomic_fetch_add(&control->failed, 1);
	errno = ENOMEM;
	return true;
}

static void *counted(void *p)
{
	if (p)
		atomic_fetch_add_explicit(&control->live, 1, memory_order_relaxed);
	return p;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("ALLOC_FAIL_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
#ifdef __GLIBC__
	void *frame[1];
	backtrace(frame, 1); /* the first call loads a library */
#endif
	void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		control = map;
}

/* ---- the exported functions ---- */

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size)
{
	return fails() ? NULL : counted(real_malloc(size));
}

EXPORT void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : counted(real_calloc(count, size));
}

EXPORT void free(void *p)
{
	if (p)
		atomic_fetch_sub_explicit(&control->live, 1, memory_order_relaxed);
	real_free(p);
}

EXPORT void *realloc(void *p, size_t size)
{
	if (p && !size) {
		free(p);
		return NULL;
	}
	if (fails())
		return NULL;
	return p ? real_realloc(p, size) : counted(real_realloc(NULL, size));
}

EXPORT void *reallocarray(void *p, size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

EXPORT void *memalign(size_t align, size_t size)
{
	return fails() ? NULL : counted(real_memalign(align, size));
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

EXPORT int posix_memalign(void **ret, size_t align, size_t size)
{
	int before = errno;

	if (align % sizeof(void *) || !align || align & (align - 1))
		return EINVAL;
	void *p = memalign(align, size);
	if (!p && errno == ENOMEM) {
		errno = before;
		return ENOMEM;
	}
	*ret = p;
	return 0;
}
