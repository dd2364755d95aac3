# SPDX-License-Identifier: MIT
#
# For scripts beside it that make checks with guests, as TAP: `check`, and what
# is checked with.  Needs $guests, the folder of guest images.

limits=$(dirname "$0")/limits
[ -e "$limits" ] || limits=tests/limits
limit() { # NAME: seconds, of tests/limits
    sed -n "s/^$1_LIMIT=//p" "$limits" |
        { read -r n && echo $((n * ${TIMEOUT_SCALE:-1})); }
}
# The status of a command under timeout(1) that was ended: busybox tells the
# command's own, which is that of the signal.
was_ended() { # STATUS
    [ "$1" = 124 ] || [ "$1" = 143 ]
}
work=$(mktemp -d)
export ORIEL_STATE="$work/state"
number=0 failed=0

check() { # NAME COMMAND [ARG]...
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/said" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/said"
        failed=$((failed + 1))
    fi
}
exec 4>&1
# A limit was reached: the script ends, as a timeout, since nothing that follows
# would make sense.
late() { # WHAT
    echo "Bail out! timeout: $*" >&4
    exit 124
}
# Wait until the command succeeds.
eventually() { # COMMAND [ARG]...
    give_up=$(($(date +%s) + $(limit WAIT)))
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -gt $give_up ]; then
            "$@" >&4 2>&1
            late "$*"
        fi
        sleep 1 # then look again
    done
}
no() { ! "$@"; }
config() { # NAME GUEST CMDLINE [VCPUS]
    cat >"$work/$1.cfg" <<END
name = "$1"
type = "hvm"
kernel = "$guests/$2.elf"
cmdline = "$3"
memory = 16
vcpus = ${4:-1}
maxvcpus = ${4:-1}
max_grant_frames = 64
END
}
nothing_lost() { # every page and reference has a holder
    "$programs/press-key" f | tee "$work/audit" | grep "^audit: every page" ||
        { cat "$work/audit"; false; }
}
finish() {
    rm -rf "$work"
    echo "1..$number"
    [ $failed = 0 ]
}
