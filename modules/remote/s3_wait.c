/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_error.h"
#include "s3_request.h"

#include <gnutls/crypto.h>
#include <time.h>

/* The longest wait between two attempts, and between two questions whether to go on, milliseconds. */
#define WAIT_MAX 16000
#define SLICE_MAX 250

/* Between a half and all of what doubles with each attempt, so that those who failed together do not come back together. */
static uint64_t next_wait(uint64_t first, uint32_t attempts)
{
	uint64_t wait = first;
	for (uint32_t i = 1; i < attempts && wait < WAIT_MAX; i++)
		wait *= 2;
	wait = wait < WAIT_MAX ? wait : WAIT_MAX;
	uint32_t random = 0;
	gnutls_rnd(GNUTLS_RND_NONCE, &random, sizeof random);
	return wait - random % (wait / 2 + 1);
}

static int sleep_until(const struct remote_options *o, uint64_t then, struct remote_error *error)
{
	for (uint64_t now = remote_now_ms(); now < then; now = remote_now_ms()) {
		if (o->cancelled && o->cancelled(o->cancelled_arg))
			return remote_fail(error, REMOTE_CANCELLED, "cancelled");
		uint64_t ms = then - now < SLICE_MAX ? then - now : SLICE_MAX;
		struct timespec t = { .tv_sec = 0, .tv_nsec = (long)ms * 1000000 };
		nanosleep(&t, NULL);
	}
	return 0;
}

int s3_wait(const struct s3_session *s, struct s3_patience *p, struct remote_error *error)
{
	const struct remote_options *o = &s->options;
	uint32_t most = o->attempts ? o->attempts : 12;
	uint64_t now = remote_now_ms();
	if (!p->attempts++)
		p->until_ms = now + (o->retry_seconds ? o->retry_seconds : 120) * (uint64_t)1000;
	uint64_t then = now + next_wait(o->retry_ms ? o->retry_ms : 250, p->attempts);
	if (p->attempts >= most || then > p->until_ms)
		return 1;
	return sleep_until(o, then, error);
}
