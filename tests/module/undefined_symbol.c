/* SPDX-License-Identifier: Apache-2.0 */
/** Uses a function that does not exist. */
#include <lyre/lyre.h>

void lyre_test_function_of_nobody(void);

static void stop(lyre_instance *self)
{
	(void)self;
	lyre_test_function_of_nobody();
}

LYRE_MODULE(undefined_symbol, "1.0.0", "Uses a missing function", .stop = stop);
