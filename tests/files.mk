# SPDX-License-Identifier: MIT
# Tests by kind: tests/unit/test-NAME.c is one program.  Those of the core link
# a hosted machine of their own; those of the libraries link the library's
# sources; those of the engine link that too.
unit-core := acquire acquire-life acquire-map dm-op dm-op-hvm domctl \
    domctl-context domctl-policy domctl-vcpu evtchn evtchn-fifo \
    evtchn-fifo-bulk evtchn-life evtchn-random grant grant-copy grant-life \
    grant-map grant-version hvm-op ioreq-gfn ioreq-gone ioreq-index ioreq-io \
    ioreq-pages ioreq-ring ioreq-route ioreq-server memory memory-map \
    memory-physmap guest-walk misc p2m p2m-pool sched sysctl vcpu-info
unit-race := evtchn-race grant-race ioreq-race
unit-libs := toollog foreignmemory ctrl elf layout
unit-engine := engine
