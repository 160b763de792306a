/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/config.h
 * \brief The settings: declaration, reading from YAML, the environment and the command line, checking, and access.
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

/** Sources of settings. Each overrides those before it: defaults, file, its drop-ins, environment, --set. */
struct config_sources {
	const char *file;        /**< NULL for none; its drop-ins are the files file.d/NAME.yaml */
	bool again;              /**< the running server reads them again: a pipe, which was emptied at its start, is refused */
	bool system_file;        /**< file was not named: it is the system's, for the server that uses its rootPath */
	const char *root;        /**< -r, replaces rootPath; NULL for none */
	const char *const *sets; /**< "key.path=value" */
	size_t set_count;
	char **environ;            /**< LYRE_OPERATIONSAPI_NETWORK_PORT=…; NULL for none */
	struct fault_list *faults; /**< collects all faults, up to config_check_unknown(); NULL: reading ends at the first */
	bool root_file;            /**< without a file: lyre.yaml in the root folder is read if it exists, and changes
 * are written there */
};

/**
 * Reads everything and checks the core's own settings. Settings under modules: are kept for config_declare_module().
 * Errors give file, line, column, and the nearest known key. \return 0, LYRE_EINVAL, LYRE_EIO, LYRE_ENOMEM
 */
int config_load(struct config **ret, const struct config_sources *sources, struct err *e);
void config_free(struct config *c);

/** The list that collects faults, as given in the sources. */
struct fault_list *config_faults(const struct config *c);
/** Whether a fault was found in the setting \p key or below it: its value is then the default, which may not be what was meant. */
bool config_is_faulty(const struct config *c, const char *key);
/** The fault of module \p name is already reported: its settings are not checked. */
void config_pass_over_module(struct config *c, const char *name);

/** A module named in the configuration. */
struct config_module {
	const char *name;
	const char *path; /**< of its file, if given; NULL: found by name */
	bool optional;    /**< may fail to load */
	bool fallback;    /**< not named: one of those that are loaded if the configuration names none */
	const char *file; /**< the file or drop-in that names it last; NULL: none does */
	int line;         /**< in that file; 0: not in a file */
};

/**
 * Enabled modules, in the order of the file and its drop-ins; if the file names none, those of \p fallback (names separated
 * by spaces) come first.
 */
int config_modules(struct config *c, const char *fallback, const struct config_module **ret, size_t *count, struct err *e);

/** Declares the settings of module \p name and checks their values in the files. */
int config_declare_module(struct config *c, const char *name, struct lyre_list settings, struct err *e);

/** After all modules are declared: reports undeclared settings as errors. */
int config_check_unknown(struct config *c, struct err *e);

/* Access. The key must be declared: an unknown key is a bug in the caller and ends the process. Durations are in
 * milliseconds, sizes in bytes. Strings live as long as the configuration; those of a LYRE_SF_LIVE setting, whose value may
 * change between calls, for ten minutes after a change. Any thread. */
bool config_is_null(const struct config *c, const char *key);
int64_t config_int(const struct config *c, const char *key);
double config_number(const struct config *c, const char *key);
bool config_bool(const struct config *c, const char *key);
const char *config_string(const struct config *c, const char *key);
/** LYRE_S_LIST; \p count is 0 if it is null. */
const char *const *config_list(const struct config *c, const char *key, size_t *count);
/** The path of a LYRE_S_PATH setting, absolute: relative ones are resolved against rootPath. */
const char *config_path(const struct config *c, const char *key);

/** The number of items if the file has a section as a list, with settings "section.0.x" and so on; 0 if it is not a list. */
size_t config_count(const struct config *c, const char *section);

/** The file that was read, or NULL. */
const char *config_file(const struct config *c);
/** The number of drop-ins that were read. */
size_t config_drop_ins(const struct config *c);

/** Messages to log at warn, such as settings without effect; config_check_unknown() may add some. */
const char *const *config_warnings(const struct config *c, size_t *count);

/** The source of a value, weakest first. */
enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_DROP_IN, CONFIG_ENVIRONMENT, CONFIG_COMMAND_LINE };

/** \p key must be declared. */
enum config_source config_source_of(const struct config *c, const char *key);

/** When a change takes effect. */
enum config_effect { CONFIG_AT_RESTART, CONFIG_AT_NEW_LISTENERS, CONFIG_AT_ONCE, CONFIG_WITHOUT_EFFECT };

/** A declared setting, as passed by config_each(); its value is read by key. */
struct config_item {
	const char *key;                    /**< full: "modules.data.x" */
	const struct lyre_setting *setting; /**< as declared */
	enum config_source source;
	enum config_effect effect;
	const char *file; /**< the file or drop-in that gives it; NULL: none does */
	int line, column; /**< in that file, or 0 */
};

#define CONFIG_WANTED_MAX 400
/** What a value of a setting must be: "a size such as 64M or 1G, from 8K to 4G, or null". \return \p out */
const char *config_wanted(const struct lyre_setting *s, char out[CONFIG_WANTED_MAX]);

/** Calls \p fn for each declared setting, in order of declaration, until it returns nonzero; returns that value. */
int config_each(const struct config *c, int (*fn)(void *ctx, const struct config_item *item), void *ctx);

/* ---- while the server runs ---- */

/** Writes the effective values as a tree, in order of declaration: sections are objects, secrets null, paths absolute. Any
 *  thread. */
int config_write(const struct config *c, struct lyre_out *out, struct err *e);

/** The same for the file and its drop-ins as they are now, that is, the values after a restart. Any thread; blocks. Errors
 *  as config_load(), with nothing written. */
int config_write_next(const struct config *c, struct lyre_out *out, struct err *e);

/**
 * Removes the temporary file that an interrupted config_set() has left beside the configuration; one that another
 * process is still writing is kept. \return whether one was removed
 */
bool config_clean(const struct config *c);
/**
 * Called for each setting given to config_set().
 * \param over   what overrides the file: the path of a drop-in, "the environment" or "the command line"; NULL: nothing
 * \param inert  it does nothing in this build
 */
typedef void config_note_fn(void *ctx, const char *key, const char *over, bool inert);

/**
 * Changes settings in the file: all of them, or none if one is refused. Names are paths whose parts are separated by _ or
 * ., in any letter case; an object's members are settings below it. Unknown names are ignored, unless they are close to a
 * setting's, belong to a module, or \p strict is set. The rest of the file stays the same byte for byte, and at any moment
 * the file is either the old or the new one. LYRE_SF_LIVE settings take effect at once. Any thread; blocks.
 * \return 0; LYRE_EINVAL with the setting and the rule; LYRE_EBUSY after too many changes; LYRE_ENOTSUP without a file;
 *         LYRE_ECONFLICT if someone else changes the file at the same time; LYRE_EIO, LYRE_ENOSPACE, LYRE_ENOMEM
 */
int config_set(struct config *c, const struct lyre_value *settings, bool strict, config_note_fn *note, void *ctx, struct err *e);

/**
 * Reads the file and its drop-ins again and checks them; LYRE_SF_LIVE settings take effect, however they were changed. On an
 * error nothing changes. Any thread; blocks.
 * \param[out] waiting   the names of settings, and of modules as modules.NAME, that differ in the files and need a restart
 * \param[out] warnings  config_warnings() of the files as they are now, separated by semicolons
 */
int config_reload_live(struct config *c, struct buf *waiting, struct buf *warnings, struct err *e);

/** Takes over the listener settings of \p fresh, once the listeners have been renewed with them. Any thread. LYRE_ENOMEM */
int config_take_listeners(struct config *c, const struct config *fresh, struct err *e);

/**
 * \p changed is called for each setting that has changed while the server runs, when all of them have, on the thread that
 * changed them, until config_free(). \return 0, LYRE_ENOMEM
 */
int config_watch(const struct config *c, void (*changed)(void *arg, const struct config *c, const char *key), void *arg);

#endif
