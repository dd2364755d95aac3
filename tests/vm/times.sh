# SPDX-License-Identifier: MIT
#
# sh times.sh xen|oriel PROGRAMS GUESTS
#
# CPU time as Debian's xl shows it, in tenths of a second, and Debian's xentop,
# in seconds, as TAP.  While a guest is paused or has ended, and until dom0 has
# used half a second more, its time stands still; all domains together get no
# more than there is.  Nothing here depends on how fast the machine is.

hypervisor=$1 programs=$2 guests=$3
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"

# With Debian's own libraries; / has the one that ending a thread loads.
debians() { LD_LIBRARY_PATH=/ command "$@"; }
xl() { debians xl "$@" 2>>"$work/xl.errors"; }
tenths() { awk '{ s += $NF * 10 } END { printf "%d\n", s + 0.5 }'; }
id_of() { # as xl knows it: our guests have no name in xenstore
    case $1 in Domain-0) echo 0 ;; *) "$oriel" list "$1" | awk 'NR == 2 { print $2 }' ;; esac
}
time_of() { xl list "$(id_of "$1")" | sed 1d | tenths; }
of_vcpus() { # of NAME, or of all
    xl vcpu-list ${1:+$(id_of "$1")} | sed 1d | awk '{ s += $6 * 10 } END { printf "%d\n", s + 0.5 }'
}
cpus() { xl info | awk '$1 == "nr_cpus" { print $3 }'; }
uptime_tenths() { awk '{ print int($1 * 10) }' /proc/uptime; }
dom0_works() { # until it has used half a second more
    from=$(time_of Domain-0)
    while [ "$(time_of Domain-0)" -lt $((from + 5)) ]; do :; done
}
goes_on() { # NAME
    from=$(time_of "$1")
    for _ in $(seq 3000); do
        [ "$(time_of "$1")" -le "$from" ] || return 0
    done
    xl list "$1"
    false
}
stands_still() { # NAME
    first=$(time_of "$1") vcpus=$(of_vcpus "$1")
    dom0_works
    xl list
    xl vcpu-list
    [ "$(time_of "$1")" = "$first" ] && [ "$(of_vcpus "$1")" = "$vcpus" ]
}
# What xentop has of a guest, which it knows by its name in xenstore.
top_seconds() { # NAME
    debians xentop -b -f -i 1 | awk -v name="$1" '$1 == name { print $3; n++ } END { exit n != 1 }'
}
named_for_xentop() { # NAME
    debians xenstore write "/local/domain/$(id_of "$1")/name" "$1"
}
# Until xentop shows two seconds more of the second guest, which runs.
stands_still_in_xentop() { # NAME OTHER
    first=$(top_seconds "$1") && from=$(top_seconds "$2") || return 1
    while now=$(top_seconds "$2") && [ "$now" -lt $((from + 2)) ]; do :; done
    last=$(top_seconds "$1")
    debians xentop -b -f -i 1
    [ -n "$now" ] && [ "$last" = "$first" ]
}
top_sum() {
    debians xentop -b -f -i 1 | awk '$1 == "NAME" { n++; next } { s += $3 } END { print s + 0; exit n != 1 }'
}
runs_not() { xl vcpu-list "$(id_of "$1")" | sed 1d | awk '{ print $5 }' | no grep r; }
ended() { "$oriel" list "$1" | awk 'NR == 2 { print $5 }' | grep s; }

debians xenstored --pid-file /run/xenstored.pid
check "xenstored listens" eventually test -S /run/xenstored/socket
check "dom0 has a name" debians xen-init-dom0
check "xl lists it" xl list Domain-0
[ $failed = 0 ] || { finish; exit 1; }

for g in a b c; do
    config $g hello burn
    check "guest $g" "$oriel" create -q "$work/$g.cfg"
    check "it has a name in xenstore" named_for_xentop $g
done
began=$(uptime_tenths)
before=$(of_vcpus)
before_in_xentop=$(top_sum)
for g in a b c; do
    check "$g goes on" goes_on $g
done
# Each of the vcpus is rounded, twice, and so are the times.
fits() {
    all=$(($(of_vcpus) - before))
    vcpus=$(xl vcpu-list | sed 1d | wc -l)
    most=$((($(uptime_tenths) - began + 2) * $(cpus) + vcpus))
    xl vcpu-list
    echo "$all tenths of a second of $most"
    [ "$all" -le "$most" ]
}
# Each of four domains is rounded down to a second.
fits_in_xentop() {
    all=$(($(top_sum) - before_in_xentop))
    most=$((($(uptime_tenths) - began + 2) * $(cpus) / 10 + 5))
    debians xentop -b -f -i 1
    echo "$all seconds of $most"
    [ "$all" -gt 0 ] && [ "$all" -le "$most" ]
}
check "all of them have no more than the CPUs" fits
check "a is paused" xl pause "$(id_of a)"
check "its time stands still" stands_still a
check "it runs nowhere" runs_not a
check "in xentop the time of a stands still while c goes on" stands_still_in_xentop a c
check "in xentop all of them have no more than the CPUs" fits_in_xentop
check "it is unpaused" xl unpause "$(id_of a)"
check "it goes on" goes_on a
check "b is destroyed" "$oriel" destroy b
config d hello ""
check "guest d" "$oriel" create -q --uart "$work/d.uart" "$work/d.cfg"
check "it ends" eventually ended d
check "its time stands still" stands_still d
check "d has a name in xenstore" named_for_xentop d
check "in xentop the time of d stands still while c goes on" stands_still_in_xentop d c
check "all of them have no more than the CPUs" fits
for g in a c d; do
    check "destroy $g" "$oriel" destroy $g
done

finish
