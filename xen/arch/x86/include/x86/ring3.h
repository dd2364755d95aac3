/* SPDX-License-Identifier: MIT */
/*
 * The way to ring 3 and back, of one CPU: cpu/ring3.S and cpu/entry.S.
 *
 * Ring 3 is entered with the registers in a struct trap_frame.  What ends it, an
 * exception, interrupt or SYSCALL, writes all registers to the frame that ends
 * at the CPU's trap_rsp, and ring3_enter() returns.  So that is the same frame.
 *
 * GS: outside of ring 3 the CPU's struct is GS base, and ring 3's own GS base
 * is in MSR_KERNEL_GS_BASE.
 */
#ifndef X86_RING3_H
#define X86_RING3_H

#include <x86/cpu.h>
#include <x86/irq.h>

enum ring3_exit {
    RING3_NOT_ENTERED, /* softirq_pending was set                            */
    RING3_LEFT,        /* by frame->vector, with frame->error                */
    RING3_FAULTED,     /* by IRET: frame->vector, frame->error               */
};

/*
 * On this CPU, interrupts off.  frame: 16-byte aligned, and the CPU's trap_rsp
 * is its end: ring3_use().  Interrupts are on in ring 3 when frame->rflags says
 * so.
 */
enum ring3_exit ring3_enter(struct trap_frame *frame,
                            const bool *softirq_pending);

/* What comes from ring 3 writes to this frame from now on. */
static inline void ring3_use(struct trap_frame *frame)
{
    struct cpu *c = this_cpu();

    c->trap_rsp = c->tss.rsp[0] = (uint64_t)(frame + 1);
}

/* On each CPU, before its state is kept for other uses: SYSCALL works. */
void ring3_cpu_up(void);

/* An interrupt that ended ring 3, vector VECTOR_FIRST_DEVICE or above. */
void trap_interrupt(unsigned int vector);

#endif
