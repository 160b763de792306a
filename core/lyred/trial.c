/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/trial.h"

#include "base/buf.h"
#include "base/text.h"
#include "lyred/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIAL_MS 20000
#define SAID_MAX 4096
/** Poll interval for the end of a trial that has closed its streams. */
#define WAIT_US 2000

char *trial_binary(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char path[PATH_MAX];

	if (name && *name == '/')
		return strdup(name);
	if (name && realpath(name, path))
		return strdup(path);
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	if (len <= 0)
		return NULL;
	path[len] = '\0';
	return strdup(path);
}

static char **arguments(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	char **copy = calloc(n + 2, sizeof *copy);
	if (!copy)
		return NULL;
	copy[0] = argv[0];
	copy[1] = (char *)"--check";
	memcpy(copy + 2, argv + 1, (n - 1) * sizeof *copy);
	return copy;
}

/** \return 0 or an errno */
static int spawn(pid_t *pid, const char *binary, char *const *argv, int errors)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, usual;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
#ifdef __GLIBC__ /* on its own line: other C libraries cannot parse the next one */
#if __GLIBC_PREREQ(2, 34)
	/* Libraries open some descriptors without close-on-exec. */
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#endif
#endif
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawn(pid, binary, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/** Reads the trial's output to its end. \return false if the time is up */
static bool listen_to(int fd, char said[SAID_MAX], int64_t deadline)
{
	char piece[512];
	size_t len = 0;

	said[0] = '\0';
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - monotonic_ms();

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t n = read(fd, piece, sizeof piece);
		if (n == 0 || (n < 0 && errno != EINTR))
			return true;
		if (n < 0)
			continue;
		/* The end of the output matters. */
		if (len + (size_t)n >= SAID_MAX) {
			size_t drop = len + (size_t)n + 1 - SAID_MAX;
			memmove(said, said + drop, len - drop);
			len -= drop;
		}
		memcpy(said + len, piece, (size_t)n);
		len += (size_t)n;
		said[len] = '\0';
	}
}

#define OWN "lyred: "

/** The last line, without the program's name. */
static const char *last_words(char *said)
{
	size_t len = strlen(said);

	while (len && said[len - 1] == '\n')
		said[--len] = '\0';
	char *line = strrchr(said, '\n');
	line = line ? line + 1 : said;
	return strncmp(line, OWN, strlen(OWN)) ? line : line + strlen(OWN);
}

/** All faults that it reported: its own lines, without its name. */
static void join_faults(char *said, struct buf *ret)
{
	for (char *line; (line = strsep(&said, "\n"));)
		if (!strncmp(line, OWN, strlen(OWN)))
			buf_addf(ret, "%s%s", ret->len ? "; " : "", line + strlen(OWN));
}

static int refuse(char *said, struct err *e)
{
	struct buf text;

	buf_init(&text);
	join_faults(said, &text);
	const char *faults = buf_cstr(&text);
	err_set(e, LYRE_EINVAL, "No restart: %s", faults && *faults ? faults : "the trial with --check gave no reason");
	buf_free(&text);
	return e->code;
}

/** Kills it when the time is up: it may have closed its output and still be running. */
static int wait_for(pid_t pid, int64_t deadline, bool *in_time)
{
	int status = 0;
	pid_t ended;

	do {
		if (*in_time && monotonic_ms() >= deadline)
			*in_time = false;
		if (!*in_time)
			kill(pid, SIGKILL);
		ended = waitpid(pid, &status, *in_time ? WNOHANG : 0);
		if (!ended)
			usleep(WAIT_US);
	} while (!ended || (ended < 0 && errno == EINTR));
	return status;
}

static int judge(int status, bool in_time, char *said, struct err *e)
{
	if (!in_time)
		return err_set(e, LYRE_EIO, "No restart: the trial with --check did not end within %d seconds", TRIAL_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FINE)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED)
		return refuse(said, e);
	if (WIFSIGNALED(status))
		return err_set(e, LYRE_EIO, "No restart: the trial with --check was killed by signal %d", WTERMSIG(status));
	const char *words = last_words(said);
	return err_set(e, LYRE_EIO, "No restart: the trial with --check ended with status %d: %s", WEXITSTATUS(status),
		*words ? words : "without output");
}

int trial_run(const char *binary, char *const *argv, struct err *e)
{
	char said[SAID_MAX];
	int ends[2];
	pid_t pid;

	char **copy = arguments(argv);
	if (!copy)
		return err_nomem(e);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		free(copy);
		return err_errno(e, errno, "create", "a pipe");
	}
	int rc = spawn(&pid, binary, copy, ends[1]);
	free(copy);
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		err_errno(e, rc, "run", binary);
		e->code = LYRE_EIO;
		return e->code;
	}
	int64_t deadline = monotonic_ms() + TRIAL_MS;
	bool in_time = listen_to(ends[0], said, deadline);
	close(ends[0]);
	int status = wait_for(pid, deadline, &in_time);
	return judge(status, in_time, said, e);
}
