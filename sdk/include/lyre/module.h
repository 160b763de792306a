/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/module.h
 * \brief What a module is: one constant descriptor, its operations and its settings.
 *
 * A module is one shared object that exports one symbol, the descriptor made by LYRE_MODULE(). The same source links
 * into lyred when it is compiled with -DLYRE_MODULE_STATIC. A module has no constructors: nothing of it runs before
 * start(). Since ABI 1.0.
 */
#ifndef LYRE_MODULE_H
#define LYRE_MODULE_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

#define LYRE_MODULE_MAGIC "LYREMOD"

/** A list as data: its start, the number of its items, and the size of one as the module's compiler saw it. */
struct lyre_list {
	const void *items;
	uint32_t count;
	uint32_t item_size;
};

/** The lyre_list of an array. */
#define LYRE_LIST(array) { (array), (uint32_t)(sizeof(array) / sizeof *(array)), (uint32_t)sizeof *(array) }

/**
 * Item \p i of a list that may have been made with other headers than these: cast it to the struct that the list is
 * said to hold. \return NULL outside
 */
static inline const void *lyre_list_at(const struct lyre_list *list, uint32_t i)
{
	return i < list->count ? (const char *)list->items + (size_t)i * list->item_size : NULL;
}

/** Kinds a parameter may have; several may be or-ed. */
enum lyre_param_type {
	LYRE_T_STRING = 1 << 0,
	LYRE_T_NUMBER = 1 << 1,
	LYRE_T_BOOLEAN = 1 << 2,
	LYRE_T_ARRAY = 1 << 3,
	LYRE_T_OBJECT = 1 << 4,
	LYRE_T_NULL = 1 << 5,    /**< null is a value of its own here */
	LYRE_T_ANY = (1 << 6) - 1
};

/** Rules of a parameter beyond its kind. */
enum lyre_param_flag {
	LYRE_P_REQUIRED = 1 << 0,
	LYRE_P_NAME = 1 << 1,         /**< the name of a database, table or key: 1 to 250 printable ASCII characters, no / or ` */
	LYRE_P_NOT_EMPTY = 1 << 2,    /**< a string that is not empty; an array of at least one item */
	LYRE_P_NULL_IS_ABSENT = 1 << 3, /**< null means: not given */
	LYRE_P_OBJECTS = 1 << 4,      /**< the items of the array are objects */
	LYRE_P_KEYS = 1 << 5,         /**< the items of the array are strings or numbers */
	LYRE_P_NUMERIC_TEXT = 1 << 6, /**< a string of digits is taken as its number */
	LYRE_P_INTEGER = 1 << 7,      /**< a number without a fraction */
	LYRE_P_RANGE = 1 << 8,        /**< min and max hold */
	/**
	 * Names attributes of the operation's table that are read: a name, an array of names, or objects as in struct
	 * lyre_query: conditions, select, sort. Since 1.2
	 */
	LYRE_P_READS = 1 << 9,
	LYRE_P_WRITES = 1 << 10,      /**< records for the operation's table: the attributes they have are written. Since 1.2 */
	LYRE_P_REQUEST = 1 << 11,     /**< a request of its own, which the caller must be allowed to make. Since 1.2 */
	/**
	 * The types and the rules above are told to whoever asks for them, but the core passes the value on as it is, or its
	 * absence (LYRE_P_NULL_IS_ABSENT holds, fallback does not): the handler checks it, where clients know other sentences
	 * than the core's. Since 1.2
	 */
	LYRE_P_HANDLER_CHECKS = 1 << 12,
	/**
	 * The absolute path of a file on the server. A client may send the file in its place, of any size, as the body of the
	 * request (Content-Type: application/octet-stream), with the operation and its other parameters in the query string:
	 * POST /?operation=name&database=dev. Then this is the path of what was sent, which goes when the call ends. Once
	 * in an operation, of LYRE_T_STRING; not of jobs, nor of LYRE_ACCESS_OPEN. Since 1.2
	 */
	LYRE_P_FILE = 1 << 13
};

/**
 * A parameter of an operation. The core checks every request against this before the handler sees it, and takes the
 * help, the client's completion and the reference from it. Old words of the wire (schema, hash_attribute, …) are
 * resolved before: only the modern name is declared.
 */
struct lyre_param {
	const char *name;
	uint32_t types;       /**< enum lyre_param_type */
	uint32_t flags;       /**< enum lyre_param_flag */
	const char *fallback; /**< JSON text taken when it is not given; NULL for none */
	const char *label;    /**< the name in the error when it is missing; NULL for name */
	const char *help;     /**< one line */
	double min, max;      /**< with LYRE_P_RANGE */
};

/** How a handler runs. */
enum lyre_run {
	LYRE_RUN_INLINE = 0, /**< on the connection's thread: short, never blocks; may answer LYRE_PENDING */
	LYRE_RUN_POOL = 1,   /**< on a worker thread: may take long and may block */
	LYRE_RUN_JOB = 2     /**< after the answer, as a job (lyre/job.h). Since 1.1 */
};

/**
 * Who may call an operation. What it touches is decided too: before the handler runs, from what the declaration says of
 * the table and of the parameters, and once more when the handler opens a table (lyre_table_open()).
 */
enum lyre_access {
	/** Nothing was declared: the module does not load. One built for 1.0 or 1.1 means LYRE_ACCESS_USER by it. */
	LYRE_ACCESS_UNDECLARED = 0,
	LYRE_ACCESS_SUPER_USER = 1,   /**< super_user roles only */
	LYRE_ACCESS_OPEN = 2,         /**< anybody, without credentials. Since 1.1 for routes, since 1.2 for operations */
	LYRE_ACCESS_USER = 3,         /**< any signed-in user whose role permits what is declared in permissions. Since 1.2 */
	/**
	 * super_user roles, structure_user roles for the database that the parameter database names, and, where permissions
	 * are declared, roles that have these. Since 1.2
	 */
	LYRE_ACCESS_STRUCTURE = 4,
	LYRE_ACCESS_STRUCTURE_ALL = 5 /**< super_user roles, and structure_user roles for all databases. Since 1.2 */
};

/** \return the word for a lyre_access, as describe_operations has it; of one that is not known here, "unknown". Since 1.2 */
static inline const char *lyre_access_word(uint32_t access)
{
	switch (access) {
	case LYRE_ACCESS_SUPER_USER: return "super_user";
	case LYRE_ACCESS_OPEN: return "open";
	case LYRE_ACCESS_UNDECLARED:
	case LYRE_ACCESS_USER: return "user";
	case LYRE_ACCESS_STRUCTURE: return "structure_user";
	case LYRE_ACCESS_STRUCTURE_ALL: return "structure_user_all";
	default: return "unknown";
	}
}

/** What the operation does to a table, for the permission question. */
enum lyre_permission {
	LYRE_PERMIT_NONE = 0,
	LYRE_PERMIT_READ = 1,
	LYRE_PERMIT_INSERT = 2,
	LYRE_PERMIT_UPDATE = 4,
	LYRE_PERMIT_DELETE = 8,
	LYRE_PERMIT_DESCRIBE = 16 /**< know of it: any other permission will do. Without a table: know of the database. Since 1.2 */
};

/** Rules of an operation. Since 1.2. */
enum lyre_operation_flag {
	/**
	 * Users sign in by it: where its parameters username and password are given, they say who calls, whatever else came
	 * with the request.
	 */
	LYRE_O_SIGN_IN = 1 << 0,
	/** With LYRE_O_SIGN_IN: wrong credentials are answered with "invalid credentials", as clients know it, not "Login failed". */
	LYRE_O_INVALID_CREDENTIALS = 1 << 1
};

/** An operation, as data. */
struct lyre_operation {
	const char *name;
	int (*handler)(lyre_call *call); /**< 0 when the answer is written, LYRE_PENDING, or what lyre_fail() returned */
	uint32_t run;          /**< enum lyre_run */
	uint32_t access;       /**< enum lyre_access */
	uint32_t permissions;  /**< enum lyre_permission, or-ed; on the table that the parameters database and table name */
	uint32_t flags;        /**< enum lyre_operation_flag, or-ed. Since 1.2, 0 before */
	struct lyre_list params; /**< of struct lyre_param, in the order of the error texts */
	const char *aliases;   /**< other names it answers to, separated by blanks; NULL for none */
	const char *help;      /**< one line */
	/* since 1.1 */
	/**
	 * With LYRE_RUN_JOB: run before the job is made, on a worker thread. What it fails with is the answer, and no job is
	 * made; a message that it answers takes the place of the usual one. With LYRE_P_FILE: run on a worker thread when the
	 * first 64 KiB of a file that is sent are there, or all of it: what it fails with is the answer, and no more is read
	 * (since 1.2). NULL for none.
	 */
	int (*check)(lyre_call *call);
	/* since 1.2 */
	const char *refused_as; /**< its name in the text of a refusal; NULL: its name in camel case, listUsers for list_users */
};

/** Kinds of a setting. */
enum lyre_setting_type {
	LYRE_S_STRING = 0,
	LYRE_S_INT = 1,
	LYRE_S_NUMBER = 2,
	LYRE_S_BOOL = 3,
	LYRE_S_ENUM = 4,     /**< one of the words of values */
	LYRE_S_SIZE = 5,     /**< bytes: a number, or one with K, M, G, T */
	LYRE_S_DURATION = 6, /**< milliseconds: a number, or one with ms, s, m, h, d */
	LYRE_S_LIST = 7,     /**< texts */
	LYRE_S_PATH = 8      /**< of a file; one that is not absolute begins in the server's root folder */
};

/** Rules of a setting beyond its kind. */
enum lyre_setting_flag {
	LYRE_SF_NULL = 1 << 0,   /**< null is a value: off, or not set */
	LYRE_SF_SECRET = 1 << 1, /**< never shown, never logged */
	LYRE_SF_LIVE = 1 << 2    /**< takes effect without a restart */
};

/** A setting, as data: under modules.<name> in the configuration. The core refuses what does not fit, with file and line. */
struct lyre_setting {
	const char *key;      /**< dotted, relative to the module; not path, optional or enabled: those are the server's */
	uint32_t type;        /**< enum lyre_setting_type */
	uint32_t flags;       /**< enum lyre_setting_flag */
	const char *fallback; /**< default, as it would stand in the file; NULL for null */
	const char *values;   /**< LYRE_S_ENUM: the words, separated by blanks */
	const char *help;     /**< one line */
	double min, max;      /**< for numbers, sizes and durations; no limit when equal */
};

/**
 * The descriptor. Everything up to extra is frozen for ever and holds no pointer, so that it can be read from the file
 * without loading it.
 */
struct lyre_module {
	char magic[8];
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t struct_size;  /**< of the whole descriptor, as the module's compiler saw it */
	char name[32];         /**< a to z, 0 to 9, _ and - */
	char version[32];
	char summary[128];
	char needs[128];       /**< modules that must start before: names separated by blanks, each with an optional >=VERSION */
	char extra[32];        /**< empty; a fork that breaks the ABI puts its mark here, and both sides must agree */
	/* since 1.0 */
	const struct lyre_host **host;
	struct lyre_list settings;   /**< of struct lyre_setting */
	struct lyre_list operations; /**< of struct lyre_operation */
	int (*start)(lyre_instance *self); /**< after the modules it needs; 0, or what lyre_start_fail() returned; may be NULL */
	void (*stop)(lyre_instance *self); /**< no call is under way any more; also after a failed start; may be NULL */
	/* since 1.2 */
	/**
	 * Whether start() will succeed, as far as can be told without changing anything: lyred --check asks, and so does a
	 * restart before it lets go of the server that runs. Settings may be read. 0, or what lyre_start_fail() returned;
	 * may be NULL.
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
#define LYRE_MODULE_DECLARE_(id)                                                                                       \
	extern LYRE_EXPORT const struct lyre_module lyre_module;                                                       \
	const struct lyre_host *lyre_host;
#endif

/**
 * Defines the descriptor; once a module, at file scope, followed by a semicolon. It is C: a module in C++ has it in a
 * file of its own.
 * \param id   the module's name, not quoted: a C identifier of a to z, 0 to 9 and _, at most 31
 * \param ver  its version, a string
 * \param sum  one line about it, a string
 * then designated initialisers: .needs, .settings, .operations, .start, .stop, .check
 */
#define LYRE_MODULE(id, ver, sum, ...)                                                                                 \
	LYRE_MODULE_DECLARE_(id)                                                                                       \
	LYRE_MODULE_STORAGE_ const struct lyre_module LYRE_MODULE_SYMBOL_(id) = { .magic = LYRE_MODULE_MAGIC,          \
		.abi_major = LYRE_ABI_MAJOR,                                                                           \
		.abi_minor = LYRE_ABI_MINOR,                                                                           \
		.struct_size = (uint32_t)sizeof(struct lyre_module),                                                   \
		.name = #id,                                                                                           \
		.version = ver,                                                                                        \
		.summary = sum,                                                                                        \
		.host = &lyre_host,                                                                                    \
		__VA_ARGS__ }

/* Settings of the module that self is: key as declared. A key that starts with '/' is one of the server's own:
 * "/logging.auditLog". To be asked from start() to stop(), on any thread; nothing blocks or fails. Asking for a key that
 * is not declared, or with the function of another kind, is a fault of the module and ends the process. */

/** \return whether the setting is null: not set, and no default. Any kind. */
static inline int lyre_setting_is_null(lyre_instance *self, const char *key)
{
	return lyre_host->setting_is_null(self, key);
}
/** \return a LYRE_S_INT, the bytes of a LYRE_S_SIZE, the milliseconds of a LYRE_S_DURATION; 0 when it is null. */
static inline int64_t lyre_setting_int(lyre_instance *self, const char *key)
{
	return lyre_host->setting_int(self, key);
}
/** \return what lyre_setting_int() returns, or a LYRE_S_NUMBER; 0 when it is null. */
static inline double lyre_setting_number(lyre_instance *self, const char *key)
{
	return lyre_host->setting_number(self, key);
}
/** \return 1 or 0: a LYRE_S_BOOL; 0 when it is null. */
static inline int lyre_setting_bool(lyre_instance *self, const char *key)
{
	return lyre_host->setting_bool(self, key);
}
/** \return a LYRE_S_STRING, LYRE_S_ENUM or LYRE_S_PATH, NUL-terminated, valid until stop(); NULL when it is null. */
static inline const char *lyre_setting_string(lyre_instance *self, const char *key)
{
	return lyre_host->setting_string(self, key);
}
/**
 * A LYRE_S_LIST. \param[out] count  of its texts; 0 when it is null
 * \return the texts, NUL-terminated, valid until stop()
 */
static inline const char *const *lyre_setting_list(lyre_instance *self, const char *key, size_t *count)
{
	return lyre_host->setting_list(self, key, count);
}

/**
 * Say in start() why the module cannot start; the sentence goes to the operator, whole with what to do about it.
 * \param code  a negative LYRE_E…
 * \return \p code
 */
static inline int lyre_start_fail(lyre_instance *self, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
static inline int lyre_start_fail(lyre_instance *self, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	code = lyre_host->start_vfail(self, code, fmt, ap);
	va_end(ap);
	return code;
}

/**
 * Write a line to the server's log, marked with the module's name. From start() to stop(), on any thread; never fails.
 * Never pass a secret.
 */
static inline void lyre_log(lyre_instance *self, enum lyre_log_level level, const char *fmt, ...) LYRE_PRINTF(3, 4);
static inline void lyre_log(lyre_instance *self, enum lyre_log_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	lyre_host->vlog(self, (int)level, fmt, ap);
	va_end(ap);
}

LYRE_END_DECLS

#endif
