/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/settings.h
 * \brief The core's own settings, as data, and the kinds and flags they need beyond lyre/module.h.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <lyre/module.h>

/** A kind only for the core: any value, never interpreted. */
#define SETTING_ANY 100
/** A flag only for the core: known, so that a file with it loads, but without effect in this build. */
#define SETTING_INERT (1u << 16)

/** A flag only for the core: get_configuration shows the value as written, "64M" or "3d", not as a number. */
#define SETTING_TEXT (1u << 17)

/** A flag only for the core: a number without a unit is refused, as seconds might be meant. */
#define SETTING_UNIT (1u << 19)

/** A flag only for the core: takes effect when the listeners are renewed, without a full restart. */
#define SETTING_LISTENER (1u << 18)
/** What may change while the server runs. */
#define SETTING_CHANGES (LYRE_SF_LIVE | SETTING_LISTENER)

extern const struct lyre_setting core_settings[];
extern const size_t core_setting_count;

#endif
