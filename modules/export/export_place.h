/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_place.h
 * \brief Where a file goes, from the arguments path and filename; filename may begin with folders.
 */
#ifndef EXPORT_EXPORT_PLACE_H
#define EXPORT_EXPORT_PLACE_H

#include "export_module.h"

/** The texts live as long as the call. */
struct export_place {
	const char *path;   /**< of the folder, as the client gave it, less a slash at its end; "/" for the root */
	const char *inner;  /**< of a folder in it; NULL for none */
	const char *folder; /**< path and inner */
	const char *stem;   /**< of the file's name, without the extension; NULL: the server makes one */
	const char *name;   /**< of the file in its folder; NULL until it is known */
	const char *file;   /**< path of the file, as clients know it; NULL until it is known */
};

/** Reads the arguments, without touching the disk. \return 0 or a failure */
int export_place_read(lyre_call *call, struct export_place *ret);
/** Adds the extension, if the client named the file. \return 0, LYRE_ENOMEM */
int export_place_extend(lyre_call *call, struct export_place *p, enum export_format format);
/** Makes a name from the time, and \p more milliseconds. \return 0, LYRE_ENOMEM */
int export_place_make_name(lyre_call *call, struct export_place *p, enum export_format format, int more);

#endif
