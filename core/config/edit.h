/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/edit.h
 * \brief Changes one value in the text of a configuration and leaves all other bytes unchanged.
 */
#ifndef CONFIG_EDIT_H
#define CONFIG_EDIT_H

#include "base/buf.h"
#include "base/value.h"
#include "config/config_internal.h"

/** Writes a JSON value as YAML, on one line, so that it reads back as the same value. */
void yaml_add_value(struct buf *b, const lyre_value *v);
/** Writes a string, without quotes if it reads back as itself; \p word: also if it then reads as a number, true or null. */
void yaml_add_text(struct buf *b, const char *s, size_t len, bool word);

/**
 * Replaces the value of \p key in \p text with \p value, YAML on one line; a missing key is added to its section, after
 * its commented default ("#level: warn") if there is one. \p wanted is \p value, decoded.
 * The caller must check what the text means afterwards: unforeseen shapes of a file come out wrong.
 */
int edit_set(const struct config *c, struct arena *a, struct buf *text, const char *key, const char *value,
	const struct yaml_node *wanted, struct err *e);

#endif
