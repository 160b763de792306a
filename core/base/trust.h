/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/trust.h
 * \brief Who may change what the server runs or does as it says.
 *
 * Trusted are root, the user that the server runs as, and who may change the server's program, which covers a build tree
 * and user namespaces, where root has another number.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <sys/stat.h>

enum writers {
	WRITERS_TRUSTED,
	WRITERS_GROUP,  /**< members of its group, too: one that is not root's, nor has only the server's own user to lose by it */
	WRITERS_OWNER,  /**< its owner, who is not trusted */
	WRITERS_ANYBODY /**< even in a folder with the sticky bit, which lets everybody add files */
};

/** Who besides those trusted may change a file or add to a folder; of several the worst. Any thread. */
enum writers writers_of(const struct stat *st);

#endif
