/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_module.h
 * \brief What both operations share: the arguments format and search_operation, and running the search.
 */
#ifndef EXPORT_EXPORT_MODULE_H
#define EXPORT_EXPORT_MODULE_H

#include <lyre/lyre.h>

/** The setting that limits where export_local may write. */
#define EXPORT_PATHS "modules.export.paths"

enum export_format { EXPORT_JSON, EXPORT_CSV };

/** What is exported. */
struct export_request {
	enum export_format format;
	const lyre_value *search; /**< the request that finds the rows */
};

/** Read one argument each; clients expect a certain order of errors. \return 0 or a failure */
int export_read_format(lyre_call *call, struct export_request *ret);
int export_read_search(lyre_call *call, struct export_request *ret);
/**
 * What clients are told before the job begins, because their mistake shows in the request alone: that search_operation is not
 * an object, or an SQL request without its statement. \return 0 or a failure
 */
int export_check_search(lyre_call *call);
/** Runs the search and passes its rows to \p take; see struct lyre_request. \return 0 or a failure */
int export_rows(lyre_call *call, const struct export_request *request,
	int (*take)(void *arg, const char *bytes, size_t len, uint64_t rows), void *arg);
/** \return "json" or "csv", as in a file's name; "JSON" or "CSV" for people; a media type */
const char *export_extension(enum export_format format);
const char *export_format_word(enum export_format format);
const char *export_media_type(enum export_format format);

/** Handlers and checks of the operations; they run as jobs. */
int export_local(lyre_call *call);
int export_local_check(lyre_call *call);
int export_to_s3(lyre_call *call);

#endif
