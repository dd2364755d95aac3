# SPDX-License-Identifier: MIT
#
# sh migrate.sh here|there [ROUNDS]: a Linux PVH guest with two vcpus moves
# between two machines under Debian's xl, while its memory changes: ROUNDS times
# forth and back.  What the guest does: tests/vm/save-guest.c.  `here` makes the
# checks, as TAP, and asks `there` for what is to be done and seen over there.
#
#   here, 10.0.0.1                           there, 10.0.0.2
#   xl migrate ── stream, port 6000 ──────>  xl migrate-receive
#   ask        ── a script, port 5000 ────>  ask.sh: its output and status
#   xl migrate-receive  <── port 6000 ─────  xl migrate, asked for by `here`

. /tap.sh
. /guests.sh
. /saved-guest.sh

place=$1 rounds=${2:-1}
# QEMU lets a busy CPU run for 100 ms before it looks at the other one, which then
# answers the network no sooner.
guest_args=pace=2000 guest_memory=112
programs=
case $place in
here) mine=10.0.0.1 ;;
*) mine=10.0.0.2 ;;
esac
other=10.0.0.$((3 - ${mine##*.}))

network() {
    while read -r m; do
        insmod "/$m" || return 1
    done </modules
    eventually test -e /sys/class/net/eth0
    ip addr add "$mine/24" dev eth0 && ip link set eth0 up
}

# ---- servers: the standard error of `nc -e` is its own ----

write_servers() {
    cat >/receive.sh <<'END'
exec 2>>/var/log/xen/receive.log
export LD_PRELOAD=/patient-xl.so
exec /usr/lib/xen-4.17/bin/xl migrate-receive
END
    # A script arrives, its output and status go back.
    cat >/ask.sh <<'END'
. /tap.sh
. /guests.sh
. /saved-guest.sh
script=$(cat)
trap 'echo "status $?"; rm -rf "$work"' EXIT
eval "$script" 2>&1
END
}
serve() {
    write_servers
    nc -ll -p 6000 -e /bin/sh /receive.sh &
    nc -ll -p 5000 -e /bin/sh /ask.sh &
}
ask() { # SCRIPT: run over there, with functions of the files above
    nc "$other" 5000 <<END >"$work/answer" || return 1
$1
END
    sed '/^status [0-9]*$/d' "$work/answer"
    status=$(sed -n '$s/^status //p' "$work/answer")
    [ "$status" != 124 ] || late "over there: $1"
    return "${status:-1}"
}
greets() { [ "$(ask 'echo hello')" = hello ]; }

# ---- a move ----

# Linux stops by itself: from then to the word that it runs over there.
told() { # LOG
    awk '/suspend: .*suspended|guest has suspended/ { stopped = $1 }
        /[Tt]arget reports successful startup/ { runs = $1 }
        / status / { end = $1 }
        NR == 1 { start = $1 }
        / round [0-9]+: / { rounds++ }
        END { printf "%.2f s in all, stands still for %.2f s, %d rounds\n",
            end - start, runs - stopped, rounds }' "$1"
}
arrives_safely() { # by the log of the move
    told "$work/log" >"$work/told"
    grep -q "^[0-9.]* status 0$" "$work/log" &&
        grep -q " round 1: " "$work/log" && return
    tail -n 40 "$work/log"
    return 1
}
forth() {
    send_to "$other" >"$work/log"
    arrives_safely
}
back() {
    ask "send_to $mine" >"$work/log"
    arrives_safely
}
# As goes_on, of the guest over there: the last report goes with the question.
goes_on_there() {
    ask "reports=$reports; echo '$(cat "$work/report")' >\"\$work/report\"
goes_on g; rc=\$?; echo; cat \"\$work/report\"; exit \$rc" >"$work/visit" ||
        { cat "$work/visit"; return 1; }
    reports=$((reports + 1))
    grep "^guest: report $reports worker" "$work/visit" | tail -n 2 >"$work/report"
}

# ---- what is left ----

free_there() { ask free-pages; }
as_many() { # WANTED COMMAND: at least so many pages are free
    [ "$($2)" -ge "$1" ]
}
move() { # NUMBER
    check "$1: forth" forth
    echo "# $1: forth: $(cat "$work/told")"
    check "$1: it is not here any more" eventually alone
    check "$1: over there it runs" ask "runs g"
    check "$1: it goes on over there" goes_on_there
    if [ "$1" = 1 ]; then
        without_here=$(free-pages)
    else
        check "$1: the pages here are free" \
            eventually as_many "$without_here" free-pages
    fi
    check "$1: back" back
    echo "# $1: back: $(cat "$work/told")"
    check "$1: it is not there any more" eventually ask alone
    check "$1: here it runs" runs g
    check "$1: it goes on here" goes_on g
    if [ "$1" = 1 ]; then
        without_there=$(free_there)
    else
        check "$1: the pages there are free" \
            eventually as_many "$without_there" free_there
    fi
}

network
start_daemons
serve
if [ "$place" = there ]; then
    until [ -e /end ]; do
        sleep 1 # then look again
    done
    echo "the end"
    exit 0
fi
eventually greets
create g
round=1
while [ $round -le "$rounds" ]; do
    move $round
    round=$((round + 1))
done
check "the guest's kernel has not complained here" no_complaint g
check "nor over there" ask "no_complaint g"
check "destroy" xl destroy g
eventually alone
check "nothing is lost here" nothing_lost
check "nor over there" ask "programs=; nothing_lost"
check "the end over there" ask "touch /end"
finish
