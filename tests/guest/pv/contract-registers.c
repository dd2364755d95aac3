/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls about registers and entries, descriptor tables and selectors, and
 * programs.
 */
#include "contract.h"

#include <xen/callback.h>

#define NONCANONICAL (1UL << 63)
#define OF_HYPERVISOR 0xffff830000000000UL
#define UNMAPPED 0x8000000UL

static void debug_registers(void)
{
    static const uint64_t values[] = {
        0, 0x1000, 0x00007fffffffffffUL, 0x0000800000000000UL, NONCANONICAL,
        OF_HYPERVISOR, 0xffff880000000000UL, ~0UL, 0xffffffff, 0x400, 0x2000,
        0x20001, 0x20000, 0x155, 0x100000000UL,
    };

    for ( unsigned int nr = 0; nr < 10; nr++ )
        for ( unsigned int i = 0; i < sizeof(values) / 8; i++ )
        {
            if ( i && ((nr > 1 && nr < 4) || nr > 7) )
                continue;
            say("set_debugreg: %u to %lx: %ld", nr, values[i],
                hypercall2(__HYPERVISOR_set_debugreg, nr, values[i]));
            say(", then %lx\n", hypercall1(__HYPERVISOR_get_debugreg, nr));
            hypercall2(__HYPERVISOR_set_debugreg, 7, 0);
        }
    for ( unsigned int nr = 0; nr < 4; nr++ )
        hypercall2(__HYPERVISOR_set_debugreg, nr, 0);
    hypercall2(__HYPERVISOR_set_debugreg, 6, 0);
}

static void segment_bases(void)
{
    static uint64_t word = 0x1234;
    static const uint64_t values[] = {
        0, NONCANONICAL, OF_HYPERVISOR, 0x00007fffffffffffUL,
        0x0000800000000000UL, ~0UL, 0xe02b, 0xe008, 0xffff,
    };

    for ( unsigned int which = 0; which < 5; which++ )
        for ( unsigned int i = 0; i < sizeof(values) / 8; i++ )
            say("set_segment_base: %u to %lx: %ld\n", which, values[i],
                hypercall2(__HYPERVISOR_set_segment_base, which, values[i]));
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0);
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL,
               ADDRESS(&word));
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 0x5000);
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x6000);
    try((code_t)insn_gs_base, 0, 0);
    say("gs:0 is %lx\n", seen.rax);
    for ( uint32_t msr = 0xc0000100; msr < 0xc0000103; msr++ )
    {
        try((code_t)insn_rdmsr, msr, 0);
        say("msr %x: %d\n", msr, seen.rax == (msr == 0xc0000100 ? 0x6000 :
            msr == 0xc0000102 ? 0x5000 : ADDRESS(&word)));
    }
    hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0);
    try((code_t)insn_rdmsr, 0xc0000102, 0);
    say("gs base of programs after a selector: %lx\n", seen.rax);
}

static void fpu(void)
{
    line("fpu_taskswitch: 1", hypercall1(__HYPERVISOR_fpu_taskswitch, 1));
    try((code_t)insn_fnop, 0, 0);
    told("fnop", insn_fnop);
    try((code_t)insn_fnop, 0, 0);
    told("fnop again", insn_fnop);
    line("fpu_taskswitch: 77", hypercall1(__HYPERVISOR_fpu_taskswitch, 77));
    line("fpu_taskswitch: 0", hypercall1(__HYPERVISOR_fpu_taskswitch, 0));
    try((code_t)insn_fnop, 0, 0);
    told("fnop", insn_fnop);
}

static void stacks(void)
{
    static const uint64_t ss[] = { 0, 3, 0xe02b, 0xe028, 0xe02a, 0xe033, 0xe008,
                                   0x1234, 0x10000, 7 };

    for ( unsigned int i = 0; i < sizeof(ss) / 8; i++ )
        say("stack_switch: ss %lx: %ld\n", ss[i],
            hypercall2(__HYPERVISOR_stack_switch, ss[i],
                       KERNEL_STACK_END));
    line("stack_switch: not canonical",
         hypercall2(__HYPERVISOR_stack_switch, 0xe02b, NONCANONICAL));
    line("stack_switch: the hypervisor's",
         hypercall2(__HYPERVISOR_stack_switch, 0xe02b, OF_HYPERVISOR));
}

static void callbacks(void)
{
    static const uint64_t addresses[] = { 0, NONCANONICAL, OF_HYPERVISOR,
                                          0x0000800000000000UL };

    for ( unsigned int type = 0; type < 9; type++ )
    {
        struct callback_unregister u = { .type = (uint16_t)type };

        for ( unsigned int i = 0; i < sizeof(addresses) / 8; i++ )
        {
            struct callback_register r = { .type = (uint16_t)type,
                                           .address = addresses[i] };

            say("callback_register: %u at %lx: %ld\n", type, addresses[i],
                hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register,
                           ADDRESS(&r)));
            r.flags = 0xffff;
            say("callback_register: %u at %lx, all flags: %ld\n", type,
                addresses[i], hypercall2(__HYPERVISOR_callback_op,
                                         CALLBACKOP_register, ADDRESS(&r)));
        }
        say("callback_unregister: %u: %ld\n", type,
            hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_unregister,
                       ADDRESS(&u)));
    }
    line("callback_op: 2", hypercall2(__HYPERVISOR_callback_op, 2, 0));
    line("callback_register: unmapped",
         hypercall2(__HYPERVISOR_callback_op, 0, UNMAPPED));
    line("callback_unregister: unmapped",
         hypercall2(__HYPERVISOR_callback_op, 1, UNMAPPED));
    line("set_callbacks: event not canonical",
         hypercall5(__HYPERVISOR_set_callbacks, NONCANONICAL,
                    ADDRESS(failsafe_entry), ADDRESS(syscall_entry), 0, 0));
    line("set_callbacks: failsafe not canonical",
         hypercall5(__HYPERVISOR_set_callbacks, 0, NONCANONICAL,
                    ADDRESS(syscall_entry), 0, 0));
    line("set_callbacks: syscall not canonical",
         hypercall5(__HYPERVISOR_set_callbacks, 0, 0, NONCANONICAL, 0, 0));
    line("set_callbacks",
         hypercall5(__HYPERVISOR_set_callbacks, ADDRESS(event_entry),
                    ADDRESS(failsafe_entry), ADDRESS(syscall_entry), 0, 0));
    pv_set_traps(); /* the callback of NMIs was vector 2's entry */
}

static void assists(void)
{
    for ( unsigned int cmd = 0; cmd < 3; cmd++ )
        for ( unsigned int type = 0; type < 36; type++ )
            if ( type < 8 || type > 30 )
                say("vm_assist: %u %u: %ld\n", cmd, type,
                    hypercall2(__HYPERVISOR_vm_assist, cmd, type));
}

void contract_registers(void)
{
    debug_registers();
    segment_bases();
    fpu();
    stacks();
    callbacks();
    assists();
}

/* ---- programs ---- */

static uint64_t *user_root = pool[NR_POOL - 1];

static void user_calls(void)
{
    line("user base: not a table",
         mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(pool[0]), 0));
    line("user base: an L1",
         mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(table_of(pool, 1)), 0));
    line("user base: no such frame", mmuext(MMUEXT_NEW_USER_BASEPTR, ~0UL, 0));
    line("user base: 0", mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0));
    memset(user_root, 0, PAGE_SIZE);
    user_root[0] = table_of(pool, 4)[0];
    line("user base: mapped for writing",
         mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_root), 0));
    line("map it read-only", map_page(user_root, PAGE_RO));
    line("pin it", mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(user_root), 0));
    line("user base", mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_root), 0));
    line("user base again",
         mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_root), 0));
    line("unpin it", mmuext(MMUEXT_UNPIN_TABLE, mfn_of(user_root), 0));
    line("map it for writing", map_page(user_root, PAGE_RW));
}

/* It comes between two instructions of the program, before the first too. */
static void event_pending(void)
{
    struct vcpu_info *info = &shared_info->vcpu_info[0];

    info->evtchn_upcall_pending = 1;
    try_user(user_done);
    info->evtchn_upcall_pending = 0;
    told_frame("user: an event that hypercall iret unmasks", user_done);
}

void contract_user(void)
{
    struct trap_info t[2] = { { .vector = 13, .flags = 4,
                                .cs = FLAT_KERNEL_CS,
                                .address = ADDRESS(TRAP_ENTRY(13)) },
                              { 0 } };

    user_calls();
    try_user(user_done);
    told_frame("user: syscall", user_done);
    say("rcx - rip %ld r11 %lx on its stack %d\n",
        (long)(seen.rcx - seen.rip), seen.r11,
        seen.rsp == ADDRESS(user_stack + sizeof(user_stack) - 8));
    kernel_ss = 0x1234;
    try_user(user_done);
    say("user: syscall, kernel_ss 1234: then ss %x\n", seen.own_ss);
    kernel_ss = FLAT_KERNEL_SS;
    event_pending();
    for ( const struct insn *i = insns; i < insns_end; i++ )
    {
        try_user((void *)i->code);
        say("user: ");
        told(i->name, seen.vector == VECTOR_SYSCALL ? (void *)user_done
                                                    : (void *)i->code);
    }
    try_user(insn_tf);
    told_frame("user: TF", insn_tf);
    try_user(insn_sysenter);
    told_frame("user: sysenter", insn_sysenter);
    hypercall1(__HYPERVISOR_set_trap_table, ADDRESS(t));
    try_user(insns->code);
    told_frame("user: ud2", insns->code);
    pv_set_traps();
}
