/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_user.h
 * \brief The functions of lyre/user.h about credentials, implemented in host_credential.c.
 */
#ifndef HOST_USER_H
#define HOST_USER_H

#include "host/host_internal.h"

int host_authenticator_add(lyre_instance *self, const struct lyre_authenticator *a);
void host_credentials_forget(lyre_call *call, int source, const char *name, const char *text, size_t len);
int host_call_by_password(lyre_call *call);
int host_call_limited(lyre_call *call);
const char *host_call_cookie(lyre_call *call, const char *name);
int host_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age);

#endif
