# SPDX-License-Identifier: MIT
# The bare machine: what only it has.  Sources are C and assembler (.S).
x86-boot-y := $(addprefix xen/arch/x86/boot/, head.S main.c)
x86-lib-y := $(addprefix xen/arch/x86/lib/, frames.c loader.c memory.c options.c)
x86-cpu-y := $(addprefix xen/arch/x86/cpu/, \
    crash.c entry.S errata.c lock.c paging.c percpu.c ring3.S ring3.c symbols.c trace.c traps.c)
x86-platform-y := $(addprefix xen/arch/x86/platform/, \
    acpi-parse.c acpi.c c1e.c console-poll.c ioapic.c iommu.c irq.c lapic.c \
    pci.c power.c rtc.c serial.c smp.c time.c trampoline.S)
x86-svm-y := $(addprefix xen/arch/x86/svm/, \
    context.c control.c entry.S event.c exits.c fixed-msrs.c \
    intercepts.c msr.c svm.c \
    usable.c vmcb-check.c vmcb.c)
x86-hvm-y := $(addprefix xen/arch/x86/hvm/, \
    context.c copy.c domain.c emul-regs.c event.c exits.c io.c irq.c msr.c platform.c save.c \
    save-xsave.c vclocks.c vendor.c)
x86-vcpu-y := $(addprefix xen/arch/x86/vcpu/, \
    domain.c fpu.c placement.c run.c runqueue.c sched.c share.c stop-machine.c)
x86-pv-y := $(addprefix xen/arch/x86/pv/, \
    bounce.c context.c copy.c descriptors.c dom0.c domain.c hypercall.c \
    init.c msi.c msr.c physdev.c pirq.c ports.c privileged.c run.c segments.c \
    tlb.c)
x86-dom0-y := $(addprefix xen/arch/x86/dom0/, \
    acpi.c build.c devices.c library.c load.c msr.c unpack.c)
x86-y := $(x86-boot-y) $(x86-lib-y) $(x86-cpu-y) $(x86-platform-y) $(x86-svm-y) \
    $(x86-hvm-y) $(x86-vcpu-y) $(x86-pv-y) $(x86-dom0-y)
x86-lds := xen/arch/x86/boot/oriel.lds
