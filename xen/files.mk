# SPDX-License-Identifier: MIT
# What the hypervisor is made of, by folder.  common, lib and emul are the same
# on every machine.

common-y := $(addprefix xen/common/, \
    audit.c console-guest.c console-input.c console-io.c console-log.c console.c control.c dm-op-hvm.c dm-op.c \
    domain-ref.c domain-run.c domain.c domctl-context.c domctl-create.c domctl-mem.c domctl-policy.c domctl-shadow.c \
    domctl-vcpu.c domctl.c domain-show.c gfn-show.c evtchn-2l.c evtchn-show.c gnttab-show.c ioreq-show.c \
    key-print.c keys.c evtchn-bind.c evtchn-fifo-setup.c \
    evtchn-fifo.c evtchn-free.c evtchn-hv.c evtchn-life.c evtchn-port.c evtchn.c gnttab-array.c gnttab-copy.c \
    gnttab-map.c gnttab-maptrack.c gnttab-pin.c gnttab-table.c \
    gnttab-version.c gnttab.c compat.c guest-access.c heap.c heap-show.c hvm-op.c hvm-save.c \
    hypercall.c ioreq-index.c ioreq-list.c ioreq-look.c ioreq-mem.c ioreq-pages.c ioreq-ring.c \
    ioreq-server.c ioreq.c memory-map.c memory-op.c memory.c multicall.c p2m-pool.c \
    log-dirty-all.c log-dirty.c p2m-audit.c p2m-own.c p2m-pod.c p2m-pt.c p2m-range.c p2m.c page-alloc.c page.c physmap.c platform-op.c \
    reservation-pv.c reservation.c resource.c time-info.c \
    sched-op.c sysctl-sched.c sysctl-topology.c sysctl.c timer.c trace-show.c trace.c vcpu-area.c \
    vcpu-context.c vcpu-op.c vcpu-run.c vcpu.c version.c)
lib-y := $(addprefix xen/lib/, \
    strtoul.c vsnprintf.c)
# For machines without a libc, whose memory is all in one linear map.
bare-lib-y := $(addprefix xen/lib/, \
    heap.c string.c)
emul-y := $(addprefix xen/arch/x86/emul/, \
    acpi-make.c acpi-patch.c bzimage.c control-regs.c xsave.c cpuid-leaves.c cpuid-policy.c e820.c elf-load.c emulate.c guest-walk.c insn-access.c \
    insn-alu.c insn-bits.c insn-decode.c insn-far.c insn-feature.c insn-log.c insn-memory.c insn-muldiv.c insn-opcode.c \
    insn-segment.c insn-shift.c insn-stack.c insn-string.c insn-stubs.c insn-system.c insn-vector.c ram-map.c rules.c vioapic.c vlapic-ipi.c vlapic-regs.c \
    vlapic-timer.c vlapic.c vpit.c)
# Clocks, and MTRRs.
emul-y += $(addprefix xen/arch/x86/emul/, date.c vhpet.c vmtrr.c vpmtimer.c vrtc.c)
# Interrupt controllers and their lines.
emul-y += $(addprefix xen/arch/x86/emul/, irq-lines.c vlapic-save.c vpic.c)

# Page tables of PV guests.
pv-mm-y := $(addprefix xen/arch/x86/pv-mm/, \
    audit.c batch.c desc.c descriptor-op.c domain.c entry.c exchange.c foreign.c m2p.c mmu-update.c mmuext.c \
    pt-insn.c pt-write.c roots.c type.c update.c update-va.c vcpus.c work.c)
pv-mm-y += xen/arch/x86/pv-mm/adopt.c

# Of all these, what only audit_all() runs.
audit-y := xen/common/audit.c xen/common/p2m-audit.c xen/arch/x86/pv-mm/audit.c

# The hosted machine; its server, which plays dom0's kernel; its engine,
# which runs guests.
hosted-y := $(addprefix xen/arch/hosted/, \
    absent.c access.c budget.c cpu.c fail.c lock.c machine.c trace.c)
server-y := $(addprefix xen/arch/hosted/server/, \
    doorbell.c command.c connection.c dev-evtchn.c dev-gntalloc.c dev-gntdev.c \
    dev-privcmd.c dev-xenbus.c dev-xsd.c file.c folder.c gntdev-copy.c \
    kernel-files.c life.c main.c mapping.c mm.c options.c output.c privcmd-map.c \
    privcmd-resource.c report.c toolstack.c tracer.c vma.c xenbus-watch.c \
    xenstore.c)
engine-y := $(addprefix xen/arch/hosted/engine/, \
    context.c engine.c exits.c hooks.c hypercall-page.c inject.c \
    real-mode.c space.c turns.c)
preload-y := $(addprefix xen/arch/hosted/preload/, attributes.c calls.c \
    connect.c control.c devxen.c doorbell.c exec.c file.c folders.c map.c memory.c \
    names.c paths.c places.c process.c real.c safe.c stat.c syscall.c transfer.c \
    walks.c)
# Loaded in front of it by --trace; its decoder is also fuzzed.
decoder-y := $(addprefix xen/arch/hosted/tracer/, line.c show.c table-dm-op.c \
    table-domctl-device.c table-domctl-names.c table-domctl-vcpu.c table-domctl.c \
    table-evtchn.c table-flask.c table-grant.c table-guest.c table-hvm.c \
    table-hypercall.c table-ioctl.c table-memory.c table-physdev.c table-shared.c \
    table-sysctl-names.c table-sysctl-power.c table-sysctl.c)
tracer-y := $(decoder-y) $(addprefix xen/arch/hosted/tracer/, call.c calls.c \
    files.c output.c) xen/arch/hosted/preload/real.c

# No circle of calls between files of the core has more files than this.  The
# objects come before lint, which makes circles in a make of its own.
core-objs := $(common-y:%.c=$(B)/hosted/%.o)
circles: $(core-objs)
	$(Q)scripts/circles --most 2 $^
lint: $(core-objs)
.PHONY: circles
