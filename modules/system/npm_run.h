/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/npm_run.h
 * \brief Runs npm, and only npm, in a folder.
 */
#ifndef SYSTEM_NPM_RUN_H
#define SYSTEM_NPM_RUN_H

#include <stdbool.h>
#include <stddef.h>

/** What npm has said: valid UTF-8, owned by the caller. NULL when out of memory or when there is nothing. */
struct npm_text {
	char *data;
	size_t len;
	bool cut; /**< there was more */
};

struct npm_result {
	struct npm_text out, err;
	bool timed_out; /**< it was stopped, with all that it had started */
	int status;     /**< as waitpid() has it */
};

/** Finds npm in the folders of PATH that are named from the root. \return whether it is there */
bool npm_find(char *path, size_t size);

/**
 * Runs "npm install" in \p folder, with no input, without a shell, and in an environment that has nothing of the server's
 * own settings. npm runs scripts of the project and of what it depends on, but not in a dry run. Waits for its end, and ends whatever it left behind. Any thread.
 * \param timeout  ms
 * \param most     bytes that are kept of each of its outputs
 * \return 0, or an errno; \p ret is to be given to npm_free() in any case
 */
int npm_install(const char *npm, const char *folder, bool dry_run, double timeout, size_t most, struct npm_result *ret);
void npm_free(struct npm_result *r);

#endif
