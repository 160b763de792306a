/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/users_module.h
 * \brief Shared by the files of this module.
 */
#ifndef USERS_USERS_MODULE_H
#define USERS_USERS_MODULE_H

#include <lyre/lyre.h>

/* role_operations.c */
int users_role_add(lyre_call *call);
int users_role_alter(lyre_call *call);
int users_role_drop(lyre_call *call);
int users_role_list(lyre_call *call);

/* role_check.c */
/**
 * Checks a request of add_role or, with \p alter, of alter_role. \return 0; LYRE_EINVAL with all errors as the answer;
 * LYRE_ENOMEM …
 */
int users_role_check(lyre_call *call, int alter);

/* user.c */
int users_add_user(lyre_call *call);
int users_alter_user(lyre_call *call);
int users_drop_user(lyre_call *call);
/** The types of text arguments. */
enum text {
	TEXT_GIVEN,
	TEXT_BLANK,   /**< missing, null or empty */
	TEXT_INVALID, /**< of another type, or with a NUL, which names and passwords cannot contain */
	TEXT_NO_MEMORY
};
/** Reads a string or number argument; \p ret is NULL unless TEXT_GIVEN. */
enum text users_argument_text(lyre_call *call, const char *name, const char **ret);
/** Logs who changed a user or a role, at any log level. \param did  "added the user" */
void users_log_change(lyre_call *call, const char *did, const char *name);
/**
 * Finds the caller; set \p ret->size first. Fails with a message if the caller is not a user, or did not send a password:
 * tokens and sessions must not be exchanged for longer-lived ones. \param what  what is requested, "Tokens"
 */
int users_password_user(lyre_call *call, const char *what, struct lyre_user *ret);
/** Whether a value is valid as the name or id of a role: letters, digits, _ and -, at least one. */
int users_is_role_name(const lyre_value *v);

/* user_info.c */
int users_list_users(lyre_call *call);
int users_user_info(lyre_call *call);

/* token.c, token_key.c, token_operations.c */
int users_token_check(lyre_instance *self);
int users_token_start(lyre_instance *self);
void users_token_stop(lyre_instance *self);
int users_create_authentication_tokens(lyre_call *call);
int users_refresh_operation_token(lyre_call *call);

/* digest.c */
#define DIGEST_MAX 65 /**< room for a SHA-256 in hexadecimal, with the NUL */
#define RANDOM_BYTES_MAX 32
/** Writes \p size random bytes, at most RANDOM_BYTES_MAX, as hexadecimal with a NUL. Sets the call's failure. */
int users_random_text(lyre_call *call, char *out, size_t size);
/** The SHA-256 of a secret. Sets the call's failure. */
int users_digest_of(lyre_call *call, const char *text, size_t len, char out[DIGEST_MAX]);

/* session.c */
int users_session_start(lyre_instance *self);
int users_login(lyre_call *call);
int users_logout(lyre_call *call);

#endif
