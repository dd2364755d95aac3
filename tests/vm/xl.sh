# SPDX-License-Identifier: MIT
#
# sh xl.sh xen|oriel PART...: Debian's xl in dom0, as TAP.  What the guest does:
# tests/vm/xl-guest.c.  Parts:
#
#   running  what changes a guest that goes on
#   table    each other subcommand, but for those of
#   devices  a network and a disk come and go
#   ending   save, restore, migrate, reboot, shutdown, destroy
#   dumping  dump-core, which takes minutes
#   demand   a guest with less memory than it may have: populate on demand, its
#            balloon while dom0 maps its resources

hypervisor=$1 programs=
. /tap.sh
. /guests.sh
shift

config() { # NAME MEMORY MAXMEM [LINE]...
    cat >"/$1.cfg" <<END2
name = "$1"
type = "pvh"
kernel = "/vmlinuz"
ramdisk = "/xl.cpio"
memory = $2
maxmem = $3
cmdline = "console=hvc0 loglevel=4 $linux_args"
on_crash = "preserve"
END2
    config_name=$1
    shift 3
    for line in "$@"; do
        echo "$line" >>"/$config_name.cfg"
    done
}

# ---- the guest's console ----

# A line that comes while xenconsoled is busy may be lost: ask until it answers.
answers() { # NAME REQUEST
    has "$1" "^guest: $2 " || crashed "$1" || { type_line "$1" "$2" && no true; }
}
reports=0
report() { # NAME: the answer, in $work/report
    reports=$((reports + 1))
    eventually answers "$1" "report $reports"
    console "$1" | grep "^guest: report $reports " >"$work/report"
    cat "$work/report"
}
# The guest that has this name next starts with a console of its own.
fresh() { # NAME
    rm -f "$log/guest-$1.log" "$log/guest-$1--incoming.log"
    reports=0
}
destroy() { # NAME
    check "$1: destroy" xl destroy "$1"
    eventually alone
    [ "$hypervisor" != oriel ] ||
        check "$1: nothing is lost" nothing_lost
}
create() { # NAME
    fresh "$1"
    check "$1: create" xl create -q "/$1.cfg"
    eventually ready "$1"
}
ready() { has "$1" "^guest: ready" || crashed "$1"; }
# On Xen in QEMU that is QEMU's fault now and then, as when a process dies.
crashed() { # NAME: then the script ends
    [ "$(xl list "$1" | awk 'NR == 2 { print substr($5, 5, 1) }')" = c ] ||
        return 1
    echo "guest $1: crashed" >>/died
    console "$1" | tail -n 30 | sed 's/^/# console: /' >&4
    exit 75
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

# What the last command complained of, without what differs from run to run.
said() { # FILE
    sed -n 's/^libxl: error: [^:]*:[0-9]*:[^:]*: *//p; t
        /^Shutting\|^Rebooting/d; /^[A-Za-z]/p' "$1" |
        sed 's/Domain [0-9]*: *//; s/domid [0-9]*/domid N/g
            s/[0-9]*[.:][0-9:.]*[0-9]/N/g; s/|/ /g' | head -n 1 | cut -c 1-90
}
soon() { eventually eval "$1"; } # COMMAND
# Of what must have no effect, and what has it at once.
once() { eval "$1" >/dev/null 2>&1; } # COMMAND
patience=soon
# One line of the table: what xl answers, and whether EFFECT, a command, then
# succeeds.  Where xl complains the effect is not waited for.
row() { # EFFECT SUBCOMMAND [ARG]...
    row_effect=$1
    shift
    row_of "$row_effect" xl "$@"
}
row_of() { # EFFECT PROGRAM [ARG]...
    row_effect=$1
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    row_status=$?
    row_said=$(said "$work/err")
    if [ $row_status = 0 ] && [ -z "$row_said" ]; then
        $patience "$row_effect" && row_said="done" || row_said="no effect"
    elif eval "$row_effect" >/dev/null 2>&1; then
        row_said="done; ${row_said:-no message}"
    fi
    echo "row|${*#/}|$row_status|$row_said"
    head -n 60 "$work/out" | sed 's/^/out|/'
}
rebooted() { # NAME OLD-ID
    xl domid "$1" && [ "$(domid "$1")" != "$2" ] && report "$1"
}
out() { grep -q -- "$1" "$work/out"; } # PATTERN: in the command's output
state() { xl list "$1" | awk 'NR == 2 { print $5 }'; }
is_state() { state "$1" | grep -q "$2"; }
gone() { no xl domid "$1"; }
runs() { is_state "$1" '^[r-][b-]----$' && reported "$1" cpus; }
reported() { report "$1" >/dev/null && grep -q "$2" "$work/report"; }
# Linux leaves it to the guest's userland to use what comes.
onlined() { type_line "$1" "online 1" && reported "$1" 'cpus 2 '; }
memory_is() { [ "$(xl list "$1" | awk 'NR == 2 { print $3 }')" = "$2" ]; }
limit_is() { # NAME KIB: in the hypervisor, to which xl says some more
    hold "$(domid "$1")" limit | { read -r kib &&
        [ "$kib" -ge "$2" ] && [ "$kib" -lt $(($2 + 8192)) ]; }
}
vcpu_line() { xl vcpu-list "$1" | awk -v v="$2" '$3 == v'; }
pinned_to() { vcpu_line "$1" "$2" | awk -v a="$3" '{ exit $7 != a }'; }
weight_is() { xl sched-credit2 -d "$1" | awk -v n="$1" -v w="$2" \
    '$1 == n { exit !($3 == w) }'; }
cap_is() { xl sched-credit2 -d "$1" | awk -v n="$1" -v c="$2" \
    '$1 == n { exit !($4 == c) }'; }
ratelimit_is() { xl sched-credit2 -s | grep -q "ratelimit=$1us"; }
pool_is() { xl cpupool-list | grep -q "^$1 "; }
in_pool() { xl cpupool-list -c | grep -q "^$1 .*$2"; }
domain_in_pool() { xl list -c "$1" | grep -q "$2\$"; }
dmesg_has() { xl dmesg | grep -q "$1"; }
nmis() { console g | grep -c "NMI.*on CPU $1"; }
# Of messages there are as many more.
nmi_came() { # VCPU BEFORE
    [ "$(nmis "$1")" -gt "$2" ]
}

listing() {
    xl help | sed 's/^/help|/'
    row "out '^g '" list
    row "out '^g .*-'" list -v
    row "out 'c_info'" list -l g
    row "out '^g .*Pool-0'" list -c
    row "out '^g .*all'" list -n
    row "out ' g'" vm-list
    row "out '^[0-9]*$'" domid g
    row "out '^g$'" domname "$(domid g)"
    row "out '^g .* 1 .*all / all'" vcpu-list g
    row "out '^Domain-0 '" uptime
    row "out '^g .*0:'" uptime g
    row "out '^total_memory *: *[1-9]'" info
    row "out '^ *0: *[1-9]'" info -n
    row "out '^g .*128 '" claims
    row "out '^g .*128 '" sharing
    for kind in network block channel pci usb vtpm vkb vsnd vdispl; do
        # Nothing but the names of columns.
        row "[ \$(wc -l <$work/out) -le 1 ]" $kind-list g
    done
    row "[ ! -s $work/out ]" pci-assignable-list
}
triggers() {
    # A guest that begins anew or ends would not answer.
    patience=once
    for t in reset init power sleep; do
        row "no runs g" trigger g $t
    done
    row "no runs g" button-press g power
    row "no runs g" trigger g s3resume # it does not sleep
    row "out none" trigger g none
    patience=soon
    # The last ones: on Xen in QEMU the guest may answer no more.
    for vcpu in 0 1; do
        row "nmi_came $vcpu $(nmis $vcpu)" trigger g nmi $vcpu
    done
}
running() {
    row "is_state g p" pause g
    row "no is_state g p" unpause g
    row "[ \"\$(xl domname $(domid g))\" = h ]" rename g h
    row "xl domid g" rename h g
    sed 's/"preserve"/"rename-restart"/' /g.cfg >/other.cfg
    row "grep -q rename-restart /var/lib/xen/userdata-*" \
        config-update g /other.cfg
    row "has g 'sysrq: HELP'" sysrq g h
    row "reported g 'cpus 1 '" vcpu-set g 1
    row "onlined g" vcpu-set g 2
    row "pinned_to g 0 0" vcpu-pin g 0 0
    row "pinned_to g 1 1" vcpu-pin g 1 1 all
    row "pinned_to g 0 all" vcpu-pin g all all all
    row "pinned_to g 0 99" vcpu-pin g 0 99
    row "weight_is g 512" sched-credit2 -d g -w 512
    row "cap_is g 50" sched-credit2 -d g -c 50
    row "cap_is g 0" sched-credit2 -d g -c 0
    row "ratelimit_is 2000" sched-credit2 -s -r 2000
    row "out '^g .*512'" sched-credit2
    row "out '^g '" sched-credit -d g
    row "out '^g '" sched-rtds -d g
    row "memory_is g 112" mem-set g 112
    row "memory_is g 128" mem-set g 128
    row "memory_is g 256" mem-set g 256
    row "limit_is g 262144" mem-max g 256
    row "limit_is g 102400" mem-max g 100
}
host() {
    row "out 'dom0\|Dom0'" dmesg
    row "dmesg_has \"key 'q'\"" debug-keys h
    row "dmesg_has 'dom0\|domain 0'" debug-keys q
    row "dmesg_has 'queue'" debug-keys r
    row "no dmesg_has 'Xen version\|CPUs'" dmesg -c
    patience=once
    row "hypfs /params/loglvl | grep -q '^error'" set-parameters loglvl=error
    patience=soon
    row "out 'Pool-0 *2 '" cpupool-list
    row "out 'Pool-0 *0,1'" cpupool-list -c
    row "no in_pool Pool-0 1" cpupool-cpu-remove Pool-0 1
    row "in_pool Pool-0 1" cpupool-cpu-add Pool-0 1
    row "domain_in_pool g Pool-0" cpupool-migrate g Pool-0
    row "domain_in_pool g none" cpupool-migrate g none
    row "pool_is Other" cpupool-rename Pool-0 Other
    row "pool_is Pool-0" cpupool-rename Other Pool-0
    row "pool_is Pool-node0" cpupool-numa-split
    ! pool_is Pool-node0 || xl cpupool-rename Pool-node0 Pool-0
    row "pool_is two" cpupool-create name=\"two\" sched=\"credit\"
    row "no pool_is two" cpupool-destroy two
}
# What neither processor has, what Debian's Xen is built without, and devices that
# a PVH guest has not got.
refused() {
    row "out 'Enabled *: *1'" psr-hwinfo
    row "out '^g '" psr-cmt-attach g
    row "out '^g '" psr-cmt-detach g
    row "out '^g '" psr-cmt-show cache-occupancy
    row "out '^g '" psr-cat-show g
    row "out '^g '" psr-cat-set g 1
    row "out '^g '" psr-mba-show g
    row "out '^g '" psr-mba-set g 10
    row "out ." getenforce
    row "out ." setenforce 1
    row "out ." loadpolicy /none
    row "out ." cd-insert g hdc /g.cfg
    row "out ." cd-eject g hdc
    row "out ." qemu-monitor-command g info
}
ending() {
    row "runs g" save -c g /g.save
    row "gone g" save g /g.save
    row "runs g" restore /g.save
    row "gone g" destroy g
    row "is_state g p" restore -p /g.save
    row "runs g" unpause g
    row "[ \$(domid g) != $(domid g) ] && runs g" \
        migrate -s "" g "/usr/lib/xen-4.17/bin/xl migrate-receive"
    rm -f /g.save
    row "gone g" destroy g
    fresh g
    row "runs g" create -q /g.cfg
    row "gone g" shutdown g
    fresh g
    row "is_state g p" create -q -p /g.cfg
    row "runs g" unpause g
    before=$(domid g)
    fresh g
    row "rebooted g $before" reboot g
    fresh g
    row "gone g" shutdown -w g
    for c in domid domname "list" shutdown reboot pause unpause destroy; do
        row "out ." $c g
    done
}
# xl tries each frame number up to that of the guest's last page: minutes.
dumping() {
    row "[ \"\$(head -c 4 /g.core | tail -c 3)\" = ELF ]" dump-core g /g.core
    wc -c </g.core | sed 's/^/# bytes of the core: /'
    rm -f /g.core
    row "gone g" destroy g
}
insert_modules() {
    while read -r m; do
        insmod "/$m" || return 1
    done </dom0-modules
}
# What Debian's scripts do that libxl starts; a network is of no interest.
hotplug_script() {
    cat >/hotplug <<'END3'
#!/bin/sh
case $XENBUS_PATH in
*/vbd/*) [ "$1" != add ] || xenstore write "$XENBUS_PATH/physical-device" 7:0 ;;
esac
END3
    chmod +x /hotplug
}
loop_device() {
    { echo hello && dd if=/dev/zero bs=1024 count=1024; } >/disk.img &&
        busybox losetup /dev/loop0 /disk.img
}
reads_disk() { has g 'xvdb says hello' || { type_line g "read xvdb" && no true; }; }
devices() {
    disk=format=raw,vdev=xvdb,access=rw,script=/hotplug,target=/dev/loop0
    row "reported g 'nets 1 '" network-attach g script=/hotplug
    row "out '^0 *0 .*/vif/'" network-list g
    row "reported g 'nets 0 '" network-detach g 0
    row "reported g 'disks 1.' && soon reads_disk" block-attach g $disk
    row "out '/vbd/'" block-list g
    row "reported g 'disks 0.'" block-detach g xvdb
}
tools() {
    row_of "out '^rip: ffffffff'" /xenctx -s /none "$(domid g)" 0
    row_of "out '^rip: ffffffff'" /xenctx -a "$(domid g)" 0
    row_of "out '^vcpu0:'" /xenctx -C "$(domid g)"
    row_of "out 'VCPU 0: Virtual IRQ'" /lsevtchn "$(domid g)"
    row_of "out ' CPU: .*rax '" /xen-hvmctx "$(domid g)"
    row_of "out '^CPU1'" /xenpm get-cpu-topology
}
part_running() {
    # AVX of a guest of Xen in QEMU is #UD now and then.
    config g 128 128 'vcpus = 2' "cmdline = \"console=hvc0 loglevel=8 noxsave $linux_args\""
    create g
    running
    triggers
    destroy g
}
part_table() {
    config g 128 128
    create g
    listing
    host
    refused
    tools
    destroy g
}
part_devices() {
    config g 128 128
    create g
    check "modules" insert_modules
    check "a script" hotplug_script
    check "a disk" loop_device
    devices
    destroy g
}
part_ending() {
    config g 128 128
    create g
    ending
}
part_dumping() {
    config g 128 128
    create g
    dumping
}

start_daemons
for part in "$@"; do
    "part_$part"
done
finish
