/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/settings.h
 * \brief The core's own settings, as data, and what beyond lyre/module.h they need.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <lyre/module.h>

/** A kind of the core's alone: any value, never looked into. */
#define SETTING_ANY 100
/** A flag of the core's alone: known, so that a file that has it loads, but without effect in this build. */
#define SETTING_INERT (1u << 16)

extern const struct lyre_setting core_settings[];
extern const size_t core_setting_count;

#endif
