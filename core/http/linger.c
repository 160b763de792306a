/* SPDX-License-Identifier: Apache-2.0 */
#include "http/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* At most this many reads per socket and turn, so that a fast sender does not delay the others. */
#define READS_A_TURN 64

void linger_add(struct lingering *l, int fd, int64_t now)
{
	if (l->count == LINGER_MAX)
		return;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0)
		l->sockets[l->count++] = (struct linger_socket){ .fd = copy, .until = now + LINGER_MS };
}

static bool drained(int fd)
{
	char waste[16 << 10];
	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
		if (n == 0)
			return true;
		if (n < 0)
			return errno != EAGAIN && errno != EINTR;
	}
	return false;
}

void linger_run(struct lingering *l, int64_t now)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		if (drained(l->sockets[i].fd) || now >= l->sockets[i].until)
			close(l->sockets[i].fd);
		else
			l->sockets[kept++] = l->sockets[i];
	}
	l->count = kept;
}

void linger_close(struct lingering *l)
{
	for (size_t i = 0; i < l->count; i++)
		close(l->sockets[i].fd);
	l->count = 0;
}
