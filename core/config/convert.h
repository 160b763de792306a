/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/convert.h
 * \brief From what stands in a configuration to the value of a declared setting.
 */
#ifndef CONFIG_CONVERT_H
#define CONFIG_CONVERT_H

#include "config/yaml.h"

#include <lyre/module.h>

/** Which member counts follows from the setting's type. */
struct setting_value {
	bool null;
	bool boolean;         /**< LYRE_S_BOOL */
	int64_t integer;      /**< LYRE_S_INT; LYRE_S_SIZE in bytes; LYRE_S_DURATION in milliseconds */
	double number;        /**< LYRE_S_NUMBER */
	const char *text;     /**< LYRE_S_STRING, LYRE_S_ENUM, LYRE_S_PATH as it stands; a scalar of any other kind */
	const char **list;    /**< LYRE_S_LIST */
	size_t count;
	const struct yaml_node *any; /**< SETTING_ANY */
};

/**
 * Checks \p node against \p s, called \p key in sentences. Texts live as long as the arena or the node.
 * \return 0, LYRE_EINVAL with what was found and what is wanted, LYRE_ENOMEM
 */
int setting_convert(struct arena *a, const struct lyre_setting *s, const char *key, const struct yaml_node *node,
		    struct setting_value *ret, struct err *e);

#endif
