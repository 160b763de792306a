/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/trust.h
 * \brief Who can change the files that the server runs or reads its configuration from.
 *
 * Trusted are root, the user that the server runs as, and anyone who can change the server's program, which covers build
 * trees and user namespaces, in which root has another number.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <sys/stat.h>

enum writers {
	WRITERS_TRUSTED,
	WRITERS_GROUP,  /**< members of its group too, if the group is not root's and users other than the server's are at risk */
	WRITERS_OWNER,  /**< its owner, who is not trusted */
	WRITERS_ANYBODY /**< anyone; also for a folder with the sticky bit, to which everyone can add files */
};

/** Who, apart from trusted users, can change a file or add to a folder; the worst of several. Any thread. */
enum writers writers_of(const struct stat *st);

#endif
