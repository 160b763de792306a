/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/convert.h
 * \brief From a node of the configuration to the value of a declared setting.
 */
#ifndef CONFIG_CONVERT_H
#define CONFIG_CONVERT_H

#include "config/yaml.h"

#include <lyre/module.h>

/** The setting's type determines which member is valid. */
struct setting_value {
	bool null;
	bool boolean;      /**< LYRE_S_BOOL */
	int64_t integer;   /**< LYRE_S_INT; LYRE_S_SIZE in bytes; LYRE_S_DURATION in milliseconds */
	double number;     /**< LYRE_S_NUMBER */
	const char *text;  /**< LYRE_S_STRING, LYRE_S_ENUM, LYRE_S_PATH as written; also a scalar of any other kind */
	const char **list; /**< LYRE_S_LIST */
	size_t count;
	const struct yaml_node *any; /**< SETTING_ANY */
};

/**
 * Checks \p node against \p s, called \p key in messages. Strings live as long as the arena or the node.
 * \return 0, LYRE_EINVAL with the value found and the kind wanted, LYRE_ENOMEM
 */
int setting_convert(struct arena *a, const struct lyre_setting *s, const char *key, const struct yaml_node *node,
	struct setting_value *ret, struct err *e);

#endif
