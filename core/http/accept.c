/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept.h"

#include "base/text.h"
#include "log/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* When there is no room, how soon to look again. */
#define FULL_MS 20
/* Lines about the same trouble are at least so far apart. */
#define COMPLAIN_MS 10000
/* At most so many connections before the stop is looked at. */
#define ACCEPTS_A_TURN 64

static unsigned open_connections(const struct acceptor *a)
{
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return i ? i->num_connections : 0;
}

/* Out of descriptors or memory: the client waits in the kernel's queue meanwhile. */
static bool is_shortage(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

static void complain(int64_t *last, const char *what)
{
	int64_t now = monotonic_ms();
	if (now - *last < COMPLAIN_MS)
		return;
	*last = now;
	log_warn("http", "new connections wait: %s", what);
}

void acceptor_add(struct acceptor *a, int fd, const struct sockaddr *address, socklen_t len)
{
	atomic_fetch_add(&a->added, 1);
	if (MHD_add_connection(a->daemon, fd, address, len) != MHD_YES) { /* it has closed the socket */
		atomic_fetch_sub(&a->added, 1);
		metric_add(&dispatch_traffic(a->dispatch)->refused, 1);
	}
}

/** \return whether there is room for more at once */
static bool accept_some(struct acceptor *a, int64_t *complained)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (open_connections(a) >= a->limit) {
			complain(complained, "operationsApi.network.maxConnections is reached");
			return false;
		}
		struct sockaddr_storage address;
		socklen_t len = sizeof address;
		int fd = accept4(a->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			acceptor_add(a, fd, (struct sockaddr *)&address, len);
		} else if (is_shortage(errno)) {
			complain(complained, strerror(errno));
			return false;
		} else if (errno == EAGAIN) {
			break;
		}
	}
	return true;
}

static void *accept_all(void *arg)
{
	struct acceptor *a = arg;
	int64_t complained = -COMPLAIN_MS;
	bool room = true;
	log_thread("http/accept");
	for (;;) {
		struct pollfd fds[] = { { .fd = a->stop_fd, .events = POLLIN }, { .fd = a->fd, .events = POLLIN } };
		int n = poll(fds, room ? 2 : 1, room ? -1 : FULL_MS);
		if (n > 0 && fds[0].revents)
			return NULL;
		if (n >= 0 || errno == EINTR)
			room = accept_some(a, &complained);
	}
}

int acceptor_start(struct acceptor *a, struct err *e)
{
	a->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (a->stop_fd < 0)
		return err_errno(e, errno, "make", "eventfd");
	int rc = pthread_create(&a->thread, NULL, accept_all, a);
	if (rc) {
		close(a->stop_fd);
		return err_errno(e, rc, "start a thread", "http/accept");
	}
	a->running = true;
	return LYRE_OK;
}

void acceptor_stop(struct acceptor *a)
{
	if (!a->running)
		return;
	const uint64_t one = 1;
	while (write(a->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	pthread_join(a->thread, NULL);
	close(a->stop_fd);
	a->running = false;
}
