/* SPDX-License-Identifier: MIT */
/*
 * Creation of a vcpu's VMCB, and the permission maps of ports and MSRs.
 *
 * intercepts.c has the intercepted instructions and events.  All accesses to
 * ports exit, except to those that the hardware domain may use; all accesses to
 * MSRs exit, except to those that VMLOAD and VMSAVE switch.
 *
 * The permission maps are shared and constant: [0] for guests, [1] for the
 * hardware domain.
 */
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/dom0.h>

#include "svm.h"

#define NR_PORTS 0x10000U
#define IOPM_BYTES (3 * PAGE_SIZE) /* a wide access at 0xffff reads beyond */
#define MSRPM_BYTES (2 * PAGE_SIZE)

static uint8_t iopm[2][IOPM_BYTES] __attribute__((aligned(4096)));
static uint8_t msrpm[MSRPM_BYTES] __attribute__((aligned(4096)));
static bool have_guests_maps, have_dom0s_map;

static const uint32_t own_msrs[] = {
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
    MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK,
    MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

/* Two bits for each MSR, in ranges of 0x2000 MSRs. */
static void allow_msr(uint32_t msr)
{
    unsigned int bit = (msr & 0x1fff) * 2, range = msr >> 13;
    unsigned int start = range == 0xc0000000U >> 13 ? 0x800 : 0;

    msrpm[start + bit / 8] &= (uint8_t)~(3U << bit % 8);
}

/* The maps are made with the first vcpu, at boot, on one CPU. */
static void make_maps(bool for_dom0)
{
    if ( !have_guests_maps )
    {
        memset(iopm, 0xff, sizeof(iopm));
        memset(msrpm, 0xff, sizeof(msrpm));
        for ( unsigned int i = 0; i < ARRAY_SIZE(own_msrs); i++ )
            allow_msr(own_msrs[i]);
        have_guests_maps = true;
    }
    if ( for_dom0 && !have_dom0s_map )
    {
        for ( unsigned int port = 0; port < NR_PORTS; port++ )
            if ( dom0_port_allowed((uint16_t)port) )
                iopm[1][port / 8] &= (uint8_t)~(1U << port % 8);
        have_dom0s_map = true;
    }
}

static bool kept_create(struct svm_vcpu *s)
{
#ifdef DEBUG
    s->kept = new_object(struct vmcb);
    return s->kept;
#else
    (void)s;
    return true;
#endif
}

int vmcb_create(struct vcpu *v)
{
    bool for_dom0 = v->domain->arch.hardware;
    struct page *pg = page_alloc(NULL, 0, 0);
    struct svm_vcpu *s;
    struct vmcb *b;

    if ( !pg )
        return -ENOMEM;
    s = new_object(struct svm_vcpu);
    if ( !s || !kept_create(s) )
    {
        hv_free(s);
        page_put(pg);
        return -ENOMEM;
    }
    make_maps(for_dom0);
    b = page_to_virt(pg);
    s->vmcb = b;
    s->vmcb_pa = mfn_x(page_to_mfn(pg)) << PAGE_SHIFT;
    vmcb_set_intercepts(b);
    b->iopm = virt_to_phys(iopm[for_dom0]);
    b->msrpm = virt_to_phys(msrpm);
    b->np_control = NP_ENABLE;
    b->np_cr3 = mfn_x(page_to_mfn(v->domain->p2m.root)) << PAGE_SHIFT;
    b->vintr = VINTR_MASKING;
    v->arch.hvm.vendor = s;
    return 0;
}

void vmcb_destroy(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    if ( !s )
        return;
    page_put(mfn_to_page(_mfn(s->vmcb_pa >> PAGE_SHIFT)));
    hv_free(s->kept);
    hv_free(s);
    v->arch.hvm.vendor = NULL;
}

/* ---- for crashes ---- */

static void show_seg(struct domain *d, const char *name,
                     const struct vmcb_seg *s)
{
    guest_printk(d, XENLOG_ERR,
                 "  %s %04x attr %03x limit %08x base %016lx\n", name,
                 s->sel, s->attr, s->limit, (unsigned long)s->base);
}

void vmcb_show(const struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    struct domain *d = v->domain;

#define L(x) (unsigned long)b->x
    guest_printk(d, XENLOG_ERR,
                 "VMCB of d%uv%u: exit %lx info %lx %lx, event %lx inject "
                 "%lx\n", d->domain_id, v->vcpu_id, L(exit_code),
                 L(exit_info_1), L(exit_info_2), L(exit_int_info),
                 L(event_inject));
    guest_printk(d, XENLOG_ERR,
                 "  intercepts %08x %08x %08x asid %u vintr %lx shadow %lx "
                 "np %lx\n", b->intercept_exceptions, b->intercept_1,
                 b->intercept_2, b->asid, L(vintr), L(interrupt_shadow),
                 L(np_cr3));
    guest_printk(d, XENLOG_ERR,
                 "  rip %016lx rsp %016lx rax %016lx rflags %08lx cpl %u\n",
                 L(rip), L(rsp), L(rax), L(rflags), b->cpl);
    guest_printk(d, XENLOG_ERR,
                 "  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %lx\n",
                 L(cr0), L(cr2), L(cr3), L(cr4), L(efer));
    guest_printk(d, XENLOG_ERR,
                 "  dr6 %lx dr7 %lx pat %lx\n", L(dr6), L(dr7), L(pat));
#undef L
    show_seg(d, "cs", &b->cs);
    show_seg(d, "ss", &b->ss);
    show_seg(d, "ds", &b->ds);
    show_seg(d, "es", &b->es);
    show_seg(d, "fs", &b->fs);
    show_seg(d, "gs", &b->gs);
    show_seg(d, "tr", &b->tr);
    show_seg(d, "ldt", &b->ldtr);
    show_seg(d, "gdt", &b->gdtr);
    show_seg(d, "idt", &b->idtr);
}
