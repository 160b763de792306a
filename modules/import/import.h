/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/import.h
 * \brief What the files of the module share.
 */
#ifndef IMPORT_H
#define IMPORT_H

#include <lyre/lyre.h>

/** The setting that limits which files on the server may be loaded. */
#define IMPORT_PATHS "modules.import.paths"

/** Parameters, each only in some operations. */
enum import_argument {
	IMPORT_DATA = 1 << 0,
	IMPORT_FILE = 1 << 1,
	IMPORT_URL = 1 << 2,
	IMPORT_S3 = 1 << 3,
	IMPORT_FORMAT = 1 << 4
};

/** Operations: they are checked before their job is created, with all errors in one message. */
int import_data_check(lyre_call *call);
int import_data(lyre_call *call);
int import_csv_file_check(lyre_call *call);
int import_csv_file(lyre_call *call);
int import_file_check(lyre_call *call);
int import_file(lyre_call *call);
int import_url_check(lyre_call *call);
int import_url(lyre_call *call);
int import_s3_check(lyre_call *call);
int import_s3(lyre_call *call);

/** Checks the arguments that the operation has, the table, and what the caller may do to it. Sets the call's failure. */
int import_check(lyre_call *call, unsigned arguments);

/** Copies a text that may be longer, cut between two characters and followed by "..." then. What is not UTF-8 becomes '?'. */
void import_cut(char *to, size_t size, const char *text);

/**
 * Opens a file on the server, or the one that was sent. Refuses, with the call's failure: what the caller may not read, whatever
 * links lead there; anything but a regular file; the server's own files.
 * \param[out] fd    the caller closes it; not valid after a failure
 * \param[out] size  bytes
 * \return 0 or a failure
 */
int import_open(lyre_call *call, const char *path, int *fd, uint64_t *size);
/** \param e  an errno. \return LYRE_EIO */
int import_read_failed(lyre_call *call, int e);

#endif
