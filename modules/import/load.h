/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load.h
 * \brief A load: bytes from a source become records, which are written in batches.
 *
 * How it fits together:
 *
 *     import_module.c   the operations, their parameters and the settings
 *     load_check.c      checks before a job is created
 *     load_source.c     where the bytes come from: the request, a file; load_remote.c: a URL, S3. In pieces of about 64 KiB
 *     load_head.c       the first piece: byte order mark, encoding, format, delimiter; then hands all bytes to a reader
 *     csv_records.c     the reader of CSV: rows (csv_rows.c, on libcsv), their header (csv_header.c) and values (csv_value.c)
 *     json_records.c    the reader of JSON: the text of each record is found (json_split.c), then read by the server
 *     load_batch.c      records collect in a batch, and are written; refused ones are counted, with line and reason
 *     load_outcome.c    what the job says at its end
 *
 * A source calls the head for each piece, the head its reader, and the reader load_record() and load_bad(): nothing is read
 * ahead, and nothing but one batch, one piece and one record is held. The records of a batch live in a scope of the call.
 */
#ifndef LOAD_H
#define LOAD_H

#include <lyre/lyre.h>

#include <stdbool.h>

/** Bytes that a source reads at a time. */
#define LOAD_PIECE ((size_t)65536)
/**
 * Records of a batch, and values in them. A record takes about 1.6 KiB, and the writer holds a page for most values, in their index, until
 * the commit: larger batches are written faster, and need more memory.
 */
#define LOAD_BATCH_RECORDS 3000
#define LOAD_BATCH_VALUES ((size_t)24000)
/** Bytes of their text: values can take twenty times as much. */
#define LOAD_BATCH_BYTES ((size_t)512 << 10)
/** Refused records that are described in the job's result; the others are only counted. */
#define LOAD_ERRORS_MAX 100
/** Bytes of a description. */
#define LOAD_ERROR_MAX 400

/** Formats. */
enum load_format {
	LOAD_GUESSED, /**< the first byte that is not blank decides between the others */
	LOAD_CSV,
	LOAD_JSON, /**< an array of records, or records one after the other */
	LOAD_JSON_LINES
};

/** How the bytes are to be read. */
struct load_options {
	enum load_format format;
	char delimiter;    /**< of CSV; 0: guessed */
	bool western;      /**< the text is Windows-1252, of which Latin-1 is a part, instead of UTF-8 */
	bool nested;       /**< CSV: JSON in a value becomes an object or an array */
	size_t record_max; /**< bytes of a record */
};

/** Why a record was refused. */
struct load_error {
	uint64_t line; /**< where it begins, from 1 */
	char text[LOAD_ERROR_MAX];
};

struct load {
	lyre_call *call;
	const char *database, *table_name;
	enum lyre_write_mode mode;
	struct load_options options;

	lyre_table *table; /**< as long as the batch */
	bool open;         /**< a batch has begun: its scope is open */
	size_t count;
	size_t values; /**< in its records */
	size_t bytes;  /**< of the text of what was read for it, refused records included */
	const lyre_value *records[LOAD_BATCH_RECORDS];
	uint64_t lines[LOAD_BATCH_RECORDS];
	bool refused[LOAD_BATCH_RECORDS]; /**< by the last write, if any_refused */
	bool any_refused;
	const lyre_value *aside[LOAD_BATCH_RECORDS]; /**< refused records, while the others move together, and their lines */
	uint64_t aside_lines[LOAD_BATCH_RECORDS];

	uint64_t read, size; /**< bytes of the source so far, and of all of it; 0: unknown */
	uint64_t seen;       /**< records, refused ones included */
	uint64_t done;       /**< loaded */
	uint64_t failed;     /**< refused */
	bool generated;      /**< the server generated keys for some */
	size_t error_count;
	struct load_error *errors;
};

/** Reads the arguments, which load_check_…() has found to be right. */
int load_open(lyre_call *call, struct load **ret);
/** Frees it. NULL is allowed. */
void load_close(struct load *l);

/** To be called before the values of a record are made: opens a batch. */
int load_begin(struct load *l);
/**
 * Adds a record to the batch, and writes the batch if it is full.
 * \param line   where the record begins
 * \param bytes  of its text
 */
int load_record(struct load *l, const lyre_value *record, uint64_t line, size_t bytes);
/** Counts a record that cannot be loaded; \p bytes of its text. */
int load_bad(struct load *l, uint64_t line, size_t bytes, const char *fmt, ...) LYRE_PRINTF(4, 5);
/** Writes what is left. */
int load_flush(struct load *l);
/** Tells the job how far it is. \return 0, or a failure: the job must end */
int load_progress(struct load *l);

/** Ends the job: its message and result, or its failure. \param rc  of the source \return what the handler returns */
int load_outcome(struct load *l, int rc, const char *nothing);

#endif
