/* SPDX-License-Identifier: MIT */
/*
 * Segment registers of a PV vcpu, while its state is in the CPU.
 *
 * Ring 3 may load any selector, so the registers are read back.  GS base of what
 * runs in ring 3 is in MSR_KERNEL_GS_BASE outside of ring 3 (x86/ring3.h); the
 * other one, of the kernel while a program runs or the other way round, is in
 * memory.
 */
#include "pv.h"

#include <x86/fixup.h>

#define READ_SEGMENT(s) ({                                                   \
    uint16_t sel_;                                                           \
    __asm__ volatile ( "mov %%" #s ", %0" : "=r" (sel_) );                   \
    sel_;                                                                    \
})

#define SELECTOR_TI 4U /* of the LDT */

/* A selector that the processor refuses becomes 0, which `sel` then is. */
#define LOAD_SEGMENT(s, sel)                                                 \
    __asm__ volatile ( "1: mov %k0, %%" #s "\n2:\n"                          \
                       ".pushsection .text.unlikely, \"ax\"\n"               \
                       "3: xor %k0, %k0; jmp 1b\n"                           \
                       ".popsection\n" FIXUP(1b, 3b)                         \
                       : "+r" (sel) )

/* False: it was refused. */
static bool load_gs(uint16_t selector)
{
    uint32_t sel = selector;

    /* The base that comes with it goes to MSR_KERNEL_GS_BASE. */
    __asm__ volatile ( "swapgs\n1: mov %k0, %%gs\n2: swapgs\n"
                       ".pushsection .text.unlikely, \"ax\"\n"
                       "3: xor %k0, %k0; jmp 1b\n"
                       ".popsection\n" FIXUP(1b, 3b)
                       : "+r" (sel) :: "memory" );
    return sel == selector;
}

static uint64_t *gs_base(struct pv_vcpu *p, bool of_user)
{
    return of_user ? &p->gs_base_user : &p->gs_base_kernel;
}

/* Is it the one in MSR_KERNEL_GS_BASE? */
static bool is_active(const struct pv_vcpu *p, bool of_user)
{
    return p->kernel != of_user;
}

/*
 * Map the page of the LDT where this selector's descriptor is, as a fault of
 * ring 3's would: -ERESTART, or 0, also if there is none.
 */
static int map_ldt_of(struct vcpu *v, uint16_t selector)
{
    const struct pv_descriptors *t = &v->domain->pv->descriptors[v->vcpu_id];
    unsigned int page = (selector & ~7U) / PAGE_SIZE;
    int rc;

    if ( !(selector & SELECTOR_TI) || t->ldt[page] )
        return 0;
    rc = pv_map_ldt(v, page);
    return rc == -ERESTART ? rc : 0;
}

/* All that v has: 0 or -ERESTART. */
static int map_ldt_of_all(struct vcpu *v)
{
    const struct pv_vcpu *p = pv_of(v);
    int rc = map_ldt_of(v, p->ds);

    if ( !rc )
        rc = map_ldt_of(v, p->es);
    if ( !rc )
        rc = map_ldt_of(v, p->fs);
    return rc ? rc : map_ldt_of(v, p->gs);
}

/* Its LDT may be another one than when ring 3 loaded them. */
void pv_load_segments(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);
    uint32_t ds = p->ds, es = p->es, fs = p->fs;

    p->load_again = map_ldt_of_all(v) != 0;
    LOAD_SEGMENT(ds, ds);
    LOAD_SEGMENT(es, es);
    LOAD_SEGMENT(fs, fs);
    p->refused = !load_gs(p->gs) || ds != p->ds || es != p->es || fs != p->fs;
    wrmsr(MSR_FS_BASE, p->fs_base);
    wrmsr(MSR_KERNEL_GS_BASE, *gs_base(p, !p->kernel));
}

/* Refused ones are in *p until the kernel is told: ring 3 has not run since. */
static void read_selectors(struct pv_vcpu *p)
{
    if ( unlikely(p->refused) )
        return;
    p->ds = READ_SEGMENT(ds);
    p->es = READ_SEGMENT(es);
    p->fs = READ_SEGMENT(fs);
    p->gs = READ_SEGMENT(gs);
}

void pv_save_segments(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);
    uint32_t none = 0;

    read_selectors(p);
    p->fs_base = rdmsr(MSR_FS_BASE);
    *gs_base(p, !p->kernel) = rdmsr(MSR_KERNEL_GS_BASE);
    LOAD_SEGMENT(ds, none);
    LOAD_SEGMENT(es, none);
    LOAD_SEGMENT(fs, none);
    load_gs(0);
}

/* v's mode has just changed. */
void pv_swap_gs(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);

    *gs_base(p, p->kernel) = rdmsr(MSR_KERNEL_GS_BASE);
    wrmsr(MSR_KERNEL_GS_BASE, *gs_base(p, !p->kernel));
}

uint64_t pv_gs_base(struct vcpu *v, bool of_user)
{
    struct pv_vcpu *p = pv_of(v);

    return is_active(p, of_user) ? rdmsr(MSR_KERNEL_GS_BASE)
                                 : *gs_base(p, of_user);
}

void pv_set_gs_base(struct vcpu *v, bool of_user, uint64_t base)
{
    struct pv_vcpu *p = pv_of(v);

    if ( is_active(p, of_user) )
        wrmsr(MSR_KERNEL_GS_BASE, base);
    else
        *gs_base(p, of_user) = base;
}

int pv_set_user_gs(struct vcpu *v, uint16_t selector)
{
    uint64_t kernel = rdmsr(MSR_KERNEL_GS_BASE);
    int rc = map_ldt_of(v, selector);

    if ( rc )
        return rc;
    load_gs(selector);
    pv_of(v)->gs_base_user = rdmsr(MSR_KERNEL_GS_BASE);
    wrmsr(MSR_KERNEL_GS_BASE, kernel);
    return 0;
}
