#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packaging/embedded/static-musl.sh FOLDER [CONFIGURE-ARGUMENT…]: builds FOLDER/lyred, the minimal server with everything that it
# needs in one file, with musl and the libraries' own sources. For example, with users: FOLDER --with-module-users=static
#
# Debian: apt-get install musl-tools linux-libc-dev gcc make autoconf automake libtool pkg-config xz-utils
# The sources come from Debian's mirror, and are checked by apt. Where there is no apt, put the tarballs of libmicrohttpd, lmdb,
# libyaml and argon2 into FOLDER/sources, and set CC to a compiler for musl and LINUX_HEADERS to the folder with linux/tcp.h if
# the compiler does not find it (empty: it does).
# WITH_TESTS=yes: libcheck, too, so that `make check` in FOLDER/lyre has the unit tests.
set -eu

[ $# -gt 0 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1/sources" "$1/libraries/lib/pkgconfig" "$1/libraries/include" "$1/lyre"
folder=$(cd "$1" && pwd)
shift
sources=$folder/sources prefix=$folder/libraries

CC=${CC:-musl-gcc}
machine=$(${CC%% *} -dumpmachine)
# A linker that sees each function by itself leaves out those that nobody calls. C needs no unwind tables, and a static program is not
# position-independent.
CFLAGS=${CFLAGS:-"-Os -g -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables"}
export CC CFLAGS PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"

# Releases of Debian whose sources are used: the versions that Lyre is tested with.
packages="libmicrohttpd/bookworm lmdb/bookworm libyaml/bookworm argon2/trixie${WITH_TESTS:+ check/bookworm}"

# The tarballs as their authors made them, by apt, with lists and a cache of its own.
fetch() {
	missing=
	for package in $packages; do
		[ -n "$(find "$sources" -maxdepth 1 -name "${package%/*}*.tar.*")" ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
	apt=$folder/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	for release in bookworm trixie; do echo "deb-src ${mirror:-http://deb.debian.org/debian} $release main"; done >"$apt/sources.list"
	options="-qq -o APT::Sandbox::User= -o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$apt/lists -o Dir::Cache=$apt/cache"
	# shellcheck disable=SC2086
	(cd "$sources" && apt-get $options update && apt-get $options source --tar-only $missing)
	rm -r "$apt"
}

# unpack NAME: into the folder NAME beside the tarball.
unpack() {
	[ ! -d "$sources/$1" ] || return 0
	mkdir "$sources/$1.new"
	tar -xf "$(find "$sources" -maxdepth 1 -name "$1*.tar.*")" -C "$sources/$1.new" --strip-components=1
	mv "$sources/$1.new" "$sources/$1"
}

# package LIBRARY FILES SOURCES NAME VERSION: a library of C files that has no usable build of its own for this, and its file for pkg-config.
package() {
	mkdir -p "$folder/$1"
	for file in $2; do
		# shellcheck disable=SC2086
		(cd "$folder/$1" && $CC $CFLAGS -pthread -I"$sources/$3/include" -c "$sources/$3/$file")
	done
	rm -f "$prefix/lib/lib$1.a"
	ar cr "$prefix/lib/lib$1.a" "$folder/$1"/*.o
	printf 'Name: %s\nDescription: %s\nVersion: %s\nLibs: -L%s/lib -l%s -pthread\nCflags: -I%s/include\n' \
		"$4" "$1" "$5" "$prefix" "$1" "$prefix" >"$prefix/lib/pkgconfig/$4.pc"
}

# configured NAME CONFIGURE-ARGUMENT…
configured() {
	name=$1
	shift
	[ -x "$sources/$name/configure" ] || (cd "$sources/$name" && autoreconf -fi)
	mkdir -p "$folder/$name"
	(cd "$folder/$name" && "$sources/$name/configure" -q --host="$machine" --prefix="$prefix" --disable-shared --enable-static LDFLAGS=-no-pie "$@" && make -s)
}

libraries() {
	for name in libmicrohttpd lmdb libyaml argon2; do unpack $name; done
	# Lyre uses none of this.
	configured libmicrohttpd --disable-https --disable-bauth --disable-dauth --disable-postprocessor --disable-httpupgrade \
		--disable-doc --disable-examples --disable-curl
	make -s -C "$folder/libmicrohttpd" install
	configured libyaml
	make -s -C "$folder/libyaml" install
	liblmdb=lmdb/libraries/liblmdb
	package lmdb "mdb.c midl.c" $liblmdb lmdb 0.9.24
	cp "$sources/$liblmdb/lmdb.h" "$prefix/include/"
	package argon2 "src/argon2.c src/core.c src/blake2/blake2b.c src/ref.c src/encoding.c src/thread.c" argon2 libargon2 20190702
	cp "$sources/argon2/include/argon2.h" "$prefix/include/"
}

libcheck() {
	unpack check
	configured check --disable-subunit --disable-build-docs
	make -s -C "$folder/check" install
}

# Of the system's headers only the kernel's: beside the C library's own, they are found last.
linux_headers() {
	[ "${LINUX_HEADERS-unset}" = unset ] || { printf %s "${LINUX_HEADERS:+-idirafter $LINUX_HEADERS}"; return; }
	mkdir -p "$prefix/linux"
	ln -snf /usr/include/linux "$prefix/linux/linux"
	ln -snf /usr/include/asm-generic "$prefix/linux/asm-generic"
	ln -snf "/usr/include/$(gcc -print-multiarch)/asm" "$prefix/linux/asm"
	printf %s "-idirafter $prefix/linux"
}

# once FUNCTION: unless it was done here before.
once() {
	[ ! -e "$folder/$1.made" ] || return 0
	trap 'tail -n 30 "$folder/libraries.log" >&2' EXIT
	"$1" >>"$folder/libraries.log" 2>&1
	trap - EXIT
	touch "$folder/$1.made"
}

fetch
once libraries
[ -z "${WITH_TESTS-}" ] || once libcheck
[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi)
cd "$folder/lyre"
"$top/configure" -q --host="$machine" --enable-minimal --enable-static-program CPPFLAGS="${CPPFLAGS:-} $(linux_headers)" \
	LDFLAGS="${LDFLAGS:-} -no-pie -Wl,--gc-sections,-Map=lyred.map" "$@"
make -s
"${STRIP:-strip}" -o "$folder/lyred" lyred
cp lyred.map "$folder/"
ls -l "$folder/lyred"
