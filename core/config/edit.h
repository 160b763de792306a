/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/edit.h
 * \brief Changes one value in the text of a configuration and leaves every other byte as it is.
 */
#ifndef CONFIG_EDIT_H
#define CONFIG_EDIT_H

#include "base/buf.h"
#include "base/value.h"
#include "config/config_internal.h"

/** Writes a JSON value as it stands in YAML, on one line, so that it reads back as the same. */
void yaml_add_value(struct buf *b, const lyre_value *v);
/** A text without quotes where it reads as it is; \p word: also where it then reads as a number, true or null. */
void yaml_add_text(struct buf *b, const char *s, size_t len, bool word);

/**
 * Puts \p value, YAML on one line, where \p key stands in \p text; where it stands nowhere it is added to its section,
 * behind its default in a comment ("#level: warn") where there is one. \p wanted is \p value, decoded.
 * Who calls compares what the text says afterwards: shapes that are not foreseen here come out wrong.
 */
int edit_set(const struct config *c, struct arena *a, struct buf *text, const char *key, const char *value,
	     const struct yaml_node *wanted, struct err *e);

#endif
