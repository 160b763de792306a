/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/config_internal.h
 * \brief Shared by the files of this room: the declared settings with their values, and settings kept for modules.
 */
#ifndef CONFIG_CONFIG_INTERNAL_H
#define CONFIG_CONFIG_INTERNAL_H

#include "config/config.h"
#include "config/convert.h"
#include "config/settings.h"

#include <pthread.h>
#include <sys/stat.h>

/** Number of sections that may be lists. */
#define SECTION_LISTS 2
/** Prefix of environment variables that are settings. */
#define VARIABLE_PREFIX "LYRE_"

/** A declared setting and its value. */
struct entry {
	const char *key;
	const struct lyre_setting *setting;
	struct setting_value value;
	enum config_source source;
	bool faulty;                   /**< what was given for it was refused */
	const struct yaml_node *given; /**< NULL: the default */
	struct live_texts *texts;      /**< those of a value that it got while the server runs; NULL: it has none */
	bool changed;                  /**< by the change in progress */
};

/** A value from the command line or the environment. */
struct override {
	struct override *next;
	const char *key; /**< from the environment: the part after LYRE_, spelled as there */
	struct yaml_node *node;
	enum config_source source;
	bool used;
};

/** A file of the configuration that holds settings. */
struct document {
	struct document *next;
	const struct yaml_node *root;    /**< a mapping */
	const struct yaml_node *modules; /**< its section of modules; NULL: it has none, or an override replaces it */
};

/** A module of the configuration, enabled or disabled. */
struct module_entry {
	struct config_module module;
	bool enabled;
	bool declared;
	bool faulty;                   /**< not to be loaded, because it has a fault */
	struct lyre_list declaration;  /**< its settings, if declared */
	const struct yaml_node *named; /**< by the last file that names it; NULL: from the built-in list */
};

/** A callback for settings that change while the server runs. */
struct watcher {
	struct watcher *next;
	void (*changed)(void *arg, const struct config *c, const char *key);
	void *arg;
};

/** State that may change while the server runs. */
struct live {
	pthread_mutex_t lock;   /**< protects the values of LYRE_SF_LIVE settings, their source, the watchers, and the arena */
	pthread_mutex_t change; /**< held from reading the file until all its effects are complete */
	struct watcher *watchers;
	struct live_texts *replaced; /**< the texts of earlier values, which may still be read */
	size_t replaced_size;        /**< bytes, without those that are kept for ever */
};

struct config {
	struct arena arena;
	struct live *live;
	struct config_sources sources; /**< our own copy */
	struct fault_list *faults;     /**< that of the sources, during their first reading */
	const char *file;              /**< the file that was read */
	const char *exposed;           /**< which untrusted users may change it or a drop-in, and what to do; NULL: none */
	const char *target;            /**< the file that changes are written to; NULL: none */
	const char *target_root;       /**< the target's rootPath, set or default, if it is another server's; else NULL */
	const char *fallback;          /**< the modules if the file names none */
	struct entry *entries;         /**< in order of declaration */
	struct entry **index;          /**< the same, sorted by key */
	size_t count, room;
	const char **keys;                            /**< the keys in the order of entries, for suggestions */
	struct override *overrides;                   /**< in the order given */
	struct document *documents;                   /**< the file, then the drop-ins in their order */
	size_t drop_ins;                              /**< how many were read */
	const struct yaml_node *lists[SECTION_LISTS]; /**< the lists that replace sections (section_list.c), or NULL */
	struct module_entry *modules;
	size_t module_count, module_room;
	bool modules_read;
	struct config_module *enabled;
	size_t enabled_count;
	const char **warnings;
	size_t warning_count, warning_room;
};

/** Declares settings, which must live as long as \p c, with their defaults, under "prefix." if there is a prefix. */
int entries_declare(struct config *c, const char *prefix, const struct lyre_setting *settings, size_t count, struct err *e);
struct entry *entries_find(const struct config *c, const char *key);
/** The declared key of which \p key is another spelling, or \p key: "threads.count" is "threads". */
const char *entries_spelling(const char *key);
/** The name below itself of a setting that is also a section: "count" for "threads"; NULL for others. */
const char *entries_below(const char *key);
/** Whether any key starts with "key.". */
bool entries_is_section(const struct config *c, const char *key);
/** Sets the value from \p node, unless a stronger source has set it. */
int entry_set(struct config *c, struct entry *entry, const struct yaml_node *node, enum config_source source, struct err *e);
/** Takes the members of a mapping, except the words in \p except, as settings under \p prefix, "" for none. */
int entries_take(struct config *c, const char *prefix, const struct yaml_node *mapping, const char *except, struct err *e);
/** The keys of the sections that may be lists of sections. */
extern const char *const section_lists[SECTION_LISTS];
/** Whether the section \p key may be a list of sections. */
bool entries_is_list(const char *key);
/** Declares and takes the settings of each item: "key.0.x". */
int entries_take_list(struct config *c, const char *key, const struct yaml_node *list, struct err *e);
/** The list that is given in place of the section \p key, or of the section that contains it; NULL: none. */
const struct yaml_node *entries_list_of(const struct config *c, const char *key);
/** "unknown setting 'x'; did you mean 'y'?" */
int entries_unknown(const struct config *c, const char *key, const struct yaml_node *node, struct err *e);
/** Makes paths absolute, and fills in settings that default to another's value. */
int entries_resolve(struct config *c, struct err *e);

/** The paths of the target's drop-ins, in the order in which they apply. \param there  the target exists */
int drop_ins_list(struct config *c, bool there, const char *const **ret, size_t *count, struct err *e);
/**
 * Reads the target, if it is there, and its drop-ins: all of them, even if one cannot be read.
 * \param text  in place of the target's content; NULL: reads it
 */
int documents_read(struct config *c, bool there, const struct buf *text, struct err *e);
/** Takes the core's settings from them. */
int documents_take(struct config *c, struct err *e);
/** Checks who can change a file or folder of the configuration: refuses anyone, and notes the untrusted in c->exposed. */
int documents_check_writers(struct config *c, const char *path, const struct stat *st, struct err *e);

/** What follows "modules." in \p key; NULL: it is not a key of modules. */
const char *modules_part(const char *key);
/** The module named \p name; NULL: the configuration has none. */
const struct module_entry *modules_find(const struct config *c, const char *name);
/**
 * The next module of the built-in list, without those that are not installed: named in the file, they would have to be.
 * \param rest  where to go on; at first c->fallback
 * \return its name, of \p len bytes; NULL: no more
 */
const char *modules_next_installed(const struct config *c, const char **rest, size_t *len);

/** config_load() with a text in place of the file's content; NULL: reads the file. */
int config_load_text(struct config **ret, const struct config_sources *sources, const struct buf *text, struct err *e);
/** The configuration that this server would have with \p text, with its modules, all checked. */
int config_try(const struct config *c, const struct buf *text, struct config **ret, struct err *e);
/** Lists what differs in \p fresh, a later reading, and takes effect only at a restart: settings, modules, lists. */
void waiting_list(const struct config *c, const struct config *fresh, struct buf *names);
/** Takes over the LYRE_SF_LIVE settings of \p fresh and calls the watchers. With c->live->change held. */
int config_take_live(struct config *c, const struct config *fresh, struct err *e);
/** The current value of an entry. */
struct setting_value entry_value(const struct config *c, const struct entry *entry);
/** Whether two values of a setting are the same. */
bool setting_same(const struct lyre_setting *s, const struct setting_value *a, const struct setting_value *b);

/* live_values.c; but for live_free(), live->lock must be held, which live_room() takes */

/** Copies a value, with its texts, if it has any. \return false: out of memory */
bool live_copy(const struct setting_value *from, struct setting_value *to, struct live_texts **ret);
/** Keeps the texts of an earlier value for a while, or as long as the configuration; frees those whose time is over. \p t may be
 *  NULL. */
void live_replaced(struct live *l, struct live_texts *t, bool for_ever);
/** Bytes that live_replaced() would keep. \p t may be NULL. */
size_t live_size(const struct live_texts *t);
/** Whether texts of \p bytes may be replaced now; LYRE_EBUSY if too many earlier ones are kept. */
int live_room(struct live *l, size_t bytes, struct err *e);
void live_free(struct config *c);

/** Reads --set and the environment into c->overrides. */
int overrides_read(struct config *c, const struct config_sources *sources, struct err *e);
/** Whether \p o sets \p key. */
bool override_is(const struct override *o, const char *key);
/** Applies the overrides to the entries from \p first on. */
int overrides_apply(struct config *c, size_t first, struct err *e);
/** Refuses unknown settings in --set, warns of variables that resemble one; only those under modules, or all others. */
int overrides_check(struct config *c, bool modules, struct err *e);

/** Adds a line to config_warnings(). */
int config_warn(struct config *c, struct err *e, const char *fmt, ...) LYRE_PRINTF(3, 4);
/** A copy of \p n items with twice the room, in the arena; NULL if out of memory. */
void *grow(struct config *c, const void *items, size_t n, size_t *room, size_t item_size);

#endif
