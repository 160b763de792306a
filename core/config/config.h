/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/config.h
 * \brief The settings: declared, read from YAML, the environment and the command line, checked, asked for.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/faults.h"

#include <lyre/module.h>
#include <stdbool.h>

struct config;
struct lyre_out;
struct lyre_value;

/** Where settings come from, the later over the earlier: defaults, file, environment, --set. */
struct config_sources {
	const char *file;         /**< NULL for none */
	bool system_file;         /**< file was not named: it is the system's, for the server on its rootPath */
	const char *root;         /**< -r: stands in for rootPath; NULL for none */
	const char *const *sets;  /**< "key.path=value" */
	size_t set_count;
	char **environ;           /**< LYRE_OPERATIONSAPI_NETWORK_PORT=…; NULL for none */
	struct fault_list *faults;    /**< takes all that is wrong, up to config_check_unknown(); NULL: the first ends the reading */
	bool root_file;           /**< without a file: lyre.yaml in the root folder is read where it exists, and changes go there */
};

/**
 * Reads everything and checks the core's own settings. What stands under modules: is kept for config_declare_module().
 * Errors say file, line, column, and the nearest known key. \return 0, LYRE_EINVAL, LYRE_EIO, LYRE_ENOMEM
 */
int config_load(struct config **ret, const struct config_sources *sources, struct err *e);
void config_free(struct config *c);

/** Where faults are collected, as the sources say. */
struct fault_list *config_faults(const struct config *c);
/** Whether one was found in the setting \p key, or in one below it: it has its default then, which nobody wants. */
bool config_is_faulty(const struct config *c, const char *key);
/** The module \p name is a fault already: what is said of it is not looked at. */
void config_pass_over_module(struct config *c, const char *name);

/** A module that the configuration names. */
struct config_module {
	const char *name;
	const char *path;  /**< of the file, when it is given; NULL: looked for by name */
	bool optional;     /**< may fail to load */
	bool fallback;     /**< nobody named it: of those there are when nothing is said */
	int line;          /**< where it is named; 0: not in the file */
};

/**
 * Modules that are switched on, in the order of the file; when it has no modules: those of \p fallback (names, blanks
 * between).
 */
int config_modules(struct config *c, const char *fallback, const struct config_module **ret, size_t *count,
		   struct err *e);

/** Declares the settings of module \p name and checks what the file says of them. */
int config_declare_module(struct config *c, const char *name, struct lyre_list settings, struct err *e);

/** After all modules are declared: what nobody declared is an error. */
int config_check_unknown(struct config *c, struct err *e);

/* Asking. The key must be declared: an unknown one is a fault of the caller and ends the process. Durations are in
 * milliseconds, sizes in bytes. Strings live as long as the configuration. Any thread; a LYRE_SF_LIVE setting may say
 * something else the next time. */
bool config_is_null(const struct config *c, const char *key);
int64_t config_int(const struct config *c, const char *key);
double config_number(const struct config *c, const char *key);
bool config_bool(const struct config *c, const char *key);
const char *config_string(const struct config *c, const char *key);
/** LYRE_S_LIST; \p count 0 when it is null. */
const char *const *config_list(const struct config *c, const char *key, size_t *count);
/** <rootPath>-relative settings are made absolute: the path of a LYRE_S_PATH setting. */
const char *config_path(const struct config *c, const char *key);

/** The file that was read, or NULL. */
const char *config_file(const struct config *c);

/** Things worth a line of the log, at warn, such as settings without effect; config_check_unknown() may add some. */
const char *const *config_warnings(const struct config *c, size_t *count);

/** Where a value comes from, the weakest first. */
enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_COMMAND_LINE };

/** \p key must be declared. */
enum config_source config_source_of(const struct config *c, const char *key);

/** What it takes for a change to be in effect. */
enum config_effect { CONFIG_AT_RESTART, CONFIG_AT_NEW_LISTENERS, CONFIG_AT_ONCE, CONFIG_WITHOUT_EFFECT };

/** A declared setting, as config_each() shows it; its value is asked for by key. */
struct config_item {
	const char *key;                    /**< whole: "modules.data.x" */
	const struct lyre_setting *setting; /**< as declared */
	enum config_source source;
	enum config_effect effect;
	int line, column;                   /**< in the file; 0 when it is not from there */
};

#define CONFIG_WANTED_MAX 400
/** What a value of a setting must be: "a size such as 64M or 1G, from 8K to 4G, or null". \return \p out */
const char *config_wanted(const struct lyre_setting *s, char out[CONFIG_WANTED_MAX]);

/** Calls \p fn for every declared setting, in the order of declaration, until it returns other than 0; returns that. */
int config_each(const struct config *c, int (*fn)(void *ctx, const struct config_item *item), void *ctx);

/* ---- while the server runs ---- */

/** The effective values as a tree, in the order of declaration: sections are objects, secrets null, paths absolute. Any thread. */
int config_write(const struct config *c, struct lyre_out *out, struct err *e);

/** The same of the file as it is by now: what a restart brings. Any thread; blocks. As config_load(), and nothing is written then. */
int config_write_next(const struct config *c, struct lyre_out *out, struct err *e);

/**
 * Removes the file that a config_set() has left beside the configuration when it was cut off; one that is under way, of
 * another process, is left alone. \return whether there was one
 */
bool config_clean(const struct config *c);
/** Told of each setting that config_set() was given: \p over is who stands over the file, CONFIG_FILE when nobody does. */
typedef void config_note_fn(void *ctx, const char *key, enum config_source over);

/**
 * Changes settings in the file; all, or none when one is refused. Names are paths with _ or . between their parts, in any
 * letter case; an object's members are settings below it. What names no setting is passed over, unless it is nearly a
 * setting, of a module, or \p strict. The rest of the file stays byte for byte, and it is as it was or as it is to be at
 * any moment. LYRE_SF_LIVE settings take effect at once. Any thread; blocks.
 * \return 0; LYRE_EINVAL with the setting and the rule; LYRE_ENOTSUP without a file; LYRE_ECONFLICT when somebody else
 *         changes it at the same time; LYRE_EIO, LYRE_ENOSPACE, LYRE_ENOMEM
 */
int config_set(struct config *c, const struct lyre_value *settings, bool strict, config_note_fn *note, void *ctx,
	       struct err *e);

/**
 * Reads the file again and checks it; LYRE_SF_LIVE settings take effect, whoever changed them. A refusal changes nothing.
 * Any thread; blocks. \param[out] waiting  the names of settings that are otherwise in the file, and wait for a restart
 */
int config_reload_live(struct config *c, struct buf *waiting, struct err *e);

/** Takes over what \p fresh says of the listeners, when these are renewed with it. Any thread. LYRE_ENOMEM */
int config_take_listeners(struct config *c, const struct config *fresh, struct err *e);

/** \p changed is called after LYRE_SF_LIVE settings have changed, on the thread that did it, until config_free(). */
int config_watch(const struct config *c, void (*changed)(const struct config *c));

#endif
