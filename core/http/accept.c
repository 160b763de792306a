/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept.h"

#include "base/thread.h"
#include "http/complain.h"
#include "log/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How soon to look again when there is no room. */
#define FULL_MS 20
/* At most this many connections are accepted before checking for a stop. */
#define ACCEPTS_A_TURN 64

/* Out of descriptors or memory: the client waits in the kernel's queue meanwhile. */
static bool is_shortage(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

static void complain(_Atomic int64_t *next, const char *what)
{
	if (complaint_due(next))
		log_warn("http", "%s", what);
}

static void close_refused(struct acceptor *a, int fd)
{
	close(fd);
	metric_add(&dispatch_traffic(a->dispatch)->refused, 1);
}

int acceptor_add(struct acceptor *a, int fd, const struct sockaddr *address, socklen_t len, char *note)
{
	uint64_t seat;
	enum seat_answer answer = seats_take(a->seats, a->limit, fd, address, note, &seat);
	if (answer != SEAT_GIVEN) {
		close_refused(a, fd);
		return answer == SEAT_FULL_ADDRESS ? LYRE_EBUSY : LYRE_ENOMEM;
	}
	struct serving_thread *t = &a->threads[atomic_fetch_add_explicit(&a->turn, 1, memory_order_relaxed) % a->thread_count];
	atomic_fetch_add(&a->added, 1);
	if (MHD_add_connection(t->daemon, fd, address, len) == MHD_YES)
		return LYRE_OK;
	/* seats_take() has closed the socket */
	seats_give_back(a->seats, fd, seat);
	atomic_fetch_sub(&a->added, 1);
	metric_add(&dispatch_traffic(a->dispatch)->refused, 1);
	return LYRE_ENOMEM;
}

/** \return whether there is room for more at once */
static bool accept_some(struct acceptor *a, _Atomic int64_t *complained)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (!seats_room(a->seats, a->limit, monotonic_ms())) {
			complain(complained, "new connections wait: operationsApi.network.maxConnections is reached");
			return false;
		}
		struct sockaddr_storage address;
		socklen_t len = sizeof address;
		int fd = accept4(a->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			if (acceptor_add(a, fd, (struct sockaddr *)&address, len, NULL) == LYRE_EBUSY)
				complain(complained,
					"new connections are closed: operationsApi.network.maxConnectionsPerAddress is reached");
		} else if (is_shortage(errno)) {
			char why[120];
			snprintf(why, sizeof why, "new connections wait: %s", strerror(errno));
			complain(complained, why);
			return false;
		} else if (errno == EAGAIN) {
			break;
		}
	}
	return true;
}

/** Another thread has a request for this one. \return whether it is to end */
static bool is_woken(struct acceptor *a)
{
	uint64_t count;
	while (read(a->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	pulse_answer(&a->pulse, 0);
	return atomic_load(&a->stopping);
}

static void *accept_all(void *arg)
{
	struct acceptor *a = arg;
	_Atomic int64_t complained = 0;
	bool room = true;
	log_thread("http/accept");
	for (;;) {
		struct pollfd fds[] = { { .fd = a->wake_fd, .events = POLLIN }, { .fd = a->fd, .events = POLLIN } };
		int n = poll(fds, room ? 2 : 1, room ? -1 : FULL_MS);
		if (n > 0 && fds[0].revents && is_woken(a))
			return NULL;
		if (n >= 0 || errno == EINTR)
			room = accept_some(a, &complained);
	}
}

int acceptor_start(struct acceptor *a, struct err *e)
{
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->wake_fd < 0)
		return err_errno(e, errno, "make", "eventfd");
	int rc = thread_start(accept_all, a, &a->thread);
	if (rc) {
		close(a->wake_fd);
		return err_errno(e, rc, "start a thread", "http/accept");
	}
	a->running = true;
	return LYRE_OK;
}

static void wake(struct acceptor *a)
{
	const uint64_t one = 1;
	while (write(a->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void acceptor_ask(struct acceptor *a)
{
	atomic_store(&a->pulse.asked, true);
	wake(a);
}

void acceptor_stop(struct acceptor *a)
{
	if (!a->running)
		return;
	atomic_store(&a->stopping, true);
	wake(a);
	pthread_join(a->thread, NULL);
	close(a->wake_fd);
	a->running = false;
}
