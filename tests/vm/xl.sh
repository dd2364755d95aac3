# SPDX-License-Identifier: MIT
#
# sh xl.sh xen|oriel PART...: Debian's xl in dom0, as TAP.  What the guest does:
# tests/vm/xl-guest.c.  Parts:
#
#   table    each subcommand, but for those of
#   ending   save, restore, reboot, shutdown, destroy
#   dumping  dump-core, which takes minutes
#   demand   a guest with less memory than it may have: populate on demand, its
#            balloon while dom0 maps its resources

hypervisor=$1 programs=
. /tap.sh
shift

log=/var/log/xen
# A process of dom0 that dies of a signal dies of QEMU's emulation (docs/vm.md).
xl() {
    /usr/lib/xen-4.17/bin/xl "$@"
    xl_status=$?
    [ $xl_status -lt 128 ] || echo "xl $1: status $xl_status" >>/died
    return $xl_status
}
daemons_died() {
    for d in xenstored xenconsoled; do
        kill -0 "$(cat /run/$d.pid)" 2>/dev/null || echo $d >>/died
    done
    [ -s /died ]
}
# However it ends: tests/vm/xl begins again when the status is 75.
at_the_end() {
    end_status=$?
    daemons_died || exit $end_status
    sed 's/^/# died: /' /died
    exit 75
}
trap at_the_end EXIT

start_daemons() {
    mkdir -p /var/run/xen $log /etc/xen
    : >/etc/xen/xl.conf
    unset LD_LIBRARY_PATH
    # xl ends its threads with it.
    ln -s /libgcc_s.so.1 /lib/x86_64-linux-gnu/
    xenstored --pid-file /run/xenstored.pid
    eventually test -S /run/xenstored/socket
    xen-init-dom0 >/dev/null
    xenconsoled --pid-file /run/xenconsoled.pid --log=guest --log-dir=$log
}

config() { # NAME MEMORY MAXMEM [LINE]...
    cat >"/$1.cfg" <<END2
name = "$1"
type = "pvh"
kernel = "/vmlinuz"
ramdisk = "/xl.cpio"
memory = $2
maxmem = $3
cmdline = "console=hvc0 loglevel=4"
on_crash = "preserve"
END2
    config_name=$1
    shift 3
    for line in "$@"; do
        echo "$line" >>"/$config_name.cfg"
    done
}

# ---- the guest's console ----

domid() { xl domid "$1"; }
console() { tr -d '\r' <"$log/guest-$1.log" 2>/dev/null; }
has() { console "$1" | grep -q "$2"; }
type_line() { # NAME TEXT: to the console that the guest has now
    tty=$(xenstore read "/local/domain/$(domid "$1")/console/tty") &&
        [ -c "$tty" ] && echo "$2" >"$tty"
}
# A line that comes while xenconsoled is busy may be lost: ask until it answers.
answers() { # NAME REQUEST
    has "$1" "^guest: $2 " || { type_line "$1" "$2" && no true; }
}
reports=0
report() { # NAME: the answer, in $work/report
    reports=$((reports + 1))
    eventually answers "$1" "report $reports"
    console "$1" | grep "^guest: report $reports " >"$work/report"
    cat "$work/report"
}
no_complaint() { # NAME
    no has "$1" "BUG\|Oops\|WARNING\|panic\|soft lockup\|Call Trace"
}
alone() { [ "$(xl list | wc -l)" = 2 ]; }
pages() { free-pages; }
pages_are_back() { [ "$(pages)" -ge "$free" ]; }
nothing_lost() { press-key f | grep "^audit: every page"; }
destroy() { # NAME
    check "$1: destroy" xl destroy "$1"
    eventually alone
    [ "$hypervisor" != oriel ] ||
        check "$1: nothing is lost" nothing_lost
}
create() { # NAME
    rm -f "$log/guest-$1.log"
    reports=0
    check "$1: create" xl create -q "/$1.cfg"
    eventually has "$1" "^guest: ready"
}

# ---- populate on demand ----

counts() { hold "$(domid "$1")" counts; } # NAME: pages, cache, entries
tot() { counts "$1" | { read -r n _ && echo $((n / 256)); }; }
at_most() { [ "$(tot "$1")" -le "$2" ]; }
at_least() { [ "$(tot "$1")" -ge "$2" ]; }
# Its balloon driver has given back what the cache has no page for.
covered() { counts "$1" | { read -r _ cache entries && [ "$entries" -le "$cache" ]; }; }

hold_resources() { # NAME
    mkfifo "$work/ask" "$work/answer"
    hold "$(domid "$1")" <"$work/ask" >"$work/answer" &
    exec 5>"$work/ask" 6<"$work/answer"
    read -r answer <&6 && [ "$answer" = held ]
}
held() {
    echo "" >&5
    read -r answer <&6 && [ "$answer" = same ]
}
let_go() {
    exec 5>&- 6<&-
    wait
}
touch_memory() { # NAME MIB
    touches=$((touches + 1))
    type_line "$1" "touch $2" || return 1
    eventually eval "[ \"\$(console $1 | grep -c '^guest: touched')\" = $touches ]"
    console "$1" | grep "^guest: touched" | tail -n 1 | tee "$work/touched"
    grep -q "^guest: touched $2 bad 0" "$work/touched"
}
rounds() { # NAME NUMBER
    for round in $(seq "$2"); do
        xl mem-set "$1" 192 || return 1
        eventually at_least "$1" 190
        held || return 1
        xl mem-set "$1" 96 || return 1
        eventually at_most "$1" 97
        held || return 1
    done
}
part_demand() {
    # With less, Debian's kernel stops in its balloon driver, on Xen, too.
    config p 96 256
    touches=0
    create p
    check "p: its balloon comes down" eventually covered p
    counts p | sed 's/^/# pages, cache, entries: /'
    check "p: no more than its memory" at_most p 97
    check "p: ioreq pages and grant table are mapped" hold_resources p
    check "p: up" xl mem-set p 192
    eventually at_least p 190
    check "p: it uses what it got" touch_memory p 90
    check "p: 50 times down and up" rounds p "50"
    check "p: up to its limit" xl mem-set p 256
    eventually at_least p 250
    check "p: it uses that" touch_memory p 150
    check "p: the mappings are still the same" held
    let_go
    check "p: the guest's kernel has not complained" no_complaint p
    destroy p
}

# ---- each subcommand ----

# What the last command said, without what differs from run to run.
said() { # FILE
    sed -n 's/^libxl: error: [^:]*:[0-9]*:[^:]*: *//p; t
        /^Shutting\|^Rebooting/d; /^[A-Za-z]/p' "$1" |
        sed 's/Domain [0-9]*: *//; s/domid [0-9]*/domid N/g
            s/[0-9]*[.:][0-9:.]*[0-9]/N/g; s/|/ /g' | head -n 1 | cut -c 1-90
}
# Does it come, within the limit?  Others than `eventually` go on without.
soon() { # COMMAND
    give_up=$(($(date +%s) + $(limit WAIT)))
    until eval "$1" >/dev/null 2>&1; do
        [ "$(date +%s)" -le $give_up ] || return 1
        sleep 1 # then look again
    done
}
# One line of the table: what xl answers, and whether EFFECT, a command, then
# succeeds: ":" when nothing is to be seen.
row() { # EFFECT SUBCOMMAND [ARG]...
    row_effect=$1
    shift
    xl "$@" >"$work/out" 2>"$work/err" </dev/null
    row_status=$?
    if [ $row_status != 0 ]; then
        row_said=$(said "$work/err")
    elif [ -n "$(said "$work/err")" ] && no eval "$row_effect" >/dev/null 2>&1
    then
        row_said="no effect: $(said "$work/err")"
    elif soon "$row_effect"; then
        row_said="done"
    else
        row_said="no effect: $(said "$work/err")"
    fi
    echo "row|xl $*|$row_status|$row_said"
}
rebooted() { # NAME OLD-ID
    xl domid "$1" && [ "$(domid "$1")" != "$2" ] && report "$1"
}
out() { grep -q "$1" "$work/out"; } # PATTERN: in the command's output
state() { xl list "$1" | awk 'NR == 2 { print $5 }'; }
is_state() { state "$1" | grep -q "$2"; }
gone() { no xl domid "$1"; }
reported() { report "$1" >/dev/null && grep -q "$2" "$work/report"; }
# Linux leaves it to the guest's userland to use what comes.
onlined() { type_line "$1" "online 1" && reported "$1" 'cpus 2 '; }
memory_is() { [ "$(xl list "$1" | awk 'NR == 2 { print $3 }')" = "$2" ]; }
vcpu_line() { xl vcpu-list "$1" | awk -v v="$2" '$3 == v'; }
pinned_to() { vcpu_line "$1" "$2" | awk -v a="$3" '{ exit $7 != a }'; }
weight_is() { xl sched-credit2 -d "$1" | awk -v n="$1" -v w="$2" \
    '$1 == n { exit !($3 == w) }'; }
cap_is() { xl sched-credit2 -d "$1" | awk -v n="$1" -v c="$2" \
    '$1 == n { exit !($4 == c) }'; }
ratelimit_is() { xl sched-credit2 -s | grep -q "ratelimit=$1us"; }
in_pool() { xl cpupool-list -c | grep -q "^$1 .*$2"; }
dmesg_has() { xl dmesg | grep -q "$1"; }

listing() {
    row "out '^g '" list
    row "out '^g '" list -v
    row "out 'c_info'" list -l g
    row "out '^g '" list -c
    row "out '^g '" list -n
    row "out ' g'" vm-list
    row "out '^[0-9]*$'" domid g
    row "out '^g$'" domname "$(domid g)"
    row "out '^g '" vcpu-list g
    row "out '^Name'" uptime
    row "out '^g .*0:'" uptime g
    row "out '^total_memory'" info
    row "out '^free_memory'" info
    row "out 'numa_info'" info -n
    row "out '^outstanding_claims'" info
    row "out '^g '" claims
    row "out '^g '" sharing
    row ":" network-list g
    row ":" block-list g
    row ":" channel-list g
    row ":" pci-list g
    row ":" usb-list g
    row ":" vtpm-list g
    row ":" vkb-list g
    row ":" vsnd-list g
    row ":" vdispl-list g
    row ":" pci-assignable-list
}
running() {
    row "is_state g p" pause g
    row "no is_state g p" unpause g
    row "[ \"\$(xl domname $(domid g))\" = h ]" rename g h
    row "xl domid g" rename h g
    row ":" config-update g /g.cfg
    row "has g 'sysrq: HELP'" sysrq g h
    row "reported g 'cpus 1 '" vcpu-set g 1
    row "onlined g" vcpu-set g 2
    row "pinned_to g 0 0" vcpu-pin g 0 0
    row "pinned_to g 1 1" vcpu-pin g 1 1 all
    row "pinned_to g 0 all" vcpu-pin g all all all
    row ":" vcpu-pin g 0 99
    row "weight_is g 512" sched-credit2 -d g -w 512
    row "cap_is g 50" sched-credit2 -d g -c 50
    row "cap_is g 0" sched-credit2 -d g -c 0
    row "ratelimit_is 2000" sched-credit2 -s -r 2000
    row "out '^g '" sched-credit2
    row ":" sched-credit -d g
    row ":" sched-rtds -d g
    row "memory_is g 112" mem-set g 112
    row "memory_is g 128" mem-set g 128
    row ":" mem-max g 256
    row ":" mem-max g 100
    for t in nmi reset init power sleep s3resume; do
        row ":" trigger g $t
        xl list g >/dev/null 2>&1 || echo "# after $t: gone"
        row ":" trigger g $t 1
    done
}
host() {
    row "dmesg_has 'dom0'" dmesg
    row "dmesg_has 'show this message\|h:\|show the keys\|help'" debug-keys h
    row ":" debug-keys q
    row ":" debug-keys r
    row "no dmesg_has 'Xen version\|2 of 2 CPUs'" dmesg -c
    row ":" set-parameters loglvl=all
    row "out Pool-0" cpupool-list
    row "out Pool-0" cpupool-list -c
    row ":" cpupool-cpu-remove Pool-0 99
    row "no in_pool Pool-0 1" cpupool-cpu-remove Pool-0 1
    row "in_pool Pool-0 1" cpupool-cpu-add Pool-0 1
    row ":" cpupool-migrate g Pool-0
    row ":" cpupool-migrate g none
    row "xl cpupool-list | grep -q ^Other" cpupool-rename Pool-0 Other
    row "xl cpupool-list | grep -q ^Pool-0" cpupool-rename Other Pool-0
    row ":" cpupool-numa-split
    row ":" cpupool-create name=\"two\" sched=\"credit\"
    row ":" cpupool-destroy two
    row ":" psr-hwinfo
    row ":" psr-cmt-show cache-occupancy
    row ":" getenforce
    row ":" setenforce 1
    row ":" loadpolicy /none
}
ending() {
    row "reported g 'cpus 2 '" save -c g /g.save
    row "gone g" save g /g.save
    row "no is_state g p" restore /g.save
    rm -f /g.save
    row "gone g" destroy g
    row "report g" create -q /g.cfg
    row "gone g" shutdown g
    row "is_state g p" create -q -p /g.cfg
    row "no is_state g p" unpause g
    report g >/dev/null
    row "rebooted g $(domid g)" reboot g
    xl destroy g
    eventually gone g
    row ":" destroy g
    row ":" domid g
    row ":" list g
}
# xl tries each frame number up to that of the guest's last page: minutes.
dumping() {
    row "[ \$(head -c 4 /g.core | tail -c 3) = ELF ]" dump-core g /g.core
    ls -l /g.core 2>/dev/null | awk '{ print "# core: " $5 }'
    rm -f /g.core
    row "report g" list g
    row "gone g" destroy g
}
tools() {
    for tool in "xenctx -s /none $(domid g) 0" "xenctx -a $(domid g) 1" \
        "xenctx -C $(domid g)" "lsevtchn $(domid g)" "xen-hvmctx $(domid g)" \
        "xenpm get-cpu-topology"; do
        # shellcheck disable=SC2086
        /$tool >"$work/out" 2>"$work/err" </dev/null
        echo "row|${tool%% *}|$?|$(said "$work/err") $(wc -l <"$work/out") lines"
        sed 's/^/# /' "$work/out" | head -n 12
    done
}
part_table() {
    config g 128 128 'vcpus = 2' 'cmdline = "console=hvc0 loglevel=8"'
    create g
    listing
    running
    host
    tools
}
part_ending() {
    config g 128 128 'vcpus = 2'
    create g
    ending
}
part_dumping() {
    config g 128 128 'vcpus = 2'
    create g
    dumping
}

start_daemons
for part in "$@"; do
    "part_$part"
done
finish
