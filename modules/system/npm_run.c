/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/npm_run.c
 * \brief Runs npm, and only npm, in a folder.
 */
#include "npm_run.h"

#include "information.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK 50 /**< how often its exit is checked, ms */

bool npm_find(char *path, size_t size)
{
	const char *folder = getenv("PATH");
	while (folder && *folder) {
		size_t n = strcspn(folder, ":");
		struct stat st;
		if (*folder == '/' && snprintf(path, size, "%.*s/npm", (int)n, folder) < (int)size && stat(path, &st) == 0 &&
			S_ISREG(st.st_mode) && access(path, X_OK) == 0)
			return true;
		folder += n + (folder[n] == ':');
	}
	return false;
}

/* ---- starting it ---- */

/** The variables that npm and its children inherit: where and who they are, but no secrets of the server. */
static bool is_passed_on(const char *variable)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
		"http_proxy", "https_proxy", "no_proxy" };
	static const char *const prefixes[] = { "LC_", "npm_config_", "NODE_" };
	size_t n = strcspn(variable, "=");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && !strncasecmp(variable, names[i], n))
			return true;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (!strncasecmp(variable, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/** \return an array that the caller frees; the variables are not to be freed */
static char **environment(void)
{
	size_t count = 0, kept = 0;
	while (environ[count])
		count++;
	char **list = calloc(count + 1, sizeof *list);
	for (size_t i = 0; list && i < count; i++)
		if (is_passed_on(environ[i]))
			list[kept++] = environ[i];
	return list;
}

/** Its own process group, so that it can be killed with its children; no signal blocked or ignored. */
static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int e = posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!e)
		e = posix_spawnattr_setpgroup(a, 0);
	if (!e)
		e = posix_spawnattr_setsigmask(a, &none);
	return e ? e : posix_spawnattr_setsigdefault(a, &all);
}

static int set_actions(posix_spawn_file_actions_t *a, const char *folder, int out, int err)
{
	int e = posix_spawn_file_actions_addopen(a, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!e)
		e = posix_spawn_file_actions_adddup2(a, out, STDOUT_FILENO);
	if (!e)
		e = posix_spawn_file_actions_adddup2(a, err, STDERR_FILENO);
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
	if (!e) /* libraries may open files without O_CLOEXEC */
		e = posix_spawn_file_actions_addclosefrom_np(a, STDERR_FILENO + 1);
#endif
#endif
	return e ? e : posix_spawn_file_actions_addchdir_np(a, folder);
}

static int spawn(const char *npm, const char *folder, bool dry_run, int out, int err, pid_t *pid)
{
	/* even in a dry run, npm runs the scripts of the project, and the program that its .npmrc sets as git */
	char *dry[] = { (char *)npm, "install", "--dry-run", "--ignore-scripts", "--git=git", NULL };
	char *wet[] = { (char *)npm, "install", NULL };
	char **arguments = dry_run ? dry : wet;
	char **variables = environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	if (!variables)
		return ENOMEM;
	int e = posix_spawn_file_actions_init(&actions);
	if (!e) {
		if (!(e = posix_spawnattr_init(&attributes))) {
			if (!(e = set_attributes(&attributes)) && !(e = set_actions(&actions, folder, out, err)))
				e = posix_spawn(pid, npm, &actions, &attributes, arguments, variables);
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	free(variables);
	return e;
}

/* ---- its output ---- */

/** Reads what is available. Output beyond the limit is discarded: npm must not block. \return bytes read */
static size_t take(struct pollfd *p, struct npm_text *t, size_t most)
{
	char piece[8192];
	size_t taken = 0;
	ssize_t n;
	while ((n = read(p->fd, piece, sizeof piece)) > 0) {
		size_t room = t->data ? most - t->len : 0, keep = (size_t)n < room ? (size_t)n : room;
		if (keep > 0)
			memcpy(t->data + t->len, piece, keep);
		t->len += keep;
		t->cut = t->cut || keep < (size_t)n;
		taken += (size_t)n;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		p->fd = -p->fd - 1; /* poll() ignores negative ones */
	return taken;
}

static bool is_open(const struct pollfd *p)
{
	return p->fd >= 0;
}

/** \return the length of the UTF-8 character that begins here, 0 if it is invalid */
static size_t character(const unsigned char *s, size_t len)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) ||
		(*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void make_utf8(struct npm_text *t)
{
	for (size_t i = 0, n; t->data && i < t->len; i += n)
		if ((n = character((const unsigned char *)t->data + i, t->len - i)) == 0) {
			t->data[i] = '?';
			n = 1;
		}
}

/* ---- running it ---- */

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/** Waits until it has exited and all output is read, or until the timeout; not for children that keep the pipes open. */
static void attend(pid_t pid, struct pollfd p[2], double until, size_t most, struct npm_result *ret)
{
	bool ended = false;
	for (;;) {
		size_t taken = 0;
		poll(p, 2, TICK);
		bool was_ended = ended;
		ended = has_ended(pid);
		if (is_open(p))
			taken += take(p, &ret->out, most);
		if (is_open(p + 1))
			taken += take(p + 1, &ret->err, most);
		if (ended && ((!is_open(p) && !is_open(p + 1)) || (was_ended && taken == 0)))
			return;
		if (!ended && !is_open(p) && !is_open(p + 1))
			usleep(TICK * 1000); /* poll() has nothing to wait for */
		if (information_now() > until) {
			ret->timed_out = !ended;
			return;
		}
	}
}

int npm_install(const char *npm, const char *folder, bool dry_run, double timeout, size_t most, struct npm_result *ret)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, e = 0;
	pid_t pid;

	*ret = (struct npm_result){ .out.data = malloc(most), .err.data = malloc(most) };
	if (!ret->out.data || !ret->err.data)
		return ENOMEM;
	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		e = errno;
	if (!e)
		e = spawn(npm, folder, dry_run, out[1], err[1], &pid);
	close(out[1]);
	close(err[1]);
	if (!e) {
		struct pollfd p[2] = { { .fd = out[0], .events = POLLIN }, { .fd = err[0], .events = POLLIN } };
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		fcntl(err[0], F_SETFL, O_NONBLOCK);
		attend(pid, p, information_now() + timeout, most, ret);
		kill(-pid, SIGKILL); /* not reaped yet, so the pid cannot be reused */
		while (waitpid(pid, &ret->status, 0) < 0 && errno == EINTR)
			;
		make_utf8(&ret->out);
		make_utf8(&ret->err);
	}
	close(out[0]);
	close(err[0]);
	return e;
}

void npm_free(struct npm_result *r)
{
	free(r->out.data);
	free(r->err.data);
	*r = (struct npm_result){ 0 };
}
