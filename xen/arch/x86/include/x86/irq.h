/* SPDX-License-Identifier: MIT */
/* Interrupt vectors, and who takes them. */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include <hv/types.h>

#include <x86/defns.h>

#define VECTOR_TIMER 0xf0        /* the local APIC's timer */
#define VECTOR_RESCHEDULE 0xf1    /* cpu_raise_softirq(), from another CPU */
#define VECTOR_SPURIOUS 0xff

/* What an interrupt or exception leaves on the stack. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * cpu/traps.c: the IDT, shared by all CPUs.  Stacks of #DF, NMI, #MC: IST.
 * interrupt() takes what has a vector from VECTOR_FIRST_DEVICE up.
 */
void traps_init(void (*interrupt)(unsigned int vector));
void traps_load(void); /* on each CPU */
/* From the stubs in cpu/entry.S. */
void trap_handle(struct trap_frame *f);
/*
 * An instruction that may fault: true when it did not.  By the table of
 * exceptions' fix-ups that traps.c looks up.
 */
bool rdmsr_safe(uint32_t msr, uint64_t *value);
bool wrmsr_safe(uint32_t msr, uint64_t value);

/*
 * ---- cpu/crash.c ----
 *
 * Registers, control registers, and the calls that led there, with names.
 * show_stack() follows frame pointers as long as they are in one of this
 * CPU's stacks.  rip 0: begins with the caller of the function rbp belongs to.
 */
void show_frame(const struct trap_frame *f);
void show_stack(uint64_t rip, uint64_t rbp);
/*
 * An exception that nobody expects: show all there is, then the machine ends:
 * crash_init().
 */
void crash_trap(const struct trap_frame *f) noreturn_fn;
/*
 * An NMI: stops this CPU when another one crashed or ends the machine; any
 * other is ignored.
 */
void crash_nmi(void);

/* cpu/symbols.c: the function an address is in; NULL: in none. */
const char *symbol_name(uint64_t address, uint64_t *offset);

#endif
