# SPDX-License-Identifier: MIT
#
# sh guest.sh xen|oriel PROGRAMS GUESTS KEEP-DM
#
# The life of guests under our toolstack and device model, as TAP: the same in
# a dom0 of Xen, of Oriel, and on the hosted hypervisor.  PROGRAMS and GUESTS
# are folders, KEEP-DM is the program of keep.c.  "## guest NAME dN" tells which
# lines on the hypervisor's console are that guest's.

hypervisor=$1 programs=$2 guests=$3 keep=$4
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"

has() { # FILE TEXT
    grep -q -e "$2" "$1" || { tail -n 20 "$1"; false; }
}
domid() { "$oriel" list "$1" 2>/dev/null | awk 'NR == 2 { print $2 }'; }
listed() { "$oriel" list "$1" | grep -q "^$1 "; }
ended() { "$oriel" list "$1" | awk 'NR == 2 { print $5 }' | grep s; }
show() { "$oriel" resources "$1" >"$work/resources"; }
holds() { show "$1" && has "$work/resources" "$2"; }
dm() { # the process whose UART is this file
    for p in /proc/[0-9]*; do
        grep -qzx -e "$1" "$p/cmdline" 2>/dev/null && echo "${p#/proc/}"
    done
}

# ---- a guest that waits for its device model, which is killed ----

config first hello spin
check "create" "$oriel" create --trace "$work/trace" --uart "$work/uart" \
    "$work/first.cfg"
id=$(domid first)
echo "## guest killed d$id"
check "it is listed" listed first
check "it waits for a port" eventually has "$work/trace" \
    'read .*0x500 .*4 bytes'
check "what it wrote to the serial port" has "$work/uart" "hello, serial port"
check "its port accesses" has "$work/trace" \
    'port *write *block *0x500 *4 bytes *= 0x12345678'
check "its memory accesses" has "$work/trace" \
    'memory *write *block *0xf1000000 *8 bytes *= 0x1122334455667788'
check "resources: the slot" eventually holds first \
    '^ *0 .*read *port *0x500 *4 *1 .*[0-9]$'
check "resources: the ring" holds first '^ *ring: read 5, write 5: 0 of 511'
check "resources: the grant table" holds first \
    '^ *grant table: version 1, 1 of 64 frames; 2 of 512 entries'
check "resources: the console's grant" holds first \
    '^ *0 *0 *0xfeff9 *permit_access'
check "resources: the store's grant" holds first \
    '^ *1 *0 *0xfeffa *permit_access'
pid=$(dm "$work/uart")
check "its device model runs" test -n "$pid"
check "which is killed in the middle of a request" kill -9 "$pid"
if [ "$hypervisor" = oriel ]; then
    echo "# differs: gone"
    check "the guest hears ones and ends" eventually ended first
else
    # Nobody answers: its request stays in the slot as it was.
    check "the guest waits for ever" holds first \
        '^ *0 .*read *port *0x500 *4 *1 .*[0-9]$'
    check "and has not ended" no ended first
fi
check "destroy" "$oriel" destroy first
check "it has gone" no listed first
check "nothing is kept of it" test -z "$(ls "$ORIEL_STATE")"

# ---- guests that run to their end ----

to_the_end() { # NAME DM
    config "$1" "$1" ""
    check "$1: runs and powers off" \
        "$oriel" create -F -d "$2" "$work/$1.cfg"
    cp "$work/said" "$work/$1.said"
    # -F says which domain it was.
    echo "## guest $1 $(sed -n 's/^.*\(d[0-9]*\) (.*): ended: poweroff.*/\1/p' \
        "$work/$1.said")"
    check "$1: it has gone" no listed "$1"
}
to_the_end hello "$programs/oriel-dm"
to_the_end property "$programs/oriel-dm"
check "hello: the serial port is shown" has "$work/hello.said" \
    "hello, serial port"
to_the_end events "$programs/oriel-dm"
to_the_end exits "$keep"

# The same programs as 32-bit code.
to_the_end hello-32 "$programs/oriel-dm"
to_the_end events-32 "$programs/oriel-dm"
to_the_end exits-32 "$keep"

# ---- a device model that looks for its requests ----

looking() { # LOOKS: a program for -d, which has no room for options
    cat >"$work/looks" <<END
#!/bin/sh
exec "$programs/oriel-dm" --looks $1 "\$@"
END
    chmod +x "$work/looks"
}
looking 1000
to_the_end hello "$work/looks"
check "which shows the serial port" has "$work/hello.said" \
    "hello, serial port"

# 10000 requests, almost all without an event: oriel-dm sees twice a second whether
# the guest is there, and says that it does not look meanwhile.  Only Oriel tells.
without_events() {
    [ "$hypervisor" = oriel ] || return 0
    show looked
    awk '/ requests, .* of them without/ { requests = $1; silent = $3 }
        END { exit !(requests > 10000 && silent > requests * 0.9) }' \
        "$work/resources"
}
if [ "$hypervisor" = oriel ]; then
    looking 4000000000 # for ever
fi
config looked hello spin
check "create: a guest that reads a port all the time" \
    "$oriel" create -d "$work/looks" "$work/looked.cfg"
check "its requests need no events" eventually without_events
check "destroy, in the middle of a request" "$oriel" destroy looked

# ---- a trace of a guest's port read, which only Oriel has ----

way_of_a_read() {
    [ "$hypervisor" = oriel ] || {
        no "$oriel" trace true 2>"$work/way" &&
            has "$work/way" "no trace of Oriel's kind"
        return
    }
    config traced hello ""
    "$oriel" trace -e exit,ioreq,event,resume,enter "$oriel" create -F -q \
        -d "$programs/oriel-dm" "$work/traced.cfg" >"$work/way" || return 1
    awk '$5 == "ioreq" && /port read 0x500,/ && !who {
            who = $4; way = before[who] " ioreq" }
        { before[$4] = $5 }
        who && $5 == "event" && way !~ /event/ { way = way " event" }
        who == $4 && $5 != "ioreq" && !done {
            way = way " " $5; done = $5 == "enter" }
        END { print way }' "$work/way" |
        grep -x "exit ioreq event resume enter" ||
        { tail -n 40 "$work/way"; false; }
}
check "the way of a port read in a trace" way_of_a_read

finish
