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

/** A flag of the core's alone: get_configuration shows it as it is written, "64M" or "3d", not as a number. */
#define SETTING_TEXT (1u << 17)

/** A flag of the core's alone: a number without a unit is refused, where people could mean seconds by it. */
#define SETTING_UNIT (1u << 19)

/** A flag of the core's alone: takes effect when the listeners are renewed, without a restart of the whole. */
#define SETTING_LISTENER (1u << 18)
/** What may change while the server runs. */
#define SETTING_CHANGES (LYRE_SF_LIVE | SETTING_LISTENER)

extern const struct lyre_setting core_settings[];
extern const size_t core_setting_count;

#endif
