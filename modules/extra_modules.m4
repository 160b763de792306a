# SPDX-License-Identifier: Apache-2.0
# Modules of other authors, built into lyred from their own folder: --with-extra-module=DIR. sdk/building-and-testing.md says what DIR has.

# LYRE_EXTRA_MODULES_FIND: reads the folders, early, so that a mistake is reported at once. Sets extra_modules, and for each NAME
# extra_NAME_dir, _sources, _packages and _libs.
AC_DEFUN([LYRE_EXTRA_MODULES_FIND], [
AC_ARG_WITH([extra-module],
	[AS_HELP_STRING([--with-extra-module=DIR], [build in the module whose sources are in DIR; may be repeated])], [], [with_extra_module=no])
AS_CASE([$with_extra_module], [yes | ''], [AC_MSG_ERROR([--with-extra-module needs a folder: --with-extra-module=DIR])])
extra_modules=

# lyre_extra_refuse MESSAGE
lyre_extra_refuse ()
{
	AC_MSG_ERROR([--with-extra-module=$lyre_given: $[]1])
}

# lyre_extra_value KEY: its value in lyre-module.conf
lyre_extra_value ()
{
	test ! -f "$lyre_dir/lyre-module.conf" || sed -n "s/^$[]1[[ 	]]*=[[ 	]]*//p" "$lyre_dir/lyre-module.conf" | tail -n 1
}

# lyre_extra_sources: the C files of the folder that lyre-module.conf names, or all; each must exist.
lyre_extra_sources ()
{
	lyre_sources=`lyre_extra_value sources`
	test -n "$lyre_sources" || lyre_sources=`cd "$lyre_dir" && ls *.c 2>/dev/null | tr '\n' ' '`
	test -n "$lyre_sources" || lyre_extra_refuse "there is no .c file in it"
	for lyre_source in $lyre_sources
	do
		AS_CASE([$lyre_source], [*.c], [], [lyre_extra_refuse "$lyre_source: only C files can be built in"])
		test -f "$lyre_dir/$lyre_source" || lyre_extra_refuse "its lyre-module.conf names $lyre_source, which does not exist"
	done
}

# lyre_extra_name: that of lyre-module.conf, or of the one LYRE_MODULE() in the sources.
lyre_extra_name ()
{
	lyre_name=`lyre_extra_value name`
	test -n "$lyre_name" || lyre_name=`cd "$lyre_dir" && sed -n 's/^LYRE_MODULE([[ 	]]*\([[a-z0-9_]]*\).*/\1/p' $lyre_sources | tr '\n' ' ' | sed 's/ $//'`
	AS_CASE([$lyre_name],
		[''], [lyre_extra_refuse "no line of its C files begins with LYRE_MODULE(NAME: put 'name = NAME' into lyre-module.conf"],
		[*' '*], [lyre_extra_refuse "it has several modules: $lyre_name: put 'name' and 'sources' of one of them into lyre-module.conf"],
		[[[0-9]*|*[!a-z0-9_]*]], [lyre_extra_refuse "'$lyre_name' is not the name of a module: use a to z, 0 to 9 and _"])
	AS_CASE([" $extra_modules "], [*" $lyre_name "*], [lyre_extra_refuse "there are two modules '$lyre_name'"])
}

# lyre_extra_take DIR
lyre_extra_take ()
{
	lyre_given=$[]1
	lyre_dir=`cd "$lyre_given" 2>/dev/null && pwd`
	test -n "$lyre_dir" || lyre_extra_refuse "there is no such folder"
	AS_CASE([$lyre_dir], [[*[\"\#\$\&\'\`\;\|\<\>\(\)\*\?\\\ \	:]*]], [lyre_extra_refuse "its path has a character that make cannot handle"])
	lyre_line=`test ! -f "$lyre_dir/lyre-module.conf" ||
		sed -e '/^[[ 	]]*#/d' -e '/^[[ 	]]*$/d' -e '/^\(name\|sources\|packages\|libs\)[[ 	]]*=/d' "$lyre_dir/lyre-module.conf" | head -n 1`
	test -z "$lyre_line" || lyre_extra_refuse "lyre-module.conf: '$lyre_line' is not 'KEY = VALUE' with one of name, sources, packages, libs"
	lyre_extra_sources
	lyre_extra_name
	extra_modules="$extra_modules $lyre_name"
	eval "extra_${lyre_name}_dir=\$lyre_dir extra_${lyre_name}_sources=\$lyre_sources"
	eval "extra_${lyre_name}_packages=\`lyre_extra_value packages\` extra_${lyre_name}_libs=\`lyre_extra_value libs\`"
}

# configure itself keeps only the last of several options.
lyre_extra_find ()
{
	eval "set x $ac_configure_args"
	shift
	for lyre_arg
	do
		AS_CASE([$lyre_arg], [--with-extra-module=* | -with-extra-module=*], [lyre_extra_take "`AS_ECHO(["$lyre_arg"]) | sed 's/^[[^=]]*=//'`"])
	done
}
lyre_extra_find
])

# LYRE_EXTRA_MODULES_BUILD: how make builds them, after all other modules are known.
m4_pattern_allow([^AM_V_CC$])
AC_DEFUN([LYRE_EXTRA_MODULES_BUILD], [
EXTRA_MODULE_OBJECTS= EXTRA_MODULE_LIBS=
: >extra_modules.mk
for lyre_name in $extra_modules
do
	eval "lyre_dir=\$extra_${lyre_name}_dir lyre_sources=\$extra_${lyre_name}_sources"
	eval "lyre_packages=\$extra_${lyre_name}_packages lyre_libs=\$extra_${lyre_name}_libs"
	AS_CASE([" $own_modules "], [*" $lyre_name "*], [AC_MSG_ERROR([--with-extra-module=$lyre_dir: the server has a module '$lyre_name' of its own])])
	lyre_flags="-I$lyre_dir"
	AS_IF([test -n "$lyre_packages"], [
		lyre_why=`$PKG_CONFIG --print-errors --exists "$lyre_packages" 2>&1` ||
			AC_MSG_ERROR([--with-extra-module=$lyre_dir: $lyre_why])
		lyre_flags="$lyre_flags `$PKG_CONFIG --cflags "$lyre_packages"`"
		lyre_libs="`$PKG_CONFIG --libs "$lyre_packages"` $lyre_libs"])
	EXTRA_MODULE_LIBS="$EXTRA_MODULE_LIBS $lyre_libs"
	for lyre_source in $lyre_sources
	do
		# Names that no other object in libcore.a has.
		lyre_object=modules/extra/$lyre_name-`AS_ECHO(["$lyre_source"]) | sed -e 's|/|-|g' -e 's|c$|o|'`
		EXTRA_MODULE_OBJECTS="$EXTRA_MODULE_OBJECTS $lyre_object"
		AS_ECHO(["$lyre_object: $lyre_dir/$lyre_source `ls "$lyre_dir"/*.h 2>/dev/null | tr '\n' ' '` \$(sdk_headers)
	@\$(MKDIR_P) modules/extra
	\$(AM_V_CC)\$(CC) -DLYRE_MODULE_STATIC \$(MODULE_CPPFLAGS) $lyre_flags \$(CPPFLAGS) \$(EXTRA_MODULE_CFLAGS) \$(CFLAGS) -c -o \$[]@ $lyre_dir/$lyre_source"]) >>extra_modules.mk
	done
	static_modules="$static_modules $lyre_name"
	module_summary="$module_summary
      `printf %-10s $lyre_name` static ($lyre_dir)"
done
AC_SUBST([EXTRA_MODULE_OBJECTS])
AC_SUBST([EXTRA_MODULE_LIBS])
extra_module_rules=extra_modules.mk
AC_SUBST_FILE([extra_module_rules])
])
