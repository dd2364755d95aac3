# SPDX-License-Identifier: MIT
#
# What scripts/bench-xen runs in dom0 of a second machine: an HVM guest under
# Debian's xl and QEMU, with Debian's kernel and the initramfs /bench-initrd.
# Prints the rows of qemu-boot.

set -e
while read -r m; do
    insmod "/lib/modules/$m"
done </lib/modules/for-guests
mkdir -p /var/run/xen /var/log/xen
xenstored --pid-file /run/xenstored.pid
until [ -S /run/xenstored/socket ]; do
    sleep 1 # then look again
done
xen-init-dom0 >/dev/null
xenconsoled --pid-file /run/xenconsoled.pid
mkfifo /serial.in /serial.out
cat >/bench.cfg <<END_OF_FILE
name = "bench"
uuid = "b8e2e0a4-0b7a-4c5e-9f0e-0c6c2a5d7e12"
type = "hvm"
memory = 256
vcpus = 1
tsc_mode = "native"
kernel = "/hvm/vmlinuz"
ramdisk = "/bench-initrd"
cmdline = "quiet loglevel=4 console=ttyS0,115200"
serial = "pipe:/serial"
vnc = 0
sdl = 0
usb = 0
vga = "stdvga"
END_OF_FILE
xl=/usr/lib/xen-4.17/bin/xl
$xl create -q -p /bench.cfg
domid=$($xl domid bench)
qemu-boot "$domid" /serial.out || {
    tail -n 20 /var/log/xen/*bench*.log
    exit 1
}
$xl destroy bench
