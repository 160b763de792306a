/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/text.h"
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/** Longest password, and longest token. */
#define PASSWORD_MAX 1024
#define TOKEN_MAX 8192
/** Room for the line ending. */
#define LINE_END 3

/** The terminal's settings before the prompt, for interrupting it. */
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

/** Why a line could not be read. */
static const char *why_not(void)
{
	return errno == EFBIG ? "it is too long" : strerror(errno);
}

/** Prompts on the terminal, without echo. \p else_do says what to do without a terminal. \return its length, or -1
 * after a message */
static ssize_t ask(const char *prompt, const char *user, const char *else_do, char *line, size_t max)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || tcgetattr(fd, &terminal_before) < 0) {
		if (fd >= 0)
			close(fd);
		complain(CTL_USAGE, "there is no terminal to ask for the password: %s", else_do);
		return -1;
	}
	terminal_fd = fd;
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };
	struct sigaction act = { .sa_handler = on_interrupt }, before[sizeof signals / sizeof *signals];
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &act, &before[i]);
	struct termios quiet = terminal_before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* suspended at the prompt, the shell would have no echo */
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s for %s: ", prompt, user);
	ssize_t len = read_line(fd, line, max);
	tcsetattr(fd, TCSAFLUSH, &terminal_before);
	dprintf(fd, "\n");
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &before[i], NULL);
	if (len < 0)
		complain(CTL_USAGE, "cannot read the password: %s", why_not());
	close(fd);
	return len;
}

/** \p what names the content, for the message. \return its length, or -1 after a message */
static ssize_t read_file(const char *file, const char *what, char *line, size_t max)
{
	bool in = strcmp(file, "-") == 0;
	int fd = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read_line(fd, line, max);
	if (len < 0)
		complain(CTL_USAGE, "cannot read the %s from '%s': %s", what, file, why_not());
	if (fd >= 0 && !in)
		close(fd);
	return len;
}

/** Copies the line, if there is one, into the arena; clears it. \return 0 or CTL_USAGE */
static int keep(struct arena *a, char *line, size_t max, ssize_t len, char **ret)
{
	*ret = len < 0 ? NULL : arena_strndup(a, line, (size_t)len);
	secure_clear(line, max);
	if (len < 0)
		return CTL_USAGE;
	return *ret ? 0 : complain(CTL_USAGE, "out of memory");
}

int password_get(struct arena *a, const struct options *o, char **ret)
{
	const char *environment = getenv("LYRE_PASSWORD");
	char line[PASSWORD_MAX + LINE_END];
	if (!o->password_file && environment) {
		*ret = arena_strndup(a, environment, strlen(environment));
		return *ret ? 0 : complain(CTL_USAGE, "out of memory");
	}
	ssize_t len = o->password_file ? read_file(o->password_file, "password", line, sizeof line) :
					 ask("Password", o->user, "use --password-file FILE or LYRE_PASSWORD", line, sizeof line);
	return keep(a, line, sizeof line, len, ret);
}

int token_get(struct arena *a, const struct options *o, char **ret)
{
	char line[TOKEN_MAX + LINE_END];
	if (!o->token_file) {
		*ret = arena_strndup(a, o->token, strlen(o->token));
		return *ret ? 0 : complain(CTL_USAGE, "out of memory");
	}
	ssize_t len = read_file(o->token_file, "token", line, sizeof line);
	int rc = keep(a, line, sizeof line, len, ret);
	return rc == 0 && len == 0 ? complain(CTL_USAGE, "'%s' contains no token", o->token_file) : rc;
}

/** Asks twice for a new password. \return its length, or -1 after a message */
static ssize_t ask_new(const char *user, char *line, size_t max)
{
	static const char else_do[] = "give it as the first line of standard input";
	char again[PASSWORD_MAX + LINE_END];
	ssize_t len = ask("New password", user, else_do, line, max);
	if (len <= 0)
		return len;
	ssize_t again_len = ask("Repeat the new password", user, else_do, again, sizeof again);
	bool same = again_len == len && memcmp(line, again, (size_t)len) == 0;
	secure_clear(again, sizeof again);
	if (again_len >= 0 && !same)
		complain(CTL_USAGE, "the passwords do not match");
	return same ? len : -1;
}

int password_new(struct arena *a, const char *user, char **ret)
{
	char line[PASSWORD_MAX + LINE_END];
	bool terminal = isatty(STDIN_FILENO);
	ssize_t len = terminal ? ask_new(user, line, sizeof line) : read_line(STDIN_FILENO, line, sizeof line);
	if (len < 0 && !terminal)
		complain(CTL_USAGE, "cannot read the new password: %s", why_not());
	int rc = keep(a, line, sizeof line, len, ret);
	if (rc != 0)
		return rc;
	if (len == 0)
		return complain(CTL_USAGE, "the new password is empty");
	if (strlen(*ret) != (size_t)len || utf8_valid_prefix(*ret, (size_t)len) != (size_t)len)
		rc = complain(CTL_USAGE, "the new password is not valid UTF-8");
	if (rc != 0)
		secure_clear(*ret, (size_t)len);
	return rc;
}
