# lyre.m4 - building modules of the Lyre server with autoconf
# serial 1
#
# SPDX-License-Identifier: Apache-2.0

# LYRE_MODULE_PREREQ([ABI = 1.0], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
#
# Looks for the SDK with pkg-config. ABI is the minimum, MAJOR.MINOR: the server must have the same major, and the same
# minor or a later one. Without ACTION-IF-NOT-FOUND, configure fails. Sets and substitutes
#
#   LYRE_CFLAGS      for CPPFLAGS: where the headers are
#   LYRE_LDFLAGS     for libtool: what makes an object a module
#   lyremoduledir    where modules are installed; in Makefile.am: lyremodule_LTLIBRARIES = foo.la
#   LYRE_TESTING     the folder with the C files of the fake host (lyre/testing.h)
#   LYRED            the installed server, for tests: $(LYRED) --module-info .libs/foo.so
#
# Since: serial 1
AC_DEFUN([LYRE_MODULE_PREREQ], [
	AC_REQUIRE([PKG_PROG_PKG_CONFIG])
	m4_pushdef([_lyre_abi], m4_default_quoted([$1], [1.0]))
	_lyre_why=
	PKG_CHECK_EXISTS([lyre], [
		_LYRE_MODULE_VARIABLE([_lyre_major], [abi_major])
		_LYRE_MODULE_VARIABLE([_lyre_minor], [abi_minor])
		_lyre_want_major=`echo "_lyre_abi" | sed 's/\..*//'`
		_lyre_want_minor=`echo "_lyre_abi" | sed 's/^[[^.]]*\.*//'`
		AS_IF([test "$_lyre_major" != "$_lyre_want_major" || test "$_lyre_minor" -lt "${_lyre_want_minor:-0}"],
			[_lyre_why="this Lyre SDK has the module ABI $_lyre_major.$_lyre_minor, but _lyre_abi is required"])
	], [_lyre_why="the Lyre SDK is missing: pkg-config cannot find lyre.pc"])
	AC_MSG_CHECKING([for the Lyre SDK with module ABI _lyre_abi])
	AS_IF([test -z "$_lyre_why"], [
		AC_MSG_RESULT([yes, $_lyre_major.$_lyre_minor])
		LYRE_CFLAGS=`$PKG_CONFIG --cflags lyre`
		LYRE_LDFLAGS="-module -shared -avoid-version -export-symbols-regex '^lyre_module\$\$' -Wl,-z,defs"
		_LYRE_MODULE_VARIABLE([lyremoduledir], [moduledir])
		_LYRE_MODULE_VARIABLE([LYRED], [lyred])
		AC_SUBST([LYRE_CFLAGS])
		AC_SUBST([LYRE_LDFLAGS])
		AC_SUBST([lyremoduledir])
		_LYRE_MODULE_VARIABLE([LYRE_TESTING], [testing])
		AC_SUBST([LYRED])
		AC_SUBST([LYRE_TESTING])
		$2
	], [
		AC_MSG_RESULT([no])
		m4_default([$3], [AC_MSG_ERROR([$_lyre_why])])
	])
	m4_popdef([_lyre_abi])
])

# _LYRE_MODULE_VARIABLE(VARIABLE, NAME): sets VARIABLE to the value of NAME in lyre.pc.
AC_DEFUN([_LYRE_MODULE_VARIABLE], [$1=`$PKG_CONFIG --variable=$2 lyre`])
