# SPDX-License-Identifier: MIT
#
# sh sched.sh shares|places PROGRAMS GUESTS
#
# What Debian's xl sets of scheduling has effect, as TAP.  shares: weights, caps
# and steal time on one CPU whose clock counts instructions, so what each guest
# gets does not depend on the host.  places: two CPUs, and of a vcpu that is
# pinned the trace must not show another one.

part=$1 programs=$2 guests=$3
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"

debians() { LD_LIBRARY_PATH=/ command "$@"; }
xl() { debians xl "$@" 2>>"$work/xl.errors"; }
refused() { ! debians xl "$@"; }
id_of() { "$oriel" list "$1" | awk 'NR == 2 { print $2 }'; }
guest() { # NAME
    config "$1" hello burn
    check "guest $1" "$oriel" create -q "$work/$1.cfg"
}
shows() { # PATTERN COMMAND...: of xl
    pattern=$1
    shift
    xl "$@" | tee "$work/shown"
    grep -Eq "$pattern" "$work/shown"
}
# Each number of GOT is within 5 % of its number in WANTED.
near() { # "GOT..." "WANTED..."
    echo "got $1, expected $2"
    echo "$1 $2" | awk '{
        for ( i = 1; i <= NF / 2; i++ ) {
            off = $i / $(i + NF / 2) - 1
            if ( off > 0.05 || off < -0.05 ) exit 1
        }
    }'
}

debians xenstored --pid-file /run/xenstored.pid
check "xenstored listens" eventually test -S /run/xenstored/socket
check "dom0 has a name" debians xen-init-dom0

weighted() { # in proportion 1:2:4, of what they have together
    set -- $("$programs/cpu-time" 3 "$a" "$b" "$c")
    sum=$(($2 + $3 + $4))
    near "$2 $3 $4" "$((sum / 7)) $((sum * 2 / 7)) $((sum * 4 / 7))"
}
capped() { # PERCENT: c has that of the time, not of what the others leave
    percent=$1
    set -- $("$programs/cpu-time" 3 "$c")
    near "$2" "$(($1 * percent / 100))"
}
steal() { awk '$1 == "cpu" { print $9 }' /proc/stat; }
stolen() { # from dom0, which competes with a; ticks of 1/100 s
    from=$(steal)
    set -- $("$programs/cpu-time" -2 "$a")
    ticks=$(($(steal) - from))
    echo "a had $2 us, $ticks ticks were stolen"
    [ "$2" -gt 500000 ] && near "$((ticks * 10000))" "$2"
}

shares() {
    for g in a b c; do
        guest $g
    done
    a=$(id_of a) b=$(id_of b) c=$(id_of c)
    check "xl shows the scheduler" shows 'Pool-0: ratelimit=0us' sched-credit2 -s
    check "a has weight 256" shows " $a +256 +0" sched-credit2 -d "$a"
    check "b gets weight 512" xl sched-credit2 -d "$b" -w 512
    check "c gets weight 1024" xl sched-credit2 -d "$c" -w 1024
    check "xl shows it" shows " $c +1024 +0" sched-credit2 -d "$c"
    check "their shares are 1:2:4" weighted
    check "c gets cap 25" xl sched-credit2 -d "$c" -c 25
    check "xl shows it" shows " $c +1024 +25" sched-credit2 -d "$c"
    check "c has a quarter of a CPU" capped 25
    check "a and b pause" xl pause "$a"
    check "b does" xl pause "$b"
    check "c has a quarter still" capped 25
    check "c pauses" xl pause "$c"
    check "a goes on" xl unpause "$a"
    check "dom0 sees what a has as stolen" stolen
    check "cap 101 of one vcpu is refused" refused sched-credit2 -d "$c" -c 101
    check "weight 0 is refused" refused sched-credit2 -d "$c" -w 0
    check "rate limit 99 is refused" refused sched-credit2 -s -r 99
    check "rate limit 1000 is not" xl sched-credit2 -s -r 1000
    check "xl shows it" shows 'ratelimit=1000us' sched-credit2 -s
}

# The CPUs on which the trace has the domain's vcpu, while xl works.
cpus_of() { # DOMID
    "$oriel" trace --events pick,enter sh -c \
        'for i in 1 2 3 4 5; do LD_LIBRARY_PATH=/ xl list; done' \
        >"$work/trace" || return 1
    awk -v v="d$1v0" '$4 == v { print $3 }' "$work/trace" | sort -u | tr '\n' ' '
}
only_on() { # CPU DOMID
    found=$(cpus_of "$2")
    echo "on CPUs $found"
    [ "$found" = "$1 " ]
}

no_cpu_leaves() { # xl's status says nothing
    debians xl cpupool-cpu-remove Pool-0 1 2>&1 | tee "$work/shown"
    grep -q "resource busy" "$work/shown" && shows 'Pool-0 +2 ' cpupool-list
}

places() {
    for g in a b c; do
        guest $g
    done
    a=$(id_of a) b=$(id_of b)
    check "xl shows that a may run anywhere" shows "$a +0 .* all / all" vcpu-list "$a"
    for cpu in 1 0; do
        check "a is pinned to CPU $cpu" xl vcpu-pin "$a" 0 $cpu
        check "xl shows it" shows " $a +0 +$cpu .* $cpu / all" vcpu-list "$a"
        check "a runs there and nowhere else" only_on $cpu "$a"
    done
    check "b prefers CPU 1" xl vcpu-pin "$b" 0 - 1
    check "xl shows it" shows " $b +0 .* all / 1" vcpu-list "$b"
    check "a CPU that is not there is refused" refused vcpu-pin "$a" 0 7
    check "a is where it was" shows " $a +0 +0 .* 0 / all" vcpu-list "$a"
    check "dom0's vcpu 1 stays on CPU 1" refused vcpu-pin 0 1 0
    check "xl shows it" shows "Domain-0 +0 +1 +1 .* 1 / all" vcpu-list 0
    check "where it is it may be pinned" xl vcpu-pin 0 1 1
    check "there is one pool" shows 'Pool-0 +2 +credit2 +y +4' cpupool-list
    printf 'name="p"\nsched="credit2"\ncpus=["1"]\n' >"$work/pool.cfg"
    check "no CPU can leave it" no_cpu_leaves
    check "there is no other" refused cpupool-create "$work/pool.cfg"
}

$part
for g in a b c; do
    check "destroy $g" "$oriel" destroy $g
done
finish
