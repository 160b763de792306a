/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file test_tally.c
 * \brief The module under the fake host of the SDK: no server, no files. lyre/testing.h says what it has.
 */
#undef NDEBUG
#include "../tally.c"

#include <lyre/testing.h>

#include <assert.h>
#include <stdio.h>

static void test_counts(void)
{
	assert(lyre_fake_start(&lyre_module, NULL) == 0);
	assert(lyre_fake_call("tally", "{'name': 'birds'}") == 0);
	assert(lyre_fake_answered("{'name': 'birds', 'count': 1}"));
	assert(lyre_fake_call("tally", "{'name': 'birds', 'by': 4}") == 0);
	assert(lyre_fake_answered("{'name': 'birds', 'count': 5}"));
	assert(lyre_fake_call("tally", "{'name': 'fish', 'by': 2}") == 0);
	assert(lyre_fake_call("tallies", NULL) == 0);
	assert(lyre_fake_answered("[{'name': 'birds', 'count': 5}, {'name': 'fish', 'count': 2}]"));
	lyre_fake_stop();
}

static void test_setting(void)
{
	assert(lyre_fake_start(&lyre_module, "{'step': 10}") == 0);
	assert(strcmp(lyre_fake_log(), "info: counting in steps of 10\n") == 0);
	assert(lyre_fake_call("tally", "{'name': 'birds'}") == 0);
	assert(lyre_fake_answered("{'name': 'birds', 'count': 10}"));
	lyre_fake_stop();
}

static void test_refused(void)
{
	assert(lyre_fake_start(&lyre_module, NULL) == 0);
	assert(lyre_fake_call("tally", NULL) == LYRE_EINVAL);
	assert(lyre_fake_call("tally", "{'name': ''}") == LYRE_EINVAL);
	assert(lyre_fake_call("tally", "{'name': 'birds', 'by': 0}") == LYRE_EINVAL);
	lyre_fake_stop();
}

/** A write is an event, which wakes the task, which sets the metric; so is it when somebody drops the table. */
static void test_sum(void)
{
	static const struct lyre_event gone = {
		.size = sizeof gone, .kind = LYRE_EVENT_RESET, .database = "tally", .table = "counts", .user = ""
	};

	assert(lyre_fake_start(&lyre_module, NULL) == 0);
	assert(lyre_fake_task("add_up") == 0);
	assert(!lyre_fake_woken("add_up"));
	assert(lyre_fake_call("tally", "{'name': 'birds', 'by': 7}") == 0);
	assert(lyre_fake_call("tally", "{'name': 'fish', 'by': 2}") == 0);
	assert(lyre_fake_woken("add_up"));
	assert(lyre_fake_task("add_up") == 0);
	assert((int)lyre_fake_metric("tally_sum", NULL) == 9);
	assert(!lyre_fake_woken("add_up"));
	lyre_fake_event(&gone);
	assert(lyre_fake_woken("add_up"));
	lyre_fake_stop();
}

int main(void)
{
	test_counts();
	test_setting();
	test_refused();
	test_sum();
	puts("4 tests passed");
	return 0;
}
