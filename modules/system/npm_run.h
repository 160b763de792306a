/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/npm_run.h
 * \brief Runs npm, and only npm, in a folder.
 */
#ifndef SYSTEM_NPM_RUN_H
#define SYSTEM_NPM_RUN_H

#include <stdbool.h>
#include <stddef.h>

/** Output of npm: valid UTF-8, owned by the caller. NULL when out of memory, or if there is none. */
struct npm_text {
	char *data;
	size_t len;
	bool cut; /**< truncated */
};

struct npm_result {
	struct npm_text out, err;
	bool timed_out; /**< it was killed, with its children */
	int status;     /**< as from waitpid() */
};

/** Finds npm in the absolute folders of PATH. \return whether it was found */
bool npm_find(char *path, size_t size);

/**
 * Runs "npm install" in \p folder, without input, without a shell, and without the server's settings in its environment. npm
 * runs scripts of the project and its dependencies, but not in a dry run. Waits until it exits, and kills the children that it
 * leaves. Any thread.
 * \param timeout  ms
 * \param most     maximum size of each of its outputs, bytes; the rest is discarded
 * \return 0, or an errno; pass \p ret to npm_free() in any case
 */
int npm_install(const char *npm, const char *folder, bool dry_run, double timeout, size_t most, struct npm_result *ret);
void npm_free(struct npm_result *r);

#endif
