/* SPDX-License-Identifier: MIT */
/* SYSCALL from ring 3: see x86/ring3.h. */
#include <x86/irq.h>
#include <x86/ring3.h>
#include <x86/selectors.h>

/* SYSCALL: CS, and SS 8 above.  There is no SYSRET. */
#define STAR_SYSCALL_SHIFT 32
#define STAR_SYSRET_SHIFT 48

void ring3_syscall(void);   /* ring3.S */
void ring3_syscall32(void);

_Static_assert(SELECTOR_DATA == SELECTOR_CODE + 8, "SYSCALL counts on it");
_Static_assert(sizeof(struct trap_frame) % 16 == 0,
               "the processor aligns the stack when it pushes a frame");

void ring3_cpu_up(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_CODE << STAR_SYSCALL_SHIFT |
                        (uint64_t)RING3_CS32 << STAR_SYSRET_SHIFT);
    wrmsr(MSR_LSTAR, (uint64_t)ring3_syscall);
    wrmsr(MSR_CSTAR, (uint64_t)ring3_syscall32);
    wrmsr(MSR_SFMASK, RFLAGS_DEFINED & ~RFLAGS_FIXED);
}
