/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/principal.h
 * \brief Making principals; they are described in auth.h.
 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

#include "auth/auth.h"

/**
 * Makes a principal with one reference; strings are copied, and a reference to the role is taken. \param p  its content,
 * with a name of \p name_len bytes. \return 0, LYRE_ENOMEM
 */
int principal_make(const struct principal **ret, const struct principal *p, size_t name_len, struct err *e);

#endif
