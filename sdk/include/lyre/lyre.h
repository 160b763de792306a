/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/lyre.h
 * \brief The whole SDK. A module includes this one header.
 */
#ifndef LYRE_LYRE_H
#define LYRE_LYRE_H

#include <lyre/types.h>
#include <lyre/host.h>
#include <lyre/value.h>
#include <lyre/module.h>
#include <lyre/call.h>
#include <lyre/store.h>
#include <lyre/query.h>
#include <lyre/maintenance.h>
#include <lyre/job.h>
#include <lyre/server.h>
#include <lyre/page.h>
#include <lyre/user.h>
#include <lyre/tls.h>
#include <lyre/task.h>
#include <lyre/event.h>

#endif
