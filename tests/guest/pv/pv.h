/* SPDX-License-Identifier: MIT */
/* What 64-bit PV test guests stand on: pv.c and start.S. */
#ifndef TESTS_GUEST_PV_PV_H
#define TESTS_GUEST_PV_PV_H

#include "../guest.h"

#define VECTOR_EVENT 0x100U
#define VECTOR_FAILSAFE 0x101U
#define VECTOR_SYSCALL 0x102U
#define VECTOR_SYSCALL32 0x103U
#define VECTOR_NMI_CALLBACK 0x104U
#define VECTOR_SYSENTER 0x105U

struct frame
{
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

extern struct start_info *start_info;
extern uint64_t start_rsp, start_rflags;
extern uint64_t failsafe_words[4]; /* ds, es, fs, gs of the last failsafe entry */
extern char trap_entries[], event_entry[], failsafe_entry[], syscall_entry[];
extern char syscall32_entry[], nmi_entry[], sysenter_entry[];
extern char attempt_out[], landed[], user_done[];
/* A program's stack, and the kernel's for traps of a program. */
extern char user_stack[4096], kernel_stack[8192];
#define KERNEL_STACK_END ADDRESS(kernel_stack + sizeof(kernel_stack))
extern uint64_t attempt_sp;

#define TRAP_ENTRY(vector) (trap_entries + 32 * (vector))

typedef void (*code_t)(uint64_t, uint64_t);
uint64_t attempt(code_t code, uint64_t a, uint64_t b);
void raw_iret(uint64_t frame, uint64_t unused);

/* ---- pv.c ---- */

/* The console, shared info at `shared_info`; no traps yet. */
void pv_init(void);
/* All entries: 0 to 31 and 0x80 of privilege level 3, the rest not there. */
void pv_set_traps(void);
/* Wait until the console's reader has everything, then shut down. */
_Noreturn void pv_end(unsigned int reason);
/* Called for each trap; false: the guest ends. */
extern bool (*pv_trap_hook)(struct frame *f);

static inline long hypercall2(unsigned long nr, unsigned long a,
                              unsigned long b)
{
    return hypercall5(nr, a, b, 0, 0, 0);
}

static inline long hypercall1(unsigned long nr, unsigned long a)
{
    return hypercall5(nr, a, 0, 0, 0, 0);
}

/* ---- memory ---- */

void *memset(void *s, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);

#define P 1UL
#define RW 2UL
#define US 4UL
#define PWT 8UL
#define PCD 0x10UL
#define ACCESSED 0x20UL
#define DIRTY 0x40UL
#define PSE 0x80UL /* in an L1 entry: PAT */
#define GLOBAL 0x100UL
#define NX (1UL << 63)
#define PAGE_RW (P | RW | US | ACCESSED | DIRTY)
#define PAGE_RO (P | US | ACCESSED | DIRTY)

#define NR_POOL 48
/* Pages for anything, mapped for writing at first. */
extern uint64_t pool[NR_POOL][512];

uint64_t mfn_of(const void *page);
uint64_t pte_of(const void *page, uint64_t flags);
/* The table of this level that maps va; 4 is the root. */
uint64_t *table_of(const void *va, unsigned int level);
/* The machine address of va's L1 entry. */
uint64_t l1e_address(const void *va);

long update_va(const void *va, uint64_t pte, unsigned long flags);
long map_page(const void *page, uint64_t flags); /* at its own address */
long mmu_update(uint64_t ptr, uint64_t val);
long mmuext(unsigned int cmd, uint64_t arg1, uint64_t arg2);

#endif
