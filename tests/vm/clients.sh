# SPDX-License-Identifier: MIT
#
# sh clients.sh PROGRAMS GUESTS VCHAN [start]
#
# Debian's programs that ask xenstored, event channels and grant tables, as TAP:
# each line that they write is a check of its own, so that those of the machine
# in QEMU and of the hosted one are compared (vm-lib/compare.py).  Ids of domains
# are written as ID, what differs from machine to machine as N.  start: of a dom0
# where xenstored does not run yet, and with libgcc_s.so.1 in /.

programs=$1 guests=$2 vchan=$3
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"
PATH=$PATH:/usr/lib/xen-4.17/bin

says() { # NAME SED COMMAND...: each line, and the status
    what=$1 edit=$2
    shift 2
    { "$@"; echo "status $?"; } 2>&1 | sed "$edit" >"$work/lines"
    while IFS= read -r line; do
        check "$what: $line" true
    done <"$work/lines"
}

if [ "${4-}" = start ]; then
    # For programs that end a thread.
    ln -s /libgcc_s.so.1 /lib/x86_64-linux-gnu/
    xenstored --pid-file /run/xenstored.pid
    eventually test -S /run/xenstored/socket
    xen-init-dom0 >/dev/null
fi
check "xenstored serves" xenstore exists /
[ $failed = 0 ] || { finish; exit 1; }

# ---- xenstore ----

t=/tool/clients
says write '' xenstore write $t/a one $t/b/c "two words" $t/b/d ''
says read '' xenstore read $t/a $t/b/c $t/b/d
says "read what is not there" '' xenstore read $t/nothing
says "read -p" '' xenstore read -p $t/a
says list '' xenstore list $t
says "list below" '' xenstore list -p $t/b
says chmod '' xenstore chmod $t/a n0 r5 w6
says "chmod below" '' xenstore chmod -r $t/b b0
says "ls" '' xenstore ls -fp $t
says "exists" '' xenstore exists $t/b
says "exists not" '' xenstore exists $t/nothing
says "watch" '' xenstore watch -n 1 $t/a
says "rm" '' xenstore rm $t/b/c
says "rm what is not there" '' xenstore rm $t/nothing
says "rm -t" '' xenstore rm -t $t/b/d
says "ls after it" '' xenstore ls -f $t
says "a path that is none" '' xenstore write "no path" x
says "rm all" '' xenstore rm $t
says "test-xenstore" 's/: [0-9]* ns/: N ns/' test-xenstore

# ---- a guest's event channels and grants, which runs for ever ----

config client hello burn
check "a guest" "$oriel" create -q "$work/client.cfg"
id=$("$oriel" list client | awk 'NR == 2 { print $2 }')
says "lsevtchn" 's/Port [0-9]*/Port N/' lsevtchn "$id"
says "lsevtchn of no domain" '' lsevtchn 30000
says "gnttab_query_size" "s/=$id:/=ID:/" xen-diag gnttab_query_size "$id"
says "gnttab_query_size of no domain" '' xen-diag gnttab_query_size 30000
check "it has a name" xenstore write "/local/domain/$id/name" client
top() { xentop -b -f -i 1 | awk '$1 == "NAME" || $1 == "client"'; }
says "xentop" 's/  */ /g; s/[-brdc]\{6\}/STATE/; /client/s/ [0-9][0-9.]*/ N/g' top
check "destroy" "$oriel" destroy client
check "its name goes" xenstore rm "/local/domain/$id"

# ---- a channel between two processes: grants of dom0 to itself ----

channel() { # BYTES RING
    "$vchan" server data/vchan "$1" "$2" >"$work/server" 2>&1 &
    server=$!
    eventually xenstore exists /local/domain/0/data/vchan/event-channel
    "$vchan" client /local/domain/0/data/vchan "$1" "$2"
    wait $server
    echo "server's status $?"
    cat "$work/server"
    xenstore rm /local/domain/0/data/vchan
}
for ring in 500 2000 4096 20000; do
    says "vchan of $ring" '' channel 200000 $ring
done

finish
