/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/module.h
 * \brief A module: one constant descriptor, its operations and its settings.
 *
 * A module is one shared object that exports one symbol, the descriptor defined by LYRE_MODULE(). The same source can be
 * linked into lyred if it is compiled with -DLYRE_MODULE_STATIC. A module has no constructors: none of its code runs before
 * start().
 */
#ifndef LYRE_MODULE_H
#define LYRE_MODULE_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

#define LYRE_MODULE_MAGIC "LYREMOD"

/** A list as data: its items, their number, and the size of one item as seen by the module's compiler. */
struct lyre_list {
	const void *items;
	uint32_t count;
	uint32_t item_size;
};

/** The lyre_list of an array. */
/* clang-format off */
#define LYRE_LIST(array) { (array), (uint32_t)(sizeof(array) / sizeof *(array)), (uint32_t)sizeof *(array) }
/* clang-format on */

/**
 * Item \p i of a list that may have been compiled against other headers: cast it to the struct that the list is documented
 * to hold. \return NULL if out of range
 */
static inline const void *lyre_list_at(const struct lyre_list *list, uint32_t i)
{
	return i < list->count ? (const char *)list->items + (size_t)i * list->item_size : NULL;
}

/** Types that a parameter may have; several may be or-ed. */
enum lyre_param_type {
	LYRE_T_STRING = 1 << 0,
	LYRE_T_NUMBER = 1 << 1,
	LYRE_T_BOOLEAN = 1 << 2,
	LYRE_T_ARRAY = 1 << 3,
	LYRE_T_OBJECT = 1 << 4,
	LYRE_T_NULL = 1 << 5, /**< null is a valid value */
	LYRE_T_ANY = (1 << 6) - 1
};

/** Rules for a parameter beyond its type. */
enum lyre_param_flag {
	LYRE_P_REQUIRED = 1 << 0,
	LYRE_P_NAME = 1 << 1,           /**< the name of a database, table or key: 1 to 250 printable ASCII characters, no / or ` */
	LYRE_P_NOT_EMPTY = 1 << 2,      /**< a non-empty string; an array with at least one item */
	LYRE_P_NULL_IS_ABSENT = 1 << 3, /**< null means not given */
	LYRE_P_OBJECTS = 1 << 4,        /**< the items of the array are objects */
	LYRE_P_KEYS = 1 << 5,           /**< the items of the array are strings or numbers */
	LYRE_P_NUMERIC_TEXT = 1 << 6,   /**< a string of digits is taken as a number */
	LYRE_P_INTEGER = 1 << 7,        /**< a number without a fraction */
	LYRE_P_RANGE = 1 << 8,          /**< min and max apply */
	/**
	 * Names the attributes of the operation's table that are read: a name, an array of names, or objects as in struct
	 * lyre_query (conditions, select, sort)
	 */
	LYRE_P_READS = 1 << 9,
	LYRE_P_WRITES = 1 << 10,  /**< records for the operation's table: their attributes are written */
	LYRE_P_REQUEST = 1 << 11, /**< a nested request, which the caller must be allowed to make */
	/**
	 * The types and rules above are documented but not enforced: the core passes the value through unchecked, even if it
	 * is missing (LYRE_P_NULL_IS_ABSENT still applies, fallback does not). For handlers that check it themselves because
	 * clients expect other error texts than the core's.
	 */
	LYRE_P_HANDLER_CHECKS = 1 << 12,
	/** conditions of a search (lyre_query.conditions): the core adds the comparators to the help */
	LYRE_P_CONDITIONS = 1 << 13,
	/**
	 * The absolute path of a file on the server. A client may instead send the file, of any size, as the body of the
	 * request (Content-Type: application/octet-stream), with the operation and its other parameters in the query
	 * string: POST /?operation=name&database=dev. Then this is the path of the uploaded file, which is removed when
	 * the call ends, that of a job too. At most once per operation, with LYRE_T_STRING alone; not with LYRE_ACCESS_OPEN
	 */
	LYRE_P_FILE = 1 << 14
};

/**
 * A parameter of an operation. The core checks every request against this before the handler sees it; the help, the
 * client's completion and the reference are generated from it. Legacy names in requests (schema, hash_attribute, …) are
 * resolved first, so only the modern name is declared.
 */
struct lyre_param {
	const char *name;
	uint32_t types;       /**< enum lyre_param_type */
	uint32_t flags;       /**< enum lyre_param_flag */
	const char *fallback; /**< default value as JSON text; NULL for none */
	const char *label;    /**< its name in the error if it is missing; NULL for name */
	const char *help;     /**< one line */
	double min, max;      /**< with LYRE_P_RANGE */
	/** for error texts about a value sent under its own name: the names to use, one text each, separated by
	 * blanks; NULL: its own name */
	const char *wrong_as;
};

/** How a handler runs. */
enum lyre_run {
	LYRE_RUN_INLINE = 0, /**< on the connection's thread: must be short and never block; may return LYRE_PENDING */
	LYRE_RUN_POOL = 1,   /**< on a worker thread: may take long and block */
	LYRE_RUN_JOB = 2,    /**< after the answer, as a job (lyre/job.h) */
	LYRE_RUN_LONG = 3    /**< on a thread of low priority, of a pool of its own: works for seconds, but does not delay others */
};

/**
 * Who may call an operation. Access to data is checked too: before the handler runs, from the declared permissions and
 * parameters, and again when the handler opens a table (lyre_table_open()). There is no default: a module is rejected if one
 * of its operations declares no access.
 */
enum lyre_access {
	LYRE_ACCESS_SUPER_USER = 1, /**< super_user roles only */
	LYRE_ACCESS_OPEN = 2,       /**< anyone, without credentials */
	LYRE_ACCESS_USER = 3,       /**< any signed-in user whose role has the declared permissions */
	/**
	 * super_user roles, structure_user roles for the database named by the parameter database, and, if permissions are
	 * declared, roles that have them
	 */
	LYRE_ACCESS_STRUCTURE = 4,
	LYRE_ACCESS_STRUCTURE_ALL = 5 /**< super_user roles, and structure_user roles for all databases */
};

/** \return the name of a lyre_access, as in describe_operations; "unknown" for a value that this header does not know */
static inline const char *lyre_access_word(uint32_t access)
{
	switch (access) {
	case LYRE_ACCESS_SUPER_USER:
		return "super_user";
	case LYRE_ACCESS_OPEN:
		return "open";
	case LYRE_ACCESS_USER:
		return "user";
	case LYRE_ACCESS_STRUCTURE:
		return "structure_user";
	case LYRE_ACCESS_STRUCTURE_ALL:
		return "structure_user_all";
	default:
		return "unknown";
	}
}

/** What the operation does to a table, for the permission check. */
enum lyre_permission {
	LYRE_PERMIT_NONE = 0,
	LYRE_PERMIT_READ = 1,
	LYRE_PERMIT_INSERT = 2,
	LYRE_PERMIT_UPDATE = 4,
	LYRE_PERMIT_DELETE = 8,
	LYRE_PERMIT_DESCRIBE = 16 /**< see that it exists: implied by any other permission. Without a table: see the database */
};

/** \return the name of one lyre_permission, as in describe_operations; NULL for a value that this header does not know */
static inline const char *lyre_permission_word(uint32_t permission)
{
	switch (permission) {
	case LYRE_PERMIT_READ:
		return "read";
	case LYRE_PERMIT_INSERT:
		return "insert";
	case LYRE_PERMIT_UPDATE:
		return "update";
	case LYRE_PERMIT_DELETE:
		return "delete";
	case LYRE_PERMIT_DESCRIBE:
		return "describe";
	default:
		return NULL;
	}
}

/** Rules of an operation. */
enum lyre_operation_flag {
	/**
	 * Signs users in: if its parameters username and password are given, they identify the caller, and other credentials in
	 * the request are ignored.
	 */
	LYRE_O_SIGN_IN = 1 << 0,
	/** With LYRE_O_SIGN_IN: wrong credentials are answered with "invalid credentials", as clients expect, not "Login failed" */
	LYRE_O_INVALID_CREDENTIALS = 1 << 1,
	/** The answer closes the connection, because the thread or process that serves it is about to end. */
	LYRE_O_LAST_ANSWER = 1 << 2,
	/**
	 * It changes nothing, or does not when writing is refused: other operations and jobs may run it as a part of their work
	 * (lyre_request_run()), also those that may not write.
	 */
	LYRE_O_READS = 1 << 3
};

/** An operation, as data. */
struct lyre_operation {
	const char *name;
	int (*handler)(lyre_call *call); /**< 0 when the answer is written, LYRE_PENDING, or what lyre_fail() returned */
	uint32_t run;                    /**< enum lyre_run */
	uint32_t access;                 /**< enum lyre_access */
	uint32_t permissions;    /**< enum lyre_permission, or-ed; on the table named by the parameters database and table */
	uint32_t flags;          /**< enum lyre_operation_flag, or-ed */
	struct lyre_list params; /**< of struct lyre_param, in the order of the error texts */
	const char *aliases;     /**< other names for it, separated by blanks; NULL for none */
	const char *help;        /**< one line */
	/**
	 * With LYRE_RUN_JOB: runs on a worker thread before the job is created. If it fails, the failure is answered and no job
	 * is created; if it answers with a message, that replaces the usual one. With LYRE_P_FILE: runs on a worker
	 * thread when the first 64 KiB of an uploaded file have arrived, or all of it; if it fails, the failure is
	 * answered and no more is read. NULL for none.
	 */
	int (*check)(lyre_call *call);
	const char *refused_as; /**< its name in errors about permissions; NULL: its name in camel case, listUsers for list_users */
};

/** Types of a setting. */
enum lyre_setting_type {
	LYRE_S_STRING = 0,
	LYRE_S_INT = 1,
	LYRE_S_NUMBER = 2,
	LYRE_S_BOOL = 3,
	LYRE_S_ENUM = 4,     /**< one of the words of values */
	LYRE_S_SIZE = 5,     /**< bytes: a number, or one with K, M, G, T */
	LYRE_S_DURATION = 6, /**< milliseconds: a number, or one with ms, s, m, h, d */
	LYRE_S_LIST = 7,     /**< texts */
	LYRE_S_PATH = 8      /**< of a file; a relative one starts in the server's root folder */
};

/** Rules for a setting beyond its type. */
enum lyre_setting_flag {
	LYRE_SF_NULL = 1 << 0,   /**< null is a valid value: off, or not set */
	LYRE_SF_SECRET = 1 << 1, /**< never shown, never logged */
	LYRE_SF_LIVE = 1 << 2    /**< takes effect without a restart: its value may change at any time (lyre/event.h) */
};

/** A setting, as data: under modules.<name> in the configuration. The core rejects invalid values, with file and line. */
struct lyre_setting {
	const char *key;      /**< dotted, relative to the module; path, optional and enabled are reserved for the server */
	uint32_t type;        /**< enum lyre_setting_type */
	uint32_t flags;       /**< enum lyre_setting_flag */
	const char *fallback; /**< default, as written in the file; NULL for null */
	const char *values;   /**< LYRE_S_ENUM: the words, separated by blanks */
	const char *help;     /**< one line */
	double min, max;      /**< for numbers, sizes and durations; no limit if equal */
};

/**
 * The descriptor. Everything up to extra is frozen forever and holds no pointers, so that it can be read from the file
 * without loading it.
 */
struct lyre_module {
	char magic[8];
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t struct_size; /**< of the whole descriptor, as seen by the module's compiler */
	char name[32];        /**< a to z, 0 to 9, _ and - */
	char version[32];
	char summary[128];
	char needs[128]; /**< modules that must start before: names separated by blanks, each with an optional >=VERSION */
	char extra[32];  /**< empty; a fork that breaks the ABI sets its own mark here, which server and module must share */
	/* 1.0; later additions follow after these */
	const struct lyre_host **host;
	struct lyre_list settings;         /**< of struct lyre_setting */
	struct lyre_list operations;       /**< of struct lyre_operation */
	int (*start)(lyre_instance *self); /**< after the modules it needs; 0, or what lyre_start_fail() returned; may be NULL */
	void (*stop)(lyre_instance *self); /**< when no calls are running; also after a failed start; may be NULL */
	/**
	 * Checks whether start() will succeed, as far as possible without changing anything. Called by lyred --check, and by a
	 * restart before it stops the running server. Settings may be read. 0, or what lyre_start_fail() returned; may be NULL.
	 */
	int (*check)(lyre_instance *self);
};

#ifdef LYRE_MODULE_STATIC
#define LYRE_MODULE_SYMBOL_(id) lyre_module_##id
#define LYRE_MODULE_STORAGE_
#define LYRE_MODULE_DECLARE_(id) extern const struct lyre_module lyre_module_##id;
#else
#define LYRE_MODULE_SYMBOL_(id) lyre_module
#define LYRE_MODULE_STORAGE_ LYRE_EXPORT
#define LYRE_MODULE_DECLARE_(id)                                 \
	extern LYRE_EXPORT const struct lyre_module lyre_module; \
	const struct lyre_host *lyre_host;
#endif

/**
 * Defines the descriptor: once per module, at file scope, followed by a semicolon. It needs C: a module in C++ puts it in a
 * separate C file.
 * \param id   the module's name, not quoted: a C identifier of a to z, 0 to 9 and _, at most 31 characters
 * \param ver  its version, a string
 * \param sum  a one-line summary, a string
 * followed by designated initialisers: .needs, .settings, .operations, .start, .stop, .check
 */
#define LYRE_MODULE(id, ver, sum, ...)                                                                        \
	LYRE_MODULE_DECLARE_(id)                                                                              \
	LYRE_MODULE_STORAGE_ const struct lyre_module LYRE_MODULE_SYMBOL_(id) = { .magic = LYRE_MODULE_MAGIC, \
		.abi_major = LYRE_ABI_MAJOR,                                                                  \
		.abi_minor = LYRE_ABI_MINOR,                                                                  \
		.struct_size = (uint32_t)sizeof(struct lyre_module),                                          \
		.name = #id,                                                                                  \
		.version = ver,                                                                               \
		.summary = sum,                                                                               \
		.host = &lyre_host,                                                                           \
		__VA_ARGS__ }

/** The host's implementation of the functions in this header. */
struct lyre_module_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*setting_is_null)(lyre_instance *self, const char *key);
	int64_t (*setting_int)(lyre_instance *self, const char *key);
	double (*setting_number)(lyre_instance *self, const char *key);
	int (*setting_bool)(lyre_instance *self, const char *key);
	const char *(*setting_string)(lyre_instance *self, const char *key);
	const char *const *(*setting_list)(lyre_instance *self, const char *key, size_t *count);

	int (*start_vfail)(lyre_instance *self, int code, const char *fmt, va_list ap);
	int (*run)(lyre_instance *self, int (*work)(lyre_call *call, void *arg), void *arg);
	void (*vlog)(lyre_instance *self, int level, const char *fmt, va_list ap);

	size_t (*setting_count)(lyre_instance *self, const char *key);
};

/* The settings of module self, by their declared keys. A key that starts with '/' is one of the server's own:
 * "/logging.auditLog". They may be read from start() to stop(), on any thread; nothing here blocks or fails. Reading a key
 * that is not declared, or with the function for another type, is a bug in the module and aborts the process.
 *
 * Only a LYRE_SF_LIVE setting changes meanwhile: read it each time when it is used. Its texts stay valid for ten minutes after it
 * has changed; copy what is needed for longer. */

/** \return whether the setting is null: not set and without a default. For any type. */
static inline int lyre_setting_is_null(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_is_null(self, key);
}
/** \return a LYRE_S_INT, the bytes of a LYRE_S_SIZE, the milliseconds of a LYRE_S_DURATION; 0 if it is null. */
static inline int64_t lyre_setting_int(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_int(self, key);
}
/** \return a LYRE_S_NUMBER, or what lyre_setting_int() returns; 0 if it is null. */
static inline double lyre_setting_number(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_number(self, key);
}
/** \return a LYRE_S_BOOL as 1 or 0; 0 if it is null. */
static inline int lyre_setting_bool(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_bool(self, key);
}
/**
 * \return a LYRE_S_STRING, LYRE_S_ENUM or LYRE_S_PATH, NUL-terminated, valid until stop(), or as said above if it is live;
 *         NULL if it is null
 */
static inline const char *lyre_setting_string(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_string(self, key);
}
/**
 * A LYRE_S_LIST. \param[out] count  number of texts; 0 if it is null
 * \return the texts, NUL-terminated, valid until stop(), or as said above if it is live
 */
static inline const char *const *lyre_setting_list(lyre_instance *self, const char *key, size_t *count)
{
	return lyre_host->module->setting_list(self, key, count);
}

/**
 * \return the number of items if the configuration has the server's section \p key, such as "/tls", as a list: the settings of
 *         each are read with its number, "/tls.0.certificate"; 0 if it is not a list
 */
static inline size_t lyre_setting_count(lyre_instance *self, const char *key)
{
	return lyre_host->module->setting_count(self, key);
}

/**
 * Reports from start() why the module cannot start. The operator reads the message: say what to do about it.
 * \param code  a negative LYRE_E…
 * \return \p code
 */
static inline int lyre_start_fail(lyre_instance *self, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
static inline int lyre_start_fail(lyre_instance *self, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	code = lyre_host->module->start_vfail(self, code, fmt, ap);
	va_end(ap);
	return code;
}

/**
 * Runs \p work now, on this thread, with a call of its own that has the rights of the server: for reading and writing
 * outside operations. From start() to stop(), on any thread of the module; work() may block, writes with
 * lyre_write_wait() and answers nothing. The call ends when it returns.
 * \return what \p work returned, or LYRE_ENOMEM. A failure's message becomes that of lyre_start_fail() in start(), and a
 * log line elsewhere
 */
static inline int lyre_run(lyre_instance *self, int (*work)(lyre_call *call, void *arg), void *arg)
{
	return lyre_host->module->run(self, work, arg);
}

/**
 * Writes a line to the server's log, tagged with the module's name, if logging.level includes \p level; by default LYRE_WARN
 * and what is more urgent. From start() to stop(), on any thread; never fails. Never log a secret.
 */
static inline void lyre_log(lyre_instance *self, enum lyre_log_level level, const char *fmt, ...) LYRE_PRINTF(3, 4);
static inline void lyre_log(lyre_instance *self, enum lyre_log_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	lyre_host->module->vlog(self, (int)level, fmt, ap);
	va_end(ap);
}

LYRE_END_DECLS

#endif
