/* SPDX-License-Identifier: Apache-2.0 */
/* The disk under the store's folder. */
#include "store/store_internal.h"

#include <sys/statvfs.h>

/* What copies leave free for writers: this much, but no more than a fraction of the disk. */
#define SPARE ((uint64_t)64 << 20)
#define PART_OF_DISK 32

uint64_t store_room(const struct store *s)
{
	struct statvfs fs;
	if (fstatvfs(s->folder, &fs))
		return UINT64_MAX;
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize, spare = (uint64_t)fs.f_blocks * fs.f_frsize / PART_OF_DISK;
	if (spare > SPARE)
		spare = SPARE;
	return room > spare ? room - spare : 0;
}
