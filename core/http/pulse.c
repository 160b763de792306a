/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pulse.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Ask again after this many misses: when libmicrohttpd has no memory for a connection, it drops it silently. */
#define AGAIN_MAX 8

/* libmicrohttpd copies a client's address and reads it only for its own per-address limit, which is off. */
struct pulse_address {
	sa_family_t family; /* AF_UNSPEC: not a client's */
	struct pulse *pulse;
};

bool pulse_due(struct pulse *p)
{
	p->missed = atomic_load(&p->asked) ? p->missed + 1 : 0;
	return p->missed <= AGAIN_MAX;
}

void pulse_answer(struct pulse *p, unsigned number)
{
	if (!atomic_load_explicit(&p->tid, memory_order_relaxed)) {
		atomic_store(&p->number, number);
		atomic_store(&p->tid, (int)syscall(SYS_gettid));
	}
	atomic_store(&p->asked, false);
}

void pulse_ask_daemon(struct pulse *p, struct MHD_Daemon *daemon)
{
	const struct pulse_address address = { .family = AF_UNSPEC, .pulse = p };
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return;
	close(ends[0]);
	bool before = atomic_exchange(&p->asked, true);
	if (MHD_add_connection(daemon, ends[1], (const struct sockaddr *)(const void *)&address, sizeof address) != MHD_YES)
		atomic_store(&p->asked, before);
}

struct pulse *pulse_of(const struct sockaddr *address)
{
	return address && address->sa_family == AF_UNSPEC ? ((const struct pulse_address *)(const void *)address)->pulse : NULL;
}
