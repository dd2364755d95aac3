# SPDX-License-Identifier: MIT
# Tests by kind: tests/unit/test-NAME.c is one program.  Those of the core link
# a hosted machine of their own; those of the libraries link the library's
# sources; those of the engine link that too.
unit-core := acpi-make acquire acquire-life acquire-map budget bzimage console console-input console-log dm-op \
    compat compat-ops compat-shared dm-op-hvm log-dirty log-dirty-all domain-list domctl domctl-save \
    domctl-context domctl-policy domctl-vcpu e820 elf-load evtchn evtchn-fifo \
    evtchn-fifo-bulk evtchn-life evtchn-random grant grant-copy grant-life \
    grant-map grant-version hvm-op hypercall ioreq-gfn ioreq-gone ioreq-index ioreq-io ioreq-look ioreq-show ioreq-silent \
    ioreq-pages ioreq-ring ioreq-route ioreq-server keys kill-steps limits memory memory-map \
    memory-physmap guest-walk heap insn insn-memory insn-native \
    insn-segment insn-string insn-stubs insn-system insn-vector insn-wide misc own-page p2m p2m-large p2m-pool p2m-random p2m-range page pod pod-sweep \
    ram-map reservation runstate sched string sysctl time-info vcpu-info \
    vioapic vlapic vlapic-ipi vlapic-timer vpit
# Interrupt controllers.
unit-core += irq-lines vlapic-save vpic
# Control registers and XSAVE; clocks, and MTRRs.
unit-core += context-records control-regs cpu-records xsave clock-random vhpet vmtrr vpmtimer vrtc
# Page tables of PV guests.
unit-core += pv pv-audit pv-work pv-random pv-update pv-va pv-mmuext pv-desc pv-write pv-memory
unit-core += pv-core pv-exchange pv-grant-map pv-reservation
unit-race := evtchn-race grant-race ioreq-race ioreq-look-race vlapic-irq
# Of files that need no machine.
unit-alone := array acpi acpi-parse dom0-msr iommu elf errata layout rtc runqueue sched-shares sched-places guest-kind \
    guest-race guest-msr c1e options frames rules exit-memory svm-usable svm-event svm-nmi svm-intercepts unpack vmcb-check pv-pirq pv-traps pv-msr \
    pv-context pv-segments
# Of these, those with threads.
race-alone := guest-race
# liboriel-ioreq, as programs see it.
unit-ioreq := ioserver-hostile ioserver-io ioserver-life ioserver-polling ioserver-ring
ldflags-test-ioserver-life := -Wl,--wrap=poll,--wrap=eventfd
ldflags-test-ioserver-polling := -Wl,--wrap=poll,--wrap=slots_say
$(foreach v,asan tsan cov,$(eval \
    $(B)/$(v)/tests/unit/test-ioserver-%.o: inc = $$(inc-tool)))
# libxenctrl, on the Xen of ctrl-xen.c.
unit-ctrl := ctrl ctrl-seed ctrl-calls
# libxenforeignmemory, on the kernel of privcmd-kernel.c.
unit-foreignmemory := foreignmemory foreignmemory-resource
unit-libs := toollog $(unit-foreignmemory) $(unit-ctrl) tracer $(unit-ioreq) $(unit-alone)
unit-core += trace ioreq-list watchdog
unit-race += trace-race pv-race pod-race
libs-test-unpack := -llzma -lz
unit-engine := engine engine-cpu engine-real insn-engine
ldflags-test-ioreq-silent := -Wl,--wrap=evtchn_xen_bindings
ldflags-test-ioreq-look := -Wl,--wrap=evtchn_xen_bindings
ldflags-test-ioreq-gone := -Wl,--wrap=evtchn_notify_xen,--wrap=evtchn_xen_lost
# What an access without memory does not need.
ldflags-test-exit-memory := -no-pie -Wl,--unresolved-symbols=ignore-all
# Memory at the end of 4 GiB.
ldflags-test-compat-ops := -Wl,--wrap=arch_guest_copy_in,--wrap=arch_guest_copy_out
# The layout changes there.
ldflags-test-vcpu-info := -Wl,--wrap=p2m_get_own_page
# What another caller does while a report is copied.
ldflags-test-log-dirty := -Wl,--wrap=arch_guest_copy_out
ldflags-test-engine := -Wl,--wrap=uc_hook_add
# What the dying and their pages need.
unit-race += kill-race
# Those that take longest, which are started first.
unit-slow := kill-steps budget unpack insn-engine engine
