# SPDX-License-Identifier: MIT
#
# For scripts beside it that have guests of Debian's xl in dom0 of a machine in
# QEMU: the daemons that xl needs, and a guest's console.  Needs tap.sh, and in /
# libgcc_s.so.1, press-key and patient-xl.so.

log=/var/log/xen
# For the command line of each guest that runs Linux.
linux_args=$(sed -n 's/^LINUX_ARGS="\(.*\)"$/\1/p' "$limits")
# A process of dom0 that dies of a signal dies of QEMU's emulation (docs/vm.md).
xl() {
    xl_preload=
    case $1 in create | save | restore | migrate | -*) xl_preload=/patient-xl.so ;; esac
    LD_PRELOAD="$xl_preload ${xl_also-}" /usr/lib/xen-4.17/bin/xl "$@"
    xl_status=$?
    # Its own statuses are below 128 or above those of signals; 141 is that of a
    # pipe whose reader has seen enough.
    [ $xl_status -lt 128 ] || [ $xl_status -gt 192 ] || [ $xl_status = 141 ] ||
        echo "xl $1: status $xl_status" >>/died
    return $xl_status
}
daemons_died() {
    for d in xenstored xenconsoled; do
        kill -0 "$(cat /run/$d.pid)" 2>/dev/null || echo $d >>/died
    done
    [ -s /died ]
}
# However the script ends: when the status is 75 the machine is started again.
at_the_end() {
    end_status=$?
    # Who waited in vain wants to know what the guests said last.
    [ $end_status != 124 ] || tail -n 20 $log/guest-*.log | tr -d '\r' | sed 's/^/# /'
    daemons_died || exit $end_status
    sed 's/^/# died: /' /died
    exit 75
}
oxenstored() { # the other one, in OCaml, on our libraries
    cat >/etc/xen/oxenstored.conf <<END
pid-file = /run/xenstored.pid
xenstored-kva = /proc/xen/xsd_kva
xenstored-port = /proc/xen/xsd_port
END
    LD_LIBRARY_PATH=/lib-dir /oxenstored
}
start_daemons() { # [oxenstored]
    mkdir -p /var/run/xen $log /etc/xen
    : >/etc/xen/xl.conf
    unset LD_LIBRARY_PATH
    # xl ends its threads with it.
    ln -s /libgcc_s.so.1 /lib/x86_64-linux-gnu/
    ${1:-xenstored --pid-file /run/xenstored.pid}
    eventually test -S /run/xenstored/socket
    xen-init-dom0 >/dev/null
    xenconsoled --pid-file /run/xenconsoled.pid --log=guest --log-dir=$log
    trap at_the_end EXIT
}

domid() { xl domid "$1"; }
alone() { [ "$(xl list | wc -l)" = 2 ]; } # with the line of names
pages_are_back() { [ "$(free-pages)" -ge "$free" ]; } # as many as once

# xenconsoled names a log by the domain's name when it came.
console() {
    cat "$log/guest-$1.log" "$log/guest-$1--incoming.log" 2>/dev/null |
        tr -d '\r'
}
has() { console "$1" | grep -q "$2"; }
type_line() { # NAME TEXT: to the console that the guest has now
    tty=$(xenstore read "/local/domain/$(domid "$1")/console/tty") &&
        [ -c "$tty" ] && echo "$2" >"$tty"
}
no_complaint() { # NAME
    no has "$1" "BUG\|Oops\|WARNING\|panic\|soft lockup\|Call Trace"
}
