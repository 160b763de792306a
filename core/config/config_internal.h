/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/config_internal.h
 * \brief What the files of this room share: the declared settings with their values, and what waits for modules.
 */
#ifndef CONFIG_CONFIG_INTERNAL_H
#define CONFIG_CONFIG_INTERNAL_H

#include "config/config.h"
#include "config/convert.h"
#include "config/settings.h"

#include <pthread.h>

/** Of environment variables that are settings. */
#define VARIABLE_PREFIX "LYRE_"

/** A declared setting and its value. */
struct entry {
	const char *key;
	const struct lyre_setting *setting;
	struct setting_value value;
	enum config_source source;
	bool faulty;                   /**< what was given for it was refused */
	const struct yaml_node *given; /**< NULL: the default */
};

/** A value from the command line or the environment. */
struct override {
	struct override *next;
	const char *key; /**< of the environment: what follows LYRE_, still in its own spelling */
	struct yaml_node *node;
	enum config_source source;
	bool used;
};

/** A module of the configuration, switched on or off. */
struct module_entry {
	struct config_module module;
	bool enabled;
	bool declared;
	bool faulty; /**< not to be loaded, as there is a fault in it */
	struct lyre_list declaration;    /**< its settings, when declared */
	const struct yaml_node *named; /**< NULL: of the built-in list */
	const struct yaml_node *settings; /**< its mapping, or NULL */
};

/** Who wants to know of settings that changed while the server runs. */
struct watcher {
	struct watcher *next;
	void (*changed)(const struct config *c);
};

/** What may change while the server runs. */
struct live {
	pthread_mutex_t lock;   /**< of the values of LYRE_SF_LIVE settings, their source, the watchers, and the arena */
	pthread_mutex_t change; /**< held from the reading of the file to the end of what follows from it */
	struct watcher *watchers;
};

struct config {
	struct arena arena;
	struct live *live;
	struct config_sources sources; /**< our own copy */
	struct fault_list *faults;     /**< of sources, while these are read first */
	const char *file;          /**< that was read */
	const char *exposed;       /**< which untrusted may change it, and what to do; NULL: none */
	const char *target;        /**< that changes are written to; NULL: none */
	const char *target_root;   /**< the rootPath that it says or leaves at its default, where that is another server's; NULL else */
	const char *fallback;      /**< the modules when the file names none */
	struct entry *entries;     /**< in the order they were declared */
	struct entry **index;      /**< the same by key */
	size_t count, room;
	const char **keys;         /**< the keys in the order of entries, for guesses */
	struct override *overrides; /**< in the order they were given */
	const struct yaml_node *modules_node;
	struct module_entry *modules;
	size_t module_count, module_room;
	bool modules_read;
	struct config_module *enabled;
	size_t enabled_count;
	const char **warnings;
	size_t warning_count, warning_room;
};

/** Declares settings, which must live as long as \p c, with their defaults, under "prefix." when there is a prefix. */
int entries_declare(struct config *c, const char *prefix, const struct lyre_setting *settings, size_t count,
		    struct err *e);
struct entry *entries_find(const struct config *c, const char *key);
/** The declared key that \p key is another spelling of, or \p key: "threads.count" is "threads". */
const char *entries_spelling(const char *key);
/** What a setting is called below itself, when it is a section too: "count" for "threads"; NULL for others. */
const char *entries_below(const char *key);
/** Whether some key begins with "key.". */
bool entries_is_section(const struct config *c, const char *key);
/** Sets the value that \p node gives, unless a stronger source has set it. */
int entry_set(struct config *c, struct entry *entry, const struct yaml_node *node, enum config_source source,
	      struct err *e);
/** Takes the members of a mapping, but for the words of \p except, as settings under \p prefix, "" for none. */
int entries_take(struct config *c, const char *prefix, const struct yaml_node *mapping, const char *except,
		 struct err *e);
/** "unknown setting 'x'; did you mean 'y'?" */
int entries_unknown(const struct config *c, const char *key, const struct yaml_node *node, struct err *e);
/** Paths become absolute, and what stands for another setting takes its value. */
int entries_resolve(struct config *c, struct err *e);

/** config_load() with a text in place of what the file holds; NULL: reads it. */
int config_load_text(struct config **ret, const struct config_sources *sources, const struct buf *text, struct err *e);
/** The configuration that \p text would give this server, with its modules and everything checked. */
int config_try(const struct config *c, const struct buf *text, struct config **ret, struct err *e);
/** Takes over the LYRE_SF_LIVE settings of \p fresh and tells the watchers. With c->live->change held. */
int config_take_live(struct config *c, const struct config *fresh, struct err *e);
/** A value of an entry at this moment. */
struct setting_value entry_value(const struct config *c, const struct entry *entry);
/** Whether two values of a setting are the same. */
bool setting_same(const struct lyre_setting *s, const struct setting_value *a, const struct setting_value *b);

/** Reads --set and the environment into c->overrides. */
int overrides_read(struct config *c, const struct config_sources *sources, struct err *e);
/** Whether \p o is about the setting \p key. */
bool override_is(const struct override *o, const char *key);
/** Gives the entries from \p first on what the overrides say of them. */
int overrides_apply(struct config *c, size_t first, struct err *e);
/** Refuses what --set says of no setting, warns of variables that look like one; under modules, or all others. */
int overrides_check(struct config *c, bool modules, struct err *e);

/** A line for config_warnings(). */
int config_warn(struct config *c, struct err *e, const char *fmt, ...) LYRE_PRINTF(3, 4);
/** A copy of \p n items in twice the room, in the arena; NULL when out of memory. */
void *grow(struct config *c, const void *items, size_t n, size_t *room, size_t item_size);

#endif
