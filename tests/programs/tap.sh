# SPDX-License-Identifier: MIT
#
# For the scripts beside it to source, from the top folder: TAP.

n=0 failed=0
verdict() { # STATUS NAME [FILE]: of a test; 0 is good, FILE says why it is not
    n=$((n + 1))
    if [ "$1" = 0 ]; then
        echo "ok $n - $2"
        return
    fi
    echo "not ok $n - $2"
    [ ! -s "${3-}" ] || sed 's/^/# /' "$3"
    failed=$((failed + 1))
}
late() { # WHAT: a limit was reached, which is no verdict: the script ends
    echo "Bail out! timeout: $*"
    exit 124
}
finish() { # the last command: its status is the script's
    echo "1..$n"
    echo "$((n - failed)) passed, $failed failed"
    [ $n -gt 0 ] && [ $failed = 0 ]
}
