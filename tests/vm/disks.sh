# SPDX-License-Identifier: MIT
#
# disks.sh MIB SUM: in a PV dom0, as TAP: blkback gives disks that do DMA to guests,
# and netback a network.  The first MIB of each disk have the check sum SUM.

programs=
. /tap.sh
. /guests.sh

mib=$1 sum=$2

disk_script() { # the parts of a hotplug script that a plain device needs
    cat >/block-script <<'END'
#!/bin/sh
device=$(xenstore-read "$XENBUS_PATH/params")
if [ "$1" = add ]; then
    numbers=$(stat -L -c %t:%T "$device")
    xenstore-write "$XENBUS_PATH/physical-device" "$numbers"
    xenstore-write "$XENBUS_PATH/physical-device-path" "$device"
    xenstore-write "$XENBUS_PATH/hotplug-status" connected
fi
END
    cat >/vif-script <<'END'
#!/bin/sh
if [ "$1" = online ] || [ "$1" = add ]; then
    ip addr add 10.0.0.1/24 dev "$vif"
    ip link set "$vif" up
    xenstore-write "$XENBUS_PATH/hotplug-status" connected
fi
END
    chmod +x /block-script /vif-script
}
insert() { # MODULE...
    for m in "$@"; do
        insmod "/$m" || return
    done
}
config() { # NAME TYPE ARGUMENTS [DEVICES]
    cat >"/$1.cfg" <<END
name = "$1"
type = "$2"
kernel = "/vmlinuz"
ramdisk = "/disk-guest.cpio"
memory = 192
vcpus = 2
cmdline = "console=hvc0 loglevel=4 $linux_args $3"
on_crash = "preserve"
$4
END
}
sum_of() { # DEVICE SKIPPED
    dd if="$1" bs=1M skip="$2" count="$mib" 2>/dev/null | md5sum |
        grep -q "^$sum"
}
fetches_part() {
    wget -q -O - http://10.0.0.2/part | md5sum | grep "^$part"
}
msis() { grep "xen-pirq.*-msi" /proc/interrupts; }
disk_guest() { # NAME TYPE DEVICE
    echo 3 >/proc/sys/vm/drop_caches
    config "$1" "$2" "disk=$mib" "disk = [ 'vdev=xvda,format=raw,access=rw,backendtype=phy,script=/block-script,target=$3' ]
vif = [ 'script=/vif-script' ]"
    check "$1: create" xl create -q "/$1.cfg"
    eventually has "$1" "^guest: read "
    check "$1: reads $mib MiB" has "$1" "^guest: read $sum"
    eventually has "$1" "^guest: written"
    eventually has "$1" "^guest: fetched"
    check "$1: fetches a file from dom0" has "$1" "^guest: fetched $part"
    eventually has "$1" "^guest: serves"
    check "$1: dom0 fetches it back" fetches_part
    check "$1: destroy" xl destroy "$1"
    echo 3 >/proc/sys/vm/drop_caches
    check "$1: dom0 reads what was written" sum_of "$3" "$mib"
}

check "drivers" insert $(cat /dom0-modules)
eventually test -b /dev/sda
eventually test -b /dev/vda
check "their interrupts are MSIs" msis
for disk in sda vda; do
    check "dom0 reads $disk" sum_of /dev/$disk 0
done
mkdir /served
dd if=/dev/sda of=/served/part bs=1M count=16 2>/dev/null
part=$(md5sum </served/part | cut -d' ' -f1)
httpd -h /served
disk_script
start_daemons
config beside pv "memory=32"
check "a guest beside: create" xl create -q /beside.cfg
eventually has beside "^guest: memory as it was, round 1$"
disk_guest pv pv /dev/sda
disk_guest pvh pvh /dev/vda
round=$(console beside | sed -n 's/.*round //p' | tail -n 1)
eventually has beside "round $((round + 2))$"
check "a guest beside: its memory is as it was" \
    no has beside "memory differs"
check "a guest beside: destroy" xl destroy beside
eventually alone
check "nothing is lost" nothing_lost
cat /proc/interrupts | grep xen-pirq | sed 's/^/# /'
finish
