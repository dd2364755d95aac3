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
. /saved-guest.sh
shift

disk=/dev/vda

insert_disk() {
    while read -r m; do
        insmod "/$m" || return 1
    done </modules
    eventually test -b $disk
}

# ---- domains and pages ----

# What Xen does with its pages is not looked at.
destroy() { # NAME
    check "$1: destroy" xl destroy "$1"
    eventually alone
    if [ "$hypervisor" = oriel ]; then
        check "$1: all pages are back" eventually pages_are_back
        check "$1: nothing is lost" nothing_lost
    fi
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
