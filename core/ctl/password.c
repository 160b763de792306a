/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/text.h"
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

/** The terminal as it was, for who interrupts the prompt. */
static struct termios terminal_before;
static int terminal_fd;

static void on_interrupt(int sig)
{
	tcsetattr(terminal_fd, TCSAFLUSH, &terminal_before);
	signal(sig, SIG_DFL);
	raise(sig);
}

/** Reads the first line. \return its length, or -1 with errno */
static ssize_t read_line(int fd, char *line, size_t max)
{
	size_t len = 0;
	while (len < max) {
		ssize_t n = read(fd, line + len, max - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		char *end = memchr(line + len, '\n', (size_t)n);
		if (end) {
			len = (size_t)(end - line);
			break;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == max) {
		errno = EFBIG;
		return -1;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return (ssize_t)len;
}

static ssize_t ask(const char *user, char *line, size_t max)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || tcgetattr(fd, &terminal_before) < 0) {
		if (fd >= 0)
			close(fd);
		complain(CTL_USAGE,
			"there is no terminal to ask for the password: use --password-file FILE or LYRE_PASSWORD");
		return -1;
	}
	terminal_fd = fd;
	struct sigaction act = { .sa_handler = on_interrupt }, interrupted, terminated;
	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, &interrupted);
	sigaction(SIGTERM, &act, &terminated);
	struct termios quiet = terminal_before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "Password for %s: ", user);
	ssize_t len = read_line(fd, line, max);
	tcsetattr(fd, TCSAFLUSH, &terminal_before);
	dprintf(fd, "\n");
	sigaction(SIGINT, &interrupted, NULL);
	sigaction(SIGTERM, &terminated, NULL);
	if (len < 0)
		complain(CTL_USAGE, "cannot read the password: %s", strerror(errno));
	close(fd);
	return len;
}

static ssize_t read_file(const char *file, char *line, size_t max)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read_line(fd, line, max);
	if (len < 0)
		complain(CTL_USAGE, "cannot read the password from '%s': %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return len;
}

int password_get(struct arena *a, const struct options *o, char **ret)
{
	const char *environment = getenv("LYRE_PASSWORD");
	char line[PASSWORD_MAX];
	ssize_t len;
	if (!o->password_file && environment) {
		*ret = arena_strndup(a, environment, strlen(environment));
		return *ret ? 0 : complain(CTL_USAGE, "out of memory");
	}
	len = o->password_file ? read_file(o->password_file, line, sizeof line) : ask(o->user, line, sizeof line);
	if (len < 0)
		return CTL_USAGE;
	*ret = arena_strndup(a, line, (size_t)len);
	secure_clear(line, sizeof line);
	return *ret ? 0 : complain(CTL_USAGE, "out of memory");
}
