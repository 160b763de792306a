/* SPDX-License-Identifier: Apache-2.0 */
/** Listens to events, and has settings that change while the server runs. */
#include <lyre/lyre.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEPT 16

/* What was heard, newest last. A listener is told by one thread at a time, but operations look. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct heard {
	char text[200];
} writes[KEPT], changes[KEPT];
static size_t write_count, change_count;
static long dogs, copied;

static void keep(struct heard *list, size_t *count, const char *text)
{
	pthread_mutex_lock(&lock);
	if (*count == KEPT)
		memmove(list, list + 1, (KEPT - 1) * sizeof *list);
	else
		++*count;
	strcpy(list[*count - 1].text, text);
	pthread_mutex_unlock(&lock);
}

static int nothing(lyre_call *call, void *arg)
{
	(void)call;
	(void)arg;
	return 0;
}

static void hear(lyre_instance *self, const struct lyre_event *event, void *arg)
{
	char text[sizeof writes->text];
	(void)arg;
	switch (event->kind) {
	case LYRE_EVENT_COMMITTED:
		snprintf(text, sizeof text, "%.40s.%.40s by '%.20s': +%ld ~%ld -%ld, %s", event->database, event->table,
			event->user, (long)event->inserted, (long)event->updated, (long)event->deleted,
			event->sequence ? "logged" : "not logged");
		keep(writes, &write_count, text);
		break;
	case LYRE_EVENT_RESET:
		snprintf(text, sizeof text, "%.40s.%.40s is reset", event->database, event->table);
		keep(writes, &write_count, text);
		break;
	case LYRE_EVENT_CONFIGURATION:
		snprintf(text, sizeof text, "%.40s when word is %.20s and number is %ld", event->key,
			lyre_setting_string(self, "word"), (long)lyre_setting_int(self, "number"));
		keep(changes, &change_count, text);
		break;
	default:
		lyre_log(self, LYRE_NOTIFY, "the server stops");
	}
	if (event->kind == LYRE_EVENT_CONFIGURATION && lyre_setting_bool(self, "works"))
		lyre_run(self, nothing, NULL);
}

/** Told of one table only: wakes a task, which writes to another. */
static void hear_dogs(lyre_instance *self, const struct lyre_event *event, void *arg)
{
	const struct timespec t = { .tv_nsec = 150000000 };
	(void)arg;
	pthread_mutex_lock(&lock);
	dogs = event->kind == LYRE_EVENT_RESET ? 0 : dogs + (long)event->inserted;
	pthread_mutex_unlock(&lock);
	if (lyre_setting_bool(self, "slow"))
		nanosleep(&t, NULL);
	lyre_task_wake(self, "copy");
}

static int copy(lyre_call *call, void *arg)
{
	static const char *const names[] = { "id", "dogs" };
	static const struct lyre_table_spec spec = {
		.size = sizeof spec, .database = "own", .name = "heard", .primary_key = "id", .expiration = -1, .audit = -1
	};
	const struct lyre_write_result *result;
	const lyre_value *values[2], *record;
	lyre_table *table;
	(void)arg;
	pthread_mutex_lock(&lock);
	long now = dogs;
	pthread_mutex_unlock(&lock);
	int rc = lyre_table_ensure(call, &spec, &table);
	values[0] = lyre_make_int(call, 1);
	values[1] = lyre_make_int(call, now);
	record = lyre_make_object(call, names, values, 2);
	if (rc == 0)
		rc = lyre_write_wait(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), &result);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&lock);
	copied = now;
	pthread_mutex_unlock(&lock);
	return 0;
}

static void put_list(lyre_out *o, const char *name, const struct heard *list, size_t count)
{
	lyre_out_key(o, name);
	lyre_out_array_begin(o);
	for (size_t i = 0; i < count; i++)
		lyre_out_string(o, list[i].text, strlen(list[i].text));
	lyre_out_array_end(o);
}

static int heard(lyre_call *call)
{
	lyre_instance *self = lyre_call_module(call);
	lyre_out *o = lyre_reply(call);
	size_t count;
	const char *const *list = lyre_setting_list(self, "list", &count);
	lyre_out_object_begin(o);
	pthread_mutex_lock(&lock);
	put_list(o, "writes", writes, write_count);
	put_list(o, "changes", changes, change_count);
	lyre_out_key(o, "dogs");
	lyre_out_int(o, dogs);
	lyre_out_key(o, "copied");
	lyre_out_int(o, copied);
	pthread_mutex_unlock(&lock);
	lyre_out_text(o, "word", lyre_setting_string(self, "word"));
	lyre_out_text(o, "fixed", lyre_setting_string(self, "fixed"));
	lyre_out_text(o, "last", count ? list[count - 1] : "");
	lyre_out_object_end(o);
	return 0;
}

static const struct lyre_operation operations[] = {
	{ .name = "heard", .handler = heard, .access = LYRE_ACCESS_SUPER_USER, .help = "What was heard." },
};

static const struct lyre_setting settings[] = {
	{ .key = "word", .type = LYRE_S_STRING, .flags = LYRE_SF_LIVE, .fallback = "one", .help = "A word." },
	{ .key = "number", .type = LYRE_S_INT, .flags = LYRE_SF_LIVE, .fallback = "1", .help = "A number.", .min = 1, .max = 9 },
	{ .key = "list", .type = LYRE_S_LIST, .flags = LYRE_SF_LIVE | LYRE_SF_NULL, .help = "A list." },
	{ .key = "fixed", .type = LYRE_S_STRING, .fallback = "one", .help = "A word that does not change." },
	{ .key = "slow", .type = LYRE_S_BOOL, .fallback = "false", .help = "Whether to take too long." },
	{ .key = "works", .type = LYRE_S_BOOL, .fallback = "false", .help = "Whether to work in the listener." },
	{ .key = "fault", .type = LYRE_S_STRING, .flags = LYRE_SF_NULL, .help = "A fault in what start() adds." },
};

static int start(lyre_instance *self)
{
	static const struct lyre_task task = { .size = sizeof task, .name = "copy", .work = copy };
	static const struct lyre_listener of_dogs = {
		.size = sizeof of_dogs,
		.events = LYRE_EVENT_COMMITTED | LYRE_EVENT_RESET,
		.notice = hear_dogs,
		.database = "dev",
		.table = "dog",
	};
	struct lyre_listener all = {
		.size = sizeof all,
		.events = LYRE_EVENT_COMMITTED | LYRE_EVENT_CONFIGURATION | LYRE_EVENT_STOPPING | LYRE_EVENT_RESET,
		.notice = hear,
	};
	const char *fault = lyre_setting_string(self, "fault");
	if (fault && strcmp(fault, "notice") == 0)
		all.notice = NULL;
	else if (fault && strcmp(fault, "events") == 0)
		all.events = 1u << 31;
	int rc = lyre_task_add(self, &task);
	if (rc == 0)
		rc = lyre_listen(self, &all);
	return rc < 0 ? rc : lyre_listen(self, &of_dogs);
}

static void stop(lyre_instance *self)
{
	lyre_log(self, LYRE_NOTIFY, "stopped with %s", lyre_setting_string(self, "word"));
}

LYRE_MODULE(listener, "1.0.0", "Hears what happens", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start, .stop = stop);
