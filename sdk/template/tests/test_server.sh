#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_server.sh [MODULE]: the module, by default that of libtool, in a real server, which has a root folder of its own and is called over its domain socket.
set -eu
root=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" || true; wait; rm -rf "$root"' EXIT

cat >"$root/lyre.yaml" <<END
modules:
  tally:
    path: ${1:-$PWD/.libs/tally.so}
    step: 2
END
"${LYRED:-lyred}" -r "$root" -c "$root/lyre.yaml" --set operationsApi.network.port=0 >"$root/out" 2>&1 &
server=$!

call() { "${LYRE:-lyre}" --socket "$root/operations-server" --json "$@"; }

# is EXPECTED ARGUMENT…: the answer, without blanks.
is() {
	expected=$1
	shift
	answer=$(call "$@" | tr -d ' \n')
	test "$answer" = "$expected" || { echo "$*: $answer, and not $expected"; exit 1; }
}

tries=0
until call tallies >"$root/first" 2>&1; do
	tries=$((tries + 1))
	if ! kill -0 "$server" 2>/dev/null || [ $tries -gt 300 ]; then
		cat "$root/out" "$root/first"
		exit 1
	fi
	sleep 0.1
done
is '{"name":"birds","count":2}' tally name=birds
is '{"name":"birds","count":7}' tally name=birds by=5
if call tally >"$root/refused" 2>&1; then
	echo "tally without a name is not refused"
	exit 1
fi
echo "the module works in a server"
