/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/expiry.c
 * \brief The certificates in use, and when they expire; the CRLs, and when they are due.
 */
#include "serving.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

/* Days before the expiry at which it is logged; 0: the expiry itself. */
static const int steps[] = { 30, 7, 1, 0 };
#define STEP_COUNT (sizeof steps / sizeof *steps)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct in_use *list;
static size_t list_count;

/* What was logged of a certificate before. */
static unsigned logged_before(const struct in_use *c)
{
	for (size_t i = 0; i < list_count; i++)
		if (list[i].to == c->to && !strcmp(list[i].name, c->name))
			return list[i].logged;
	return 0;
}

void expiry_set(struct in_use *fresh, size_t count)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count; i++)
		fresh[i].logged = logged_before(&fresh[i]);
	for (size_t i = 0; i < list_count; i++)
		free(list[i].name);
	free(list);
	list = fresh;
	list_count = count;
	pthread_mutex_unlock(&lock);
}

static void log_end(lyre_instance *self, const struct in_use *c, int64_t now)
{
	char date[CERTIFICATE_DATE_MAX];
	int64_t left = c->to - now;
	certificate_date(c->to, date);
	if (left < 0)
		lyre_log(self, LYRE_ERROR, "certificate '%s' expired on %s", c->name, date);
	else if (left < 2 * DAY)
		lyre_log(self, LYRE_WARN, "certificate '%s' expires in less than %" PRId64 " hours, on %s", c->name,
			left / HOUR + 1, date);
	else
		lyre_log(self, LYRE_WARN, "certificate '%s' expires in %" PRId64 " days, on %s", c->name, left / DAY, date);
}

/* Logs the step that it has come to. \return when the next one comes, or its validity begins; INT64_MAX: never */
static int64_t check(lyre_instance *self, struct in_use *c, int64_t now)
{
	unsigned step = 0;
	while (step < STEP_COUNT && now > c->to - steps[step] * DAY)
		step++;
	if (step > c->logged)
		log_end(self, c, now);
	c->logged = step;
	if (now < c->from)
		return c->from;
	return step < STEP_COUNT ? c->to - steps[step] * DAY + 1 : INT64_MAX;
}

int64_t expiry_check(lyre_instance *self)
{
	int64_t now = certs_now(), next = INT64_MAX;
	if (!lyre_tls_wanted(self))
		return INT64_MAX;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < list_count; i++) {
		int64_t at = check(self, &list[i], now);
		next = at < next ? at : next;
	}
	pthread_mutex_unlock(&lock);
	return next == INT64_MAX ? INT64_MAX : next - now;
}

void expiry_report(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg)
{
	int64_t now = certs_now();
	if (!lyre_tls_wanted(self))
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < list_count; i++) {
		bool again = false; /* a name of the configuration and of the table */
		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(list[k].name, list[i].name);
		if (!again)
			take(arg, list[i].name, (double)(list[i].to - now));
	}
	pthread_mutex_unlock(&lock);
}

unsigned expiry_uses(const char *name, bool configured)
{
	unsigned ret = 0;
	if (!lyre_tls_wanted(certs.self))
		return 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < list_count; i++)
		if (list[i].configured == configured && !strcmp(list[i].name, name))
			ret |= list[i].uses;
	pthread_mutex_unlock(&lock);
	return ret;
}

/* ---- certificate revocation lists ---- */

/* The CRLs that listeners use. */
static size_t revocation_files(lyre_instance *self, struct revocation_file **ret)
{
	struct configuration *c = serving_configuration();
	*ret = c->revoked;
	return c->client_wanted && lyre_tls_wanted(self) ? c->revoked_count : 0;
}

static void log_overdue(lyre_instance *self, struct revocation_file *f, int64_t due, int64_t now)
{
	char date[CERTIFICATE_DATE_MAX];
	if (f->logged_due == due && f->logged && now - f->logged < DAY)
		return;
	f->logged = now;
	f->logged_due = due;
	certificate_date(due, date);
	lyre_log(self, LYRE_WARN, "the certificate revocation list %s should have been replaced by %s; it is still used", f->path,
		date);
}

int64_t overdue_check(lyre_instance *self)
{
	struct revocation_file *files;
	size_t count = revocation_files(self, &files);
	int64_t now = certs_now(), next = INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		int64_t due = files[i].due, left = due == INT64_MAX ? due : due - now + 1;
		if (due < now)
			log_overdue(self, &files[i], due, now);
		else if (left < next)
			next = left;
	}
	return next;
}

void overdue_report(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg)
{
	struct revocation_file *files;
	size_t count = revocation_files(self, &files);
	int64_t now = certs_now();
	for (size_t i = 0; i < count; i++) {
		int64_t due = files[i].due;
		bool again = due == INT64_MAX; /* or a file that two sections name */
		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(files[k].path, files[i].path);
		if (!again)
			take(arg, files[i].path, (double)(due - now));
	}
}
