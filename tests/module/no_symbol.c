/* SPDX-License-Identifier: Apache-2.0 */
/** A shared object that is not a module. */
int something_else(void);
__attribute__((visibility("default"))) int something_else(void)
{
	return 0;
}
