/* SPDX-License-Identifier: Apache-2.0 */
#include "geo_contexts.h"

#include "geo.h"

#include <pthread.h>
#include <stdlib.h>

/** Threads that compare at the same time: more than there are on most machines. */
#define CONTEXTS 16
/** Bytes of one, amply. */
#define CONTEXT_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given = PTHREAD_COND_INITIALIZER;
static GEOSContextHandle_t contexts[CONTEXTS];
static unsigned count;

bool geo_start(void)
{
	void *room = malloc(CONTEXTS * CONTEXT_MAX); /* GEOS would not say that there is none */
	if (!room)
		return false;
	free(room);
	while (count < CONTEXTS)
		contexts[count++] = GEOS_init_r();
	return true;
}

void geo_stop(void)
{
	while (count)
		GEOS_finish_r(contexts[--count]);
}

GEOSContextHandle_t geo_context_take(void)
{
	pthread_mutex_lock(&lock);
	while (!count)
		pthread_cond_wait(&given, &lock);
	GEOSContextHandle_t context = contexts[--count];
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
