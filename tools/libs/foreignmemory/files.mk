# SPDX-License-Identifier: MIT
foreignmemory-name := libxenforeignmemory
foreignmemory-soname := libxenforeignmemory.so.1
foreignmemory-version := 1.4
foreignmemory-src := tools/libs/foreignmemory/core.c \
                     tools/libs/foreignmemory/linux.c
foreignmemory-map := tools/libs/foreignmemory/libxenforeignmemory.map
foreignmemory-libs := -lxentoollog -lxentoolcore
foreignmemory-pc := tools/libs/foreignmemory/xenforeignmemory.pc.in
foreignmemory-headers := include/xenforeignmemory.h

# tests/unit/test-foreignmemory.c is linked with foreignmemory-src, toollog-src,
# -lxentoolcore and these: it plays the kernel.
foreignmemory-test-ldflags := -Wl,--wrap=open -Wl,--wrap=close \
    -Wl,--wrap=ioctl -Wl,--wrap=mmap -Wl,--wrap=munmap -Wl,--wrap=usleep \
    -Wl,--wrap=malloc
