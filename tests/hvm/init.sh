#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The first program of an HVM guest: writes lines "hvm: ..." that are the same
# on every hypervisor, and switches the guest off.  It is /init of the
# initramfs, and with hvm=disk and hvm=pv also /sbin/init of the disk.

export PATH=/bin
say() {
    echo "hvm: $*" >/dev/ttyS0
    echo "hvm: $*" >/dev/tty0
}

state_mounts() {
    mount -t devtmpfs devtmpfs /dev 2>/dev/null
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
}
has() { grep -q "$1" /proc/cmdline; }

# The processor, the devices that the kernel found, and what drives the clocks.
state_machine() {
    say "kernel $(uname -m), $(nproc) CPUs"
    say "hypervisor $(cat /sys/hypervisor/type)" \
        "$(cat /sys/hypervisor/version/major)"
    say "clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
    for d in /sys/bus/pci/devices/*; do
        say "pci ${d##*/} $(cat "$d/vendor") $(cat "$d/device")" \
            "$(cat "$d/class")"
    done
    say "acpi $(ls /sys/firmware/acpi/tables | sort | tr '\n' ' ')"
    say "interrupts $(sed -n 's/^ *[0-9]*: .* \([A-Za-z][^ ]*\)$/\1/p' \
        /proc/interrupts | grep -vE '^(xen|timer|spinlock|resched|callfunc|debug|irqwork)' |
        sort | tr '\n' ' ')"
    say "rtc $(cat /sys/class/rtc/rtc0/name | cut -d' ' -f1)"
}

complain() {
    dmesg | grep -E 'Call Trace:|BUG:|Oops:|\] WARNING:|soft lockup|self-detected stall|nobody cared' |
        while read -r line; do
            say "trouble $line"
        done
}

off() {
    say "network $1"
    complain
    say "the end"
    sync
    poweroff -f
}

if [ "$0" = /sbin/init ]; then
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    say "init from the disk: $(grep ' / ' /proc/mounts | cut -d' ' -f1,3)"
    say "kernel on the disk $(sha256sum /boot/vmlinuz | cut -c1-16)"
    net=none
    if [ -e /sys/class/net/eth0 ]; then
        ip link set eth0 up
        ip addr add 192.168.77.2/24 dev eth0
        net="eth0 $(basename "$(readlink /sys/class/net/eth0/device/driver)")"
        until ping -c 1 -W 1 192.168.77.1 >/dev/null; do
            sleep 1 # then look again
        done
        net="$net answers"
    fi
    off "$net"
fi

state_mounts
exec </dev/console >/dev/console 2>&1
say "init"
state_machine
if has hvm=direct; then
    off none
fi
while read -r m; do
    case $m in
    xen-*) has hvm=pv || continue ;; # not there without unplug
    esac
    insmod "/modules/$m" || say "trouble: no module $m"
done </modules/order
part=/dev/sda1
has hvm=pv && part=/dev/xvda1
until [ -b $part ]; do
    sleep 1 # then look again
done
say "disk $(basename "$(readlink "/sys/class/block/$(basename $part)/../device/driver")")"
mount -t ext2 -o ro $part /disk || say "trouble: no file system"
mount -t devtmpfs devtmpfs /disk/dev
umount /proc
umount /sys
exec switch_root /disk /sbin/init
