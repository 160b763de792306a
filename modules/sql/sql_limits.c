/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_limits.h"

#include <pthread.h>
#include <stddef.h>

static pthread_key_t key;
static bool made;

bool sql_limits_start(void)
{
	made = pthread_key_create(&key, NULL) == 0;
	return made;
}

void sql_limits_stop(void)
{
	if (made)
		pthread_key_delete(key);
	made = false;
}

bool sql_limits_set(struct sql_limits *limits)
{
	return pthread_setspecific(key, limits) == 0 || !limits;
}

struct sql_limits *sql_limits_get(void)
{
	return pthread_getspecific(key);
}

bool sql_limits_stopped(void)
{
	const struct sql_limits *l = sql_limits_get();
	return l && l->look && l->look(l->arg) != 0;
}
