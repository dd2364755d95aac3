/* SPDX-License-Identifier: MIT */
/*
 * The VMCB's intercepts, bit by bit, each with the reason why it is on or off.
 *
 * Instructions that affect the guest alone are not intercepted: MOV to CR3,
 * INVLPG, RDTSC.  Writes of CR0 and CR4 are, since a guest may have fewer
 * features than the processor, and since QEMU accepts values that processors
 * refuse.
 *
 * tests/unit/test-svm-intercepts.c checks that every bit has one row.
 */
#include <hv/lib.h>

#include "svm.h"

enum { CR, DR, EXCEPTION, ONE, TWO, THREE };
enum { OFF, ON, VARIES /* event.c */ };

static const struct {
    uint8_t word, first, last, when;
    const char *why;
} intercepts[] = {
    { CR, 0, 15, OFF, "reads: registers have the guest's values" },
    { CR, 16, 16, ON, "CR0: modes that do not exist are #GP" },
    { CR, 17, 17, OFF, "CR1: #UD" },
    { CR, 18, 19, OFF, "CR2, CR3: the guest's own" },
    { CR, 20, 20, ON, "CR4: features that its CPUID does not have are #GP" },
    { CR, 21, 23, OFF, "CR5 to CR7: #UD" },
    { CR, 24, 24, VARIES, "CR8: while it holds an interrupt back" },
    { CR, 25, 31, OFF, "CR9 to CR15: #UD" },
    { DR, 0, 15, OFF, "reads: registers have the guest's values" },
    { DR, 16, 19, OFF, "DR0 to DR3: the guest's own, switched with its FPU" },
    { DR, 20, 23, ON, "DR6, DR7: their upper halves, which VMRUN refuses" },
    { DR, 24, 31, OFF, "DR8 to DR15: #UD" },
    { EXCEPTION, 0, 0, OFF, "#DE: the guest's own" },
    { EXCEPTION, 1, 1, ON, "#DB: a guest could have it delivered without end" },
    { EXCEPTION, 2, 2, OFF, "NMIs are ONE:1" },
    { EXCEPTION, 3, 9, OFF, "the guest's own" },
    { EXCEPTION, 10, 14, VARIES, "faults, while IRET is stepped over" },
    { EXCEPTION, 15, 16, OFF, "the guest's own" },
    { EXCEPTION, 17, 17, ON, "#AC: a guest could have it delivered without end" },
    { EXCEPTION, 18, 18, ON, "#MC: the machine's" },
    { EXCEPTION, 19, 31, OFF, "the guest's own" },
    { ONE, 0, 3, ON, "interrupts, NMI, SMI, INIT: the machine's" },
    { ONE, 4, 4, VARIES, "virtual interrupt: a window opens" },
    { ONE, 5, 5, OFF, "CR0 but TS and MP: CR:16 is for all of it" },
    { ONE, 6, 9, OFF, "reads of descriptor tables: the guest's own" },
    { ONE, 10, 13, OFF, "writes of descriptor tables: the guest's own" },
    { ONE, 14, 14, OFF, "RDTSC: all guests have the machine's" },
    { ONE, 15, 15, ON, "RDPMC: counters are not for guests" },
    { ONE, 16, 17, OFF, "PUSHF, POPF: the guest's own" },
    { ONE, 18, 18, ON, "CPUID: by the guest's policy" },
    { ONE, 19, 19, OFF, "RSM: #UD outside system management mode" },
    { ONE, 20, 20, VARIES, "IRET: the end of an NMI's handler" },
    { ONE, 21, 21, OFF, "INT n: the guest's own" },
    { ONE, 22, 22, ON, "INVD: others' data is in the caches" },
    { ONE, 23, 23, OFF, "PAUSE: vcpus have turns of a bounded length anyway" },
    { ONE, 24, 24, ON, "HLT: the vcpu sleeps" },
    { ONE, 25, 25, OFF, "INVLPG: the guest's own ASID" },
    { ONE, 26, 26, ON, "INVLPGA: not offered, could name others' ASIDs" },
    { ONE, 27, 27, ON, "ports: by the permission map" },
    { ONE, 28, 28, ON, "MSRs: by the permission map" },
    { ONE, 29, 29, ON, "task switches: not emulated, they end the guest" },
    { ONE, 30, 30, ON, "FERR freeze: nobody would end it" },
    { ONE, 31, 31, ON, "shutdown: a triple fault" },
    { TWO, 0, 0, ON, "VMRUN: demanded by the processor; not offered" },
    { TWO, 1, 1, ON, "VMMCALL: hypercalls" },
    { TWO, 2, 6, ON, "VMLOAD, VMSAVE, STGI, CLGI, SKINIT: not offered" },
    { TWO, 7, 7, OFF, "RDTSCP: the TSC is the machine's, TSC_AUX switched" },
    { TWO, 8, 8, OFF, "ICEBP: its #DB is intercepted" },
    { TWO, 9, 9, ON, "WBINVD: only dom0's devices see past the caches" },
    { TWO, 10, 12, ON, "MONITOR, MWAIT: not offered, the CPU would sleep" },
    { TWO, 13, 13, ON, "XSETBV: states that its CPUID does not have are #GP" },
    { TWO, 14, 14, ON, "RDPRU: not offered, shows the machine's frequencies" },
    { TWO, 15, 31, OFF, "traps behind writes of EFER and CRs: for others' "
                        "memory that is encrypted" },
    { THREE, 0, 1, ON, "INVLPGB: not offered, reaches other CPUs" },
    { THREE, 2, 2, OFF, "INVPCID: the guest's own ASID" },
    { THREE, 3, 3, ON, "MCOMMIT: not offered" },
    { THREE, 4, 4, ON, "TLBSYNC: not offered" },
    { THREE, 5, 5, OFF, "bus locks: slow for others, as without SVM" },
    { THREE, 6, 6, OFF, "idle HLT: HLT is intercepted always" },
    { THREE, 7, 31, OFF, "reserved" },
};

static uint32_t bits(unsigned int first, unsigned int last)
{
    return (uint32_t)((2UL << last) - (1UL << first));
}

void vmcb_set_intercepts(struct vmcb *b)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(intercepts); i++ )
        if ( intercepts[i].when == ON )
            b->intercepts[intercepts[i].word] |=
                bits(intercepts[i].first, intercepts[i].last);
    b->intercept_1 |= INTERCEPT_VINTR; /* until V_IRQ is to be taken */
}

bool svm_is_intercepted(unsigned int code)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(intercepts); i++ )
        if ( intercepts[i].word == code / 32 &&
             intercepts[i].first <= code % 32 &&
             intercepts[i].last >= code % 32 )
            return intercepts[i].when != OFF;
    return false;
}
