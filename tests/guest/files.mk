# SPDX-License-Identifier: MIT
# PVH images of test guests: build/guest/NAME.elf from guest-NAME-src, linked
# with guest-NAME-lds, or guest-lds if it has none.
guests := hello property exits insn events bench machine processor fuzz traffic stub
guest-lib := $(addprefix tests/guest/,start.S guest.c text.c)
guest-hello-src := tests/guest/hello.c $(guest-lib)
# The same program, in a file as -fcf-protection makes them.
guest-property-src := $(guest-hello-src)
guest-property-lds := tests/guest/property.lds
guest-property-ldflags := -Wl,-z,ibt -Wl,-z,shstk
guest-exits-src := tests/guest/exits.c $(guest-lib)
guest-insn-src := tests/guest/insn.c tests/guest/insn.S $(guest-lib)
guest-events-src := tests/guest/events.c $(guest-lib)
guest-bench-src := $(addprefix tests/guest/,bench.c bench-flat.S) $(guest-lib)
guest-smp := $(guest-lib) tests/guest/smp.c tests/guest/smp.S
guests += clocks
guest-clocks-src := $(addprefix tests/guest/,clocks.c clocks-pit.c clocks-rtc.c \
    clocks-hpet.c clocks-acpi.c) $(guest-smp)
guest-processor-src := tests/guest/processor.c tests/guest/processor.S $(guest-smp)
guest-machine-src := tests/guest/machine.c tests/guest/control.c $(guest-smp)
guest-fuzz-src := $(addprefix tests/guest/,fuzz.c fuzz-ops.c fuzz-calls.c \
    fuzz-plans.c fuzz.S) $(guest-smp)
guest-traffic-src := tests/guest/traffic.c tests/guest/hostile.c $(guest-smp)
guest-stub-src := tests/guest/stub.c tests/guest/hostile.c $(guest-lib)
guests += interrupts
guest-interrupts-src := $(addprefix tests/guest/,interrupts.c interrupts-pic.c) \
    $(guest-smp)
guests += vcpus many
guest-bring-up := tests/guest/bring-up.c $(guest-lib)
guest-vcpus-src := tests/guest/vcpus.c $(guest-bring-up)
guest-many-src := tests/guest/many.c $(guest-bring-up)
guests += domu two-dm
guest-domu-src := tests/guest/domu.c $(guest-lib)
guest-two-dm-src := tests/guest/two-dm.c $(guest-smp)
# Behind firmware: build/guest/fuzz-devices.bin.
guest-fuzz-devices-src := $(addprefix tests/guest/,fuzz-devices-start.S \
    fuzz-devices.c)
guest-fuzz-devices-lds := tests/guest/fuzz-devices.lds
guest-lds := tests/guest/guest.lds
guest-cflags := -std=gnu11 -m64 -O2 -ffreestanding -fno-pic -fno-pie \
    -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
    -fcf-protection=none -fno-asynchronous-unwind-tables \
    -fno-tree-loop-distribute-patterns -Iinclude -Ixen/arch/x86/include \
    -Itests/guest
# 32-bit code without paging; the compiler's headers need no 32-bit libc.
guests-32 := hello events exits
guest-32-cflags := $(filter-out -m64 -mno-red-zone,$(guest-cflags)) -m32 \
    -march=i686 -Ixen/include/std
guest-ldflags := -nostdlib -static -no-pie -Wl,--build-id=none \
    -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments
# 64-bit PV kernels.
guests += pv-contract
guest-pv-lib := $(addprefix tests/guest/,pv/start.S pv/pv.c text.c)
guest-pv-contract-src := $(addprefix tests/guest/pv/,contract.c insns.S \
    contract-traps.c contract-registers.c contract-descriptors.c \
    contract-tables.c contract-mmu.c contract-calls.c contract-vcpus.c) \
    $(guest-pv-lib)
guests += pv-hostile
guest-pv-hostile-src := $(addprefix tests/guest/pv/,hostile.c hostile-calls.c \
    insns.S) tests/guest/hostile.c $(guest-pv-lib)
guests += pc
guest-pc-src := $(addprefix tests/guest/,pc.c pc-disk.c pc-display.c) $(guest-lib)
