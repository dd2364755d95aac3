/* SPDX-License-Identifier: MIT */
/* Between the files of pv/. */
#ifndef PV_PV_H
#define PV_PV_H

#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/guest.h>
#include <x86/processor.h>
#include <x86/pv.h>
#include <x86/ring3.h>

static inline struct pv_vcpu *pv_of(struct vcpu *v)
{
    return &v->arch.pv;
}

/* Register nr as instructions number them: rax, rcx, rdx, rbx, rsp, ... */
static inline uint64_t *pv_gpr(struct trap_frame *r, unsigned int nr)
{
#define AT(reg) offsetof(struct trap_frame, reg)
    static const uint8_t at[16] = {
        AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
        AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
    };
#undef AT

    return (uint64_t *)((char *)r + at[nr & 15]);
}

/* Bits of CR4 that are the vcpu's while its state is in the CPU. */
#define PV_CR4_LIVE (CR4_TSD | CR4_DE)

static inline void pv_load_cr4(uint64_t cr4)
{
    uint64_t now = read_cr4();

    if ( (now ^ cr4) & PV_CR4_LIVE )
        write_cr4((now & ~PV_CR4_LIVE) | (cr4 & PV_CR4_LIVE));
}

/* An address that a guest may use: canonical, and not the hypervisor's. */
#define HV_VIRT_START 0xffff800000000000UL
#define HV_VIRT_END 0xffff880000000000UL
#define LOW_CANONICAL_END 0x0000800000000000UL

static inline bool pv_canonical(uint64_t va)
{
    return va < LOW_CANONICAL_END || va >= HV_VIRT_START;
}

static inline bool pv_range_ok(uint64_t va, uint64_t bytes)
{
    uint64_t end = va + bytes;

    if ( end < va )
        return false;
    return end <= LOW_CANONICAL_END || va >= HV_VIRT_END;
}

/*
 * ---- tlb.c ----
 *
 * While a CPU may use a guest's translations, in ring 3 or copying, it is
 * between tlb_begin() and tlb_end(): others wait for it there when they want it
 * to flush.  Otherwise it flushes at the next tlb_begin().
 */
extern struct pv_machine pv_bare_machine;
void tlb_begin(bool flush);
void tlb_end(void);
void tlb_load_cr3(uint64_t cr3); /* which flushes */
/* The root that v's mode uses, into CR3; v's state is in this CPU. */
void pv_load_cr3(struct vcpu *v);

/* ---- domain.c ---- */

extern const struct guest_ops pv_guest_ops;

/* What a PV kernel starts with. */
struct pv_start {
    uint64_t rip, rsp, rsi;
    mfn_t root; /* its L4, which is pinned */
};
/* Boot: v is down; it has these registers then.  Errors as pv_pin(). */
int pv_vcpu_start(struct vcpu *v, const struct pv_start *s) must_check;

/* ---- descriptors.c ---- */

void pv_descriptors_cpu_up(struct cpu *c);
/* v's tables on this CPU, whose TLB is flushed afterwards. */
void pv_map_descriptors(struct vcpu *v);
void pv_unmap_descriptors(void);
void pv_load_descriptors(struct vcpu *v); /* of pv_machine */
/* A register of a device, 4 bytes aligned: read, and written. */
uint32_t pv_device_read(uint64_t phys);
void pv_device_write(uint64_t phys, uint32_t value);
/*
 * A fault at the hypervisor's address of v's LDT: true, v may try again; else
 * *address is the guest's of the same place.
 */
bool pv_ldt_fault(struct vcpu *v, uint64_t *address);

/* ---- copy.c: by the addresses of v's kernel; 0 or -EFAULT ---- */

int pv_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes);
int pv_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes);
/* By those of what ring 3 was left in: of a program its own alone. */
int pv_read(void *dst, uint64_t src, size_t bytes) must_check;
int pv_write(uint64_t dst, const void *src, size_t bytes) must_check;

/* ---- segments.c: v's state is in this CPU ---- */

/*
 * The LDT's pages are mapped for that, which may give way: v->load_again, and v
 * does not run before the next call.
 */
void pv_load_segments(struct vcpu *v);
void pv_save_segments(struct vcpu *v);
/* The base of GS that a program, or the kernel, is going to have. */
void pv_swap_gs(struct vcpu *v);
void pv_set_gs_base(struct vcpu *v, bool of_user, uint64_t base);
/*
 * A program is going to have this selector in GS, and its base; 0 if there is no
 * such segment.  -ERESTART: call again.
 */
int pv_set_user_gs(struct vcpu *v, uint16_t selector) must_check;
uint64_t pv_gs_base(struct vcpu *v, bool of_user);

/*
 * ---- bounce.c: v's kernel is entered, v is current ----
 *
 * False: the domain has crashed, because its kernel has no such entry, or no
 * stack.
 */
bool pv_enter_trap(struct vcpu *v, unsigned int vector);
bool pv_enter_at(struct vcpu *v, enum pv_entry_point e);
/* An event is pending that is not masked: enter the kernel. */
bool pv_deliver_events(struct vcpu *v);
/* Segment registers could not be loaded: enter the kernel's failsafe callback. */
bool pv_tell_refused(struct vcpu *v);
/* hypercall iret: v goes on as the frame on its stack says. */
void pv_iret(struct vcpu *v);

/* ---- privileged.c ---- */

/* After #GP: true, the instruction is done, or v's kernel was told. */
bool pv_emulate_privileged(struct vcpu *v);
/* After #UD: the prefix that asks for it, and CPUID. */
bool pv_emulate_cpuid(struct vcpu *v);

/*
 * ---- ports.c: 1, 2 or 4 bytes ----
 *
 * Where v's domain has no such port: ones are read.
 */
uint32_t pv_port_in(const struct vcpu *v, uint16_t port, unsigned int size);
void pv_port_out(const struct vcpu *v, uint16_t port, unsigned int size,
                 uint32_t value);

/* ---- msr.c ---- */

bool pv_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool pv_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);
/* What an HVM vcpu left in this CPU, c, and ring 3 could find. */
void pv_forget_registers(struct cpu *c);

/* ---- hypercall.c ---- */

/* 4096 bytes of hypercalls for a 64-bit PV kernel. */
void pv_fill_hypercall_page(void *page);

/* Debug registers of the current vcpu. */

/*
 * -ENODEV: there is no such register; -EINVAL: more than 32 bits; -EPERM: an
 * address of the hypervisor's, a breakpoint on ports, DR7.GD.
 */
int pv_set_dr(struct vcpu *v, unsigned int nr, uint64_t value);
int pv_get_dr(struct vcpu *v, unsigned int nr, uint64_t *value);
/* Of a vcpu that is down, DR0 to DR7; what is refused is as after a reset. */
void pv_init_dr(struct vcpu *v, const uint64_t *values);

/* ---- physdev.c ---- */

long pv_physdev_op(struct hypercall *hc);

/*
 * ---- msi.c: what sends MSIs, in a function's configuration space ----
 *
 * pv_msi_find(): of function bdf, its MSI capability, or one entry of its MSI-X
 * table.  -ENODEV no such function, or it has no such capability; -EINVAL no such
 * entry, or not so many vectors; -ENXIO its table is not in memory that it decodes.
 */
struct pv_msi {
    uint16_t bdf;
    uint8_t capability; /* register */
    bool x;             /* MSI-X: entry `entry`, at `address` */
    uint16_t entry;
    uint64_t address;
};
int pv_msi_find(uint16_t bdf, bool x, int entry, unsigned int nr,
                struct pv_msi *msi) must_check;
/* Vectors from `vector` on, nr of them, at this local APIC. */
void pv_msi_send_to(const struct pv_msi *msi, unsigned int vector,
                    unsigned int nr, uint32_t apic_id);
/* The nth vector, where the function can mask it. */
void pv_msi_mask(const struct pv_msi *msi, unsigned int nth, bool masked);

/*
 * ---- pirq.c: interrupts of the machine ----
 *
 * pv_pirq_init(): at boot, dom0 is PV; the machine's pins are counted.  A pirq below
 * their number is the GSI of this number, the others are for MSIs.  All others:
 * -EINVAL d is not the hardware domain, or there is no such pirq, GSI.
 */
void pv_pirq_init(void);
int pv_gsi_map(struct domain *d, uint32_t gsi) must_check;
/* -EEXIST: it is bound, and is of another kind. */
int pv_gsi_setup(struct domain *d, uint32_t gsi, bool level, bool low)
    must_check;
int pv_gsi_vector(const struct domain *d, uint32_t gsi); /* or an errno */
/*
 * The first of nr pirqs, in a row, for this source; nr is a power of 2, up to 32.
 * -EEXIST: it has some; -ENOSPC: no vectors are left.
 */
int pv_msi_map(struct domain *d, const struct pv_msi *msi, unsigned int nr)
    must_check;
/* All MSIs of this function are told to it again: it was reset. */
int pv_msi_restore(struct domain *d, uint16_t bdf) must_check;
/*
 * A GSI, or all of a row of MSIs by the first.  -EINVAL also: not mapped; -EBUSY
 * bound.
 */
int pv_pirq_unmap(struct domain *d, uint32_t pirq);
int pv_pirq_needs_eoi(const struct domain *d, uint32_t pirq); /* 1, 0, errno */
int pv_pirq_eoi(struct domain *d, uint32_t pirq) must_check;

/* ---- run.c ---- */

void pv_run(struct vcpu *v, bool flush_tlb);

#endif
