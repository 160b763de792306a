/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file unit.h
 * \brief What every unit test begins with. A test program is one file that ends with UNIT_MAIN(suite).
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdlib.h>

/** \param make  a function that returns the Suite */
#define UNIT_MAIN(make)                                                                                                \
	int main(void)                                                                                                 \
	{                                                                                                              \
		SRunner *runner = srunner_create(make());                                                              \
		srunner_run_all(runner, CK_NORMAL);                                                                    \
		int failed = srunner_ntests_failed(runner);                                                            \
		srunner_free(runner);                                                                                  \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                           \
	}

#endif
