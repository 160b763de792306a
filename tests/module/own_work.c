/* SPDX-License-Identifier: Apache-2.0 */
/** Works outside operations: in its start(), and on a thread of its own. */
#include "count_name.h"

#include <lyre/lyre.h>

#include <pthread.h>
#include <string.h>

static pthread_t thread;

static int count(lyre_call *call, void *arg)
{
	return count_name(call, "work", (const char *)arg);
}

static int fail(lyre_call *call, void *arg)
{
	return lyre_fail(call, LYRE_EINVAL, "there is no work for %s", (const char *)arg);
}

static void *run(void *arg)
{
	lyre_instance *self = (lyre_instance *)arg;
	if (lyre_run(self, count, (void *)"thread") == 0 && lyre_run(self, fail, (void *)"a thread") == LYRE_EINVAL)
		lyre_log(self, LYRE_NOTIFY, "the thread has worked");
	return NULL;
}

static int start(lyre_instance *self)
{
	int rc = lyre_run(self, lyre_setting_bool(self, "fail") ? fail : count, (void *)"start");
	if (rc < 0)
		return rc;
	if (pthread_create(&thread, NULL, run, self) != 0)
		return lyre_start_fail(self, LYRE_EBUSY, "no thread");
	return 0;
}

static void stop(lyre_instance *self)
{
	if (!lyre_setting_bool(self, "fail"))
		pthread_join(thread, NULL);
}

static const struct lyre_setting settings[] = {
	{ .key = "fail", .type = LYRE_S_BOOL, .fallback = "false", .help = "Whether the work fails." },
};

LYRE_MODULE(own_work, "1.0.0", "Works by itself", .settings = LYRE_LIST(settings), .start = start, .stop = stop);
