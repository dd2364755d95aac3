# SPDX-License-Identifier: MIT
#
# For the scripts beside it to source, after $work: programs of their own come first
# in PATH, and a `sleep` that lasts until the test says so.

mkdir -p "$work/bin"
mkfifo "$work/go" "$work/seen"
fake() { # NAME: its text from stdin
    { echo '#!/bin/sh'; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
# The first sleep lasts until one_sleep begins; the second one, which tells that
# what follows the first has been done, ends one_sleep.
fake sleep <<END
if mkdir '$work/slept' 2>/dev/null; then
    exec cat '$work/go'
fi
echo >'$work/seen'
exec /bin/sleep 1000000
END
one_sleep="echo >'$work/go'; cat '$work/seen' >/dev/null"
