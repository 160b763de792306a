/* SPDX-License-Identifier: Apache-2.0 */
#include "geo_library.h"

#include "geo.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define SONAME "libgeos_c.so.1"
/** Maximum number of threads that compare geometries at the same time; others wait. */
#define CONTEXTS 16
/** Upper bound of the size of a context, in bytes. */
#define CONTEXT_MAX 4096

/* Tells packaging tools what is loaded at run time: https://systemd.io/ELF_DLOPEN_METADATA/ */
#define NEEDS                                                                                                     \
	"[{\"feature\":\"geo\",\"description\":\"Comparison of geometries in SQL\",\"priority\":\"recommended\"," \
	"\"soname\":[\"" SONAME "\"]}]"
static const struct {
	uint32_t name_size, size, type;
	char name[4], text[(sizeof NEEDS + 3) / 4 * 4];
} note __attribute__((used, aligned(4), section(".note.dlopen"))) = { 4, sizeof NEEDS, 0x407c0c0a, "FDO", NEEDS };

struct geo_library geos;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given = PTHREAD_COND_INITIALIZER;
static void *library;
static GEOSContextHandle_t contexts[CONTEXTS];
static unsigned count;

static bool find(const char *name, void *function)
{
	void *found = dlsym(library, name);
	*(void **)function = found;
	return found;
}

#define FIND(name) &&find("GEOS" #name "_r", &geos.name)

static bool find_all(void)
{
	return true GEO_FUNCTIONS(FIND);
}

/* If memory for a context ran out, GEOS would abort the process. */
static bool make_contexts(void)
{
	void *room = malloc(CONTEXTS * CONTEXT_MAX);
	if (!room)
		return false;
	free(room);
	while (count < CONTEXTS)
		contexts[count++] = geos._init();
	return true;
}

static bool load(void)
{
	library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (library && find_all() && make_contexts())
		return true;
	if (library)
		dlclose(library);
	library = NULL;
	return false;
}

GEOSContextHandle_t geo_context_take(void)
{
	GEOSContextHandle_t context = NULL;
	pthread_mutex_lock(&lock);
	if (library || load()) {
		while (!count)
			pthread_cond_wait(&given, &lock);
		context = contexts[--count];
	}
	pthread_mutex_unlock(&lock);
	return context;
}

void geo_context_give(GEOSContextHandle_t context)
{
	pthread_mutex_lock(&lock);
	contexts[count++] = context;
	pthread_cond_signal(&given);
	pthread_mutex_unlock(&lock);
}

void geo_unload(void)
{
	while (count)
		geos._finish(contexts[--count]);
	if (library)
		dlclose(library);
	library = NULL;
}
