# SPDX-License-Identifier: MIT
#
# sh save.sh xen|oriel PART...: a Linux PVH guest with two vcpus under Debian's xl
# is saved, restored and moved, in dom0, as TAP.  What the guest does:
# tests/vm/save-guest.c.  Parts:
#
#   here     save -c five times, a save that fails, save and restore, destroy
#   move     live migration to this machine
#   out      a guest is saved to the disk
#   in       it is restored from there
#
# The disk, /dev/vda, has the length of the file in its first block.

hypervisor=$1 programs=
. /tap.sh
. /guests.sh
shift

disk=/dev/vda

insert_disk() {
    while read -r m; do
        insmod "/$m" || return 1
    done </disk-modules
    eventually test -b $disk
}

config() { # NAME
    cat >"/$1.cfg" <<END2
name = "$1"
type = "pvh"
kernel = "/vmlinuz"
ramdisk = "/save.cpio"
memory = 160
vcpus = 2
cmdline = "console=hvc0 loglevel=4 $linux_args"
on_crash = "preserve"
END2
}

# ---- the guest's console ----

# The workers' lines of the next report, in $work/report.
reports=0 # of the guest, which counts them too
report() { # NAME
    reports=$((reports + 1))
    eventually type_line "$1" report
    eventually has "$1" "^guest: report $reports worker 1 "
    console "$1" | grep "^guest: report $reports worker" >"$work/report"
    cat "$work/report"
}
# Two workers, all words as they were written, and time that went on.
well() { # NAME
    report "$1"
    [ "$(grep -c "bad 0 back 0$" "$work/report")" = 2 ]
}
written() { # WORKER, of the last report
    sed -n "s/^.* worker $1 written \([0-9]*\) .*/\1/p" "$work/report"
}
goes_on() { # NAME: more pages were written than at the last report
    before0=$(written 0) before1=$(written 1)
    well "$1" && [ "$(written 0)" -ge "$before0" ] &&
        [ "$(written 1)" -ge "$before1" ] &&
        [ $(($(written 0) + $(written 1))) -gt $((before0 + before1)) ]
}

# ---- domains and pages ----

runs() { # NAME: the only domain beside dom0, neither paused nor shut down
    xl list | awk -v name="$1" 'NR > 2 { n++; if ($1 == name &&
        $5 !~ /[psd]/) good++ } END { exit !(n == 1 && good == 1) }'
}
# What Xen does with its pages is not looked at.
destroy() { # NAME
    check "$1: destroy" xl destroy "$1"
    eventually alone
    if [ "$hypervisor" = oriel ]; then
        check "$1: all pages are back" eventually pages_are_back
        check "$1: nothing is lost" nothing_lost
    fi
}

# dom0 keeps a few pages for the first guest that it has: tables of its p2m.
first_one() {
    config first
    check "a first guest" xl create -q /first.cfg
    eventually has first "^guest: ready"
    check "which is destroyed" xl destroy first
    eventually alone
}
create() { # NAME
    reports=0
    rm -f "$log/guest-$1.log"
    config "$1"
    check "$1: create" xl create -q "/$1.cfg"
    eventually has "$1" "^guest: ready"
    check "$1: two vcpus" has "$1" "^guest: 2 vcpus"
    check "$1: its memory is right" well "$1"
}

# ---- the parts ----

save_and_go_on() {
    for i in 1 2 3 4 5; do
        check "save -c $i" xl save -c g /g.save
        check "save -c $i: the guest runs" runs g
        check "save -c $i: it goes on" goes_on g
    done
    rm -f /g.save
}
# /dev/full takes nothing: the guest must not notice.
failed_save() {
    check "a save that fails" no xl save g /dev/full
    check "the guest of a save that fails runs" runs g
    check "it goes on" goes_on g
}
save_and_restore() {
    check "save" xl save g /g.save
    check "save: the guest has gone" alone
    check "save: its pages are back" eventually pages_are_back
    check "restore" xl restore /g.save
    check "restore: the guest runs" runs g
    check "restore: it goes on" goes_on g
    rm -f /g.save
}
# Its own machine is the other one, too.
migrate() {
    check "migrate" \
        xl migrate -s "" g "/usr/lib/xen-4.17/bin/xl migrate-receive"
    check "migrate: the guest runs" runs g
    check "migrate: it goes on" goes_on g
}
part_here() {
    first_one
    free=$(free-pages)
    create g
    save_and_go_on
    failed_save
    save_and_restore
    check "the guest's kernel has not complained" no_complaint g
    destroy g
}
part_move() {
    first_one
    free=$(free-pages)
    create g
    migrate
    check "the guest's kernel has not complained" no_complaint g
    destroy g
}

put_on_disk() { # FILE
    wc -c <"$1" | dd of=$disk bs=512 count=1 conv=sync 2>/dev/null &&
        dd if="$1" of=$disk bs=65536 seek=1 conv=sync,fsync 2>/dev/null
}
get_from_disk() { # FILE
    dd if=$disk bs=512 count=1 2>/dev/null | tr -d '\0' >"$work/size"
    read -r size <"$work/size"
    dd if=$disk bs=65536 skip=1 count=$(((size + 65535) / 65536)) 2>/dev/null |
        head -c "$size" >"$1"
    [ "$(wc -c <"$1")" = "$size" ]
}
part_out() {
    check "the disk is there" insert_disk
    create g
    check "save" xl save g /g.save
    check "to the disk" put_on_disk /g.save
    cat "$work/report"
}
part_in() {
    check "the disk is there" insert_disk
    first_one
    free=$(free-pages)
    check "from the disk" get_from_disk /g.save
    check "restore" xl restore /g.save
    check "the guest runs" runs g
    reports=1 # it was asked once where it was saved
    check "its memory is right" well g
    check "it goes on" goes_on g
    check "save -c" xl save -c g /g.save
    check "it goes on" goes_on g
    check "the guest's kernel has not complained" no_complaint g
    rm -f /g.save
    destroy g
}

start_daemons
for part in "$@"; do
    "part_$part"
done
finish
