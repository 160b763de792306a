/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int folder_make(const char *path, mode_t mode, struct err *e)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(e);
	for (char *p = copy + 1; !rc; p++) {
		char end = *p;
		if (end && end != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			rc = err_errno(e, errno, "make the folder", copy);
		*p = end;
		if (!end)
			break;
	}
	free(copy);
	return rc;
}
