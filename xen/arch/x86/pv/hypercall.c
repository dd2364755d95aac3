/* SPDX-License-Identifier: MIT */
/* The hypercalls that only PV guests have, but for their memory: pv-mm/ops.h. */
#include "pv.h"

#include <hv/array.h>
#include <hv/guest-access.h>

#include <pv-mm/ops.h>

#include <xen/callback.h>

/* ---- traps ---- */

/*
 * The guest's list ends with an entry without address.  Longer ones go on at the
 * vector they name, so a list is as long as the guest likes.
 */
static long do_set_trap_table(struct hypercall *hc)
{
    struct pv_vcpu *p = pv_of(current);
    struct trap_info t;

    if ( !hc->a[0] )
    {
        memset(p->trap, 0, sizeof(p->trap));
        return 0;
    }
    for ( ;; hc->a[0] += sizeof(t) )
    {
        if ( hypercall_preempt_check() )
            return -ERESTART;
        if ( copy_from_arg(&t, hc->a[0]) )
            return -EFAULT;
        if ( !t.address )
            return 0;
        if ( !pv_canonical(t.address) )
            return -EINVAL;
        t.cs |= 3;
        p->trap[t.vector] = t;
    }
}

static long do_stack_switch(struct hypercall *hc)
{
    struct pv_vcpu *p = pv_of(current);

    p->kernel_ss = (uint16_t)hc->a[0] | 3;
    p->kernel_sp = hc->a[1];
    return 0;
}

static long set_callback(enum pv_entry_point e, uint64_t address, bool mask)
{
    if ( !pv_canonical(address) )
        return -EINVAL;
    pv_of(current)->entry[e] =
        (struct pv_callback){ .address = address, .mask_events = mask };
    return 0;
}

static long do_set_callbacks(struct hypercall *hc)
{
    /* One that cannot be stays what it was; the answer is 0 all the same. */
    (void)set_callback(PV_ENTRY_EVENT, hc->a[0], true);
    (void)set_callback(PV_ENTRY_FAILSAFE, hc->a[1], false);
    (void)set_callback(PV_ENTRY_SYSCALL, hc->a[2], false);
    return 0;
}

/* -1: no such callback. */
static int entry_of(unsigned int type, bool *always_masked)
{
    *always_masked = type == CALLBACKTYPE_event;
    switch ( type )
    {
    case CALLBACKTYPE_event:
        return PV_ENTRY_EVENT;
    case CALLBACKTYPE_failsafe:
        return PV_ENTRY_FAILSAFE;
    case CALLBACKTYPE_syscall:
        return PV_ENTRY_SYSCALL;
    case CALLBACKTYPE_syscall32:
        return PV_ENTRY_SYSCALL32;
    case CALLBACKTYPE_sysenter: /* of AMD's processors no 64-bit program comes */
        return PV_ENTRY_SYSENTER;
    default:
        return -1;
    }
}

static long callback_register(uint64_t arg)
{
    struct callback_register reg;
    bool masked;
    int e;

    if ( copy_from_arg(&reg, arg) )
        return -EFAULT;
    if ( !pv_canonical(reg.address) )
        return -EINVAL;
    e = entry_of(reg.type, &masked);
    if ( e < 0 )
        return -ENOSYS;
    return set_callback((enum pv_entry_point)e, reg.address,
                        masked || (reg.flags & CALLBACKF_mask_events));
}

static long callback_unregister(uint64_t arg)
{
    struct callback_unregister reg;
    bool masked;
    int e;

    if ( copy_from_arg(&reg, arg) )
        return -EFAULT;
    e = entry_of(reg.type, &masked);
    return e < 0 ? -ENOSYS : -EINVAL; /* none can be without */
}

static long do_callback_op(struct hypercall *hc)
{
    switch ( (unsigned int)hc->a[0] )
    {
    case CALLBACKOP_register:
        return callback_register(hc->a[1]);
    case CALLBACKOP_unregister:
        return callback_unregister(hc->a[1]);
    default:
        return -ENOSYS;
    }
}

/* ---- registers ---- */

static long do_fpu_taskswitch(struct hypercall *hc)
{
    pv_of(current)->ts = hc->a[0];
    return 0;
}

static long do_set_segment_base(struct hypercall *hc)
{
    struct vcpu *v = current;
    uint64_t base = hc->a[1];

    if ( (unsigned int)hc->a[0] != SEGBASE_GS_USER_SEL && !pv_canonical(base) )
        return -EINVAL;
    switch ( (unsigned int)hc->a[0] )
    {
    case SEGBASE_FS:
        wrmsr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        pv_set_gs_base(v, true, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        pv_set_gs_base(v, false, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        return pv_set_user_gs(v, (uint16_t)base);
    default:
        return -EINVAL;
    }
}

#define DR7_RW_BITS(value, i) ((value) >> (16 + 4 * (i)) & 3)
#define DR7_ENABLED(value, i) ((value) >> (2 * (i)) & 3)
#define DR_RW_IO 2U

/* No breakpoints on ports, and none that stop ring 0. */
static int set_dr7(struct pv_vcpu *p, uint64_t value)
{
    if ( value >> 32 )
        return -EINVAL;
    if ( value & DR7_GD )
        return -EPERM;
    value = (value & DR7_DEFINED) | DR7_RESET;
    for ( unsigned int i = 0; i < 4; i++ )
        if ( DR7_ENABLED(value, i) && DR7_RW_BITS(value, i) == DR_RW_IO )
            return -EPERM;
    p->dr7 = value;
    return 0;
}

static void write_dr(unsigned int nr, uint64_t value)
{
    switch ( nr )
    {
    case 0:
        __asm__ volatile ( "mov %0, %%db0" :: "r" (value) );
        break;
    case 1:
        __asm__ volatile ( "mov %0, %%db1" :: "r" (value) );
        break;
    case 2:
        __asm__ volatile ( "mov %0, %%db2" :: "r" (value) );
        break;
    default:
        __asm__ volatile ( "mov %0, %%db3" :: "r" (value) );
        break;
    }
}

static uint64_t read_dr(unsigned int nr)
{
    uint64_t value;

    switch ( nr )
    {
    case 0:
        __asm__ volatile ( "mov %%db0, %0" : "=r" (value) );
        break;
    case 1:
        __asm__ volatile ( "mov %%db1, %0" : "=r" (value) );
        break;
    case 2:
        __asm__ volatile ( "mov %%db2, %0" : "=r" (value) );
        break;
    default:
        __asm__ volatile ( "mov %%db3, %0" : "=r" (value) );
        break;
    }
    return value;
}

static bool is_address(unsigned int nr)
{
    return nr < 4;
}

/* DR4 and DR5 are DR6 and DR7, unless CR4.DE says that there are none. */
static bool exists(const struct pv_vcpu *p, unsigned int nr)
{
    return nr <= 7 && (is_address(nr) || nr > 5 || !(p->cr4 & CR4_DE));
}

static int set_dr(struct pv_vcpu *p, unsigned int nr, uint64_t value)
{
    if ( !exists(p, nr) )
        return -ENODEV;
    if ( is_address(nr) )
        return value < LOW_CANONICAL_END || value >= HV_VIRT_END ? 0 : -EPERM;
    if ( nr & 1 )
        return set_dr7(p, value);
    if ( value >> 32 )
        return -EINVAL;
    p->dr6 = (value & ~(uint64_t)DR6_ZERO) | DR6_RESET;
    return 0;
}

int pv_set_dr(struct vcpu *v, unsigned int nr, uint64_t value)
{
    int rc = set_dr(pv_of(v), nr, value);

    if ( !rc && is_address(nr) )
        write_dr(nr, value);
    return rc;
}

void pv_init_dr(struct vcpu *v, const uint64_t *values)
{
    struct pv_vcpu *p = pv_of(v);

    p->dr6 = DR6_RESET;
    p->dr7 = DR7_RESET;
    for ( unsigned int nr = 0; nr <= 7; nr++ )
    {
        int rc = set_dr(p, nr, values[nr]);

        if ( is_address(nr) )
            v->arch.dr[nr] = rc ? 0 : values[nr];
    }
}

int pv_get_dr(struct vcpu *v, unsigned int nr, uint64_t *value)
{
    if ( !exists(pv_of(v), nr) )
        return -ENODEV;
    *value = is_address(nr) ? read_dr(nr)
                            : nr & 1 ? pv_of(v)->dr7 : pv_of(v)->dr6;
    return 0;
}

static long do_set_debugreg(struct hypercall *hc)
{
    return pv_set_dr(current, (unsigned int)hc->a[0], hc->a[1]);
}

static long do_get_debugreg(struct hypercall *hc)
{
    uint64_t value;

    int rc = pv_get_dr(current, (unsigned int)hc->a[0], &value);

    return rc ? rc : (long)value;
}

/* ---- the table ---- */

static long (*const handlers[])(struct hypercall *hc) = {
    [__HYPERVISOR_set_trap_table] = do_set_trap_table,
    [__HYPERVISOR_mmu_update] = do_mmu_update,
    [__HYPERVISOR_set_gdt] = do_set_gdt,
    [__HYPERVISOR_stack_switch] = do_stack_switch,
    [__HYPERVISOR_set_callbacks] = do_set_callbacks,
    [__HYPERVISOR_fpu_taskswitch] = do_fpu_taskswitch,
    [__HYPERVISOR_set_debugreg] = do_set_debugreg,
    [__HYPERVISOR_get_debugreg] = do_get_debugreg,
    [__HYPERVISOR_update_descriptor] = do_update_descriptor,
    [__HYPERVISOR_update_va_mapping] = do_update_va_mapping,
    [__HYPERVISOR_update_va_mapping_otherdomain] =
        do_update_va_mapping_otherdomain,
    [__HYPERVISOR_set_segment_base] = do_set_segment_base,
    [__HYPERVISOR_mmuext_op] = do_mmuext_op,
    [__HYPERVISOR_callback_op] = do_callback_op,
    [__HYPERVISOR_physdev_op] = pv_physdev_op,
};

long arch_pv_hypercall(struct hypercall *hc)
{
    long (*handler)(struct hypercall *hc);

    if ( hc->nr >= ARRAY_SIZE(handlers) )
        return -ENOSYS;
    handler = array_at(handlers, hc->nr);
    return handler ? handler(hc) : -ENOSYS;
}

/* ---- the page of hypercalls ---- */

int arch_fill_hypercall_page(const struct domain *d, void *page)
{
    if ( d->translated )
        return -EOPNOTSUPP;
    pv_fill_hypercall_page(page);
    return 0;
}

/* 32 bytes each: push rcx; push r11; mov $nr, eax; syscall; pop r11; pop rcx; ret */
void pv_fill_hypercall_page(void *page)
{
    enum { STUB = 32, NR_STUBS = PAGE_SIZE / STUB, NR_AT = 4 };
    static const uint8_t stub[] = {
        0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3,
    };
    /* It does not return, and the frame that it leaves has rax, too. */
    static const uint8_t iret_stub[] = {
        0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05,
    };
    uint8_t *p = page;

    memset(p, 0xcc, PAGE_SIZE);
    for ( unsigned int nr = 0; nr < NR_STUBS; nr++, p += STUB )
    {
        memcpy(p, stub, sizeof(stub));
        memcpy(p + NR_AT, &nr, sizeof(nr));
        if ( nr == __HYPERVISOR_iret )
            memcpy(p, iret_stub, sizeof(iret_stub));
    }
}
