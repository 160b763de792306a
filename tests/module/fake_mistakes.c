/* SPDX-License-Identifier: Apache-2.0 */
/** Makes one mistake under the fake host, which ends the process and says what it is: fake_mistakes OPERATION, or start SETTINGS. */
#include "mistakes.c"

#include <lyre/testing.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	int starts = argc > 2, rc = lyre_fake_start(&lyre_module, starts ? argv[2] : NULL);

	if (rc == 0 && !starts)
		rc = lyre_fake_call(argv[1], NULL);
	puts(lyre_fake_answer());
	lyre_fake_stop();
	return rc != 0;
}
