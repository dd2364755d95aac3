/* SPDX-License-Identifier: MIT */
/*
 * What a 64-bit PV guest is answered: on Debian's Xen and on Oriel the same.
 * contract.h; each part is in a file of its own.
 */
#include "contract.h"

#include <xen/features.h>
#include <xen/version.h>

struct seen seen;
static bool attempting;

void line(const char *what, long rc)
{
    say("%s: %ld\n", what, rc);
}

/* ---- traps ---- */

static bool hook(struct frame *f)
{
    if ( contract_second(f) )
        return true;
    if ( !seen.nr++ )
    {
        __asm__("mov %%ss, %0" : "=r"(seen.own_ss));
        seen.vector = f->vector;
        seen.error = f->error;
        seen.rip = f->rip;
        seen.cs = f->cs;
        seen.rflags = f->rflags;
        seen.rsp = f->rsp;
        seen.ss = f->ss;
        seen.rcx = f->rcx;
        seen.r11 = f->r11;
        seen.rax = f->rax;
        seen.cr2 = shared_info->vcpu_info[0].arch.cr2;
        seen.masked = shared_info->vcpu_info[0].evtchn_upcall_mask;
    }
    if ( !attempting || seen.nr > 100 )
        return false;
    f->rip = ADDRESS(attempt_out);
    f->cs = FLAT_KERNEL_CS & ~3UL;
    f->ss = FLAT_KERNEL_SS & ~3UL;
    f->rsp = attempt_sp;
    f->rflags = 2;
    return true;
}

void try(code_t code, uint64_t a, uint64_t b)
{
    uint64_t rax;

    seen = (struct seen){ .vector = NO_TRAP };
    attempting = true;
    rax = attempt(code, a, b);
    attempting = false;
    if ( !seen.nr )
        seen.rax = rax;
}

static const char *trap_name(uint64_t vector)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",
        "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM",
    };

    switch ( vector )
    {
    case VECTOR_EVENT:
        return "event";
    case VECTOR_FAILSAFE:
        return "failsafe";
    case VECTOR_SYSCALL:
        return "syscall";
    case VECTOR_SYSCALL32:
        return "syscall32";
    case VECTOR_NMI_CALLBACK:
        return "nmi callback";
    case VECTOR_SYSENTER:
        return "sysenter";
    default:
        return vector < sizeof(names) / sizeof(names[0]) ? names[vector]
                                                         : "vector";
    }
}

static void told_trap(const char *what, const void *code)
{
    say("%s: ", what);
    if ( seen.vector == NO_TRAP )
    {
        say("fine");
        return;
    }
    say("%s", trap_name(seen.vector));
    if ( seen.vector >= 32 && seen.vector < VECTOR_EVENT )
        say(" %lx", seen.vector);
    say(" error %lx at ", seen.error);
    if ( code && seen.rip - ADDRESS(code) < 64 )
        say("+%lu", seen.rip - ADDRESS(code));
    else
        say("%lx", seen.rip);
    if ( seen.vector == 14 )
        say(" cr2 %lx", seen.cr2);
    if ( seen.nr > 1 )
        say(", %u traps", seen.nr);
}

void told(const char *what, const void *code)
{
    told_trap(what, code);
    say("\n");
}

void told_frame(const char *what, const void *code)
{
    told_trap(what, code);
    if ( seen.vector != NO_TRAP )
        say(", cs %lx rflags %lx ss %lx mask %d", seen.cs, seen.rflags,
            seen.ss, seen.masked);
    say("\n");
}

/* ---- programs ---- */

uint16_t kernel_ss = FLAT_KERNEL_SS;

void try_user(const void *code)
{
    static struct iret_context f;
    uint64_t *top = (uint64_t *)(user_stack + sizeof(user_stack)) - 1;

    *top = ADDRESS(user_done);
    f = (struct iret_context){
        .rip = ADDRESS(code), .cs = FLAT_USER_CS, .rflags = 0x202,
        .rsp = ADDRESS(top), .ss = FLAT_USER_SS,
    };
    hypercall2(__HYPERVISOR_stack_switch, kernel_ss,
               KERNEL_STACK_END);
    try(raw_iret, ADDRESS(&f), 0);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
}

/* ---- how it starts ---- */

static void contract_start(void)
{
    struct xen_feature_info f = { .submap_idx = 0 };
    uint32_t cs, ss;

    __asm__("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
    say("start: magic %s flags %x cs %x ss %x rflags %lx\n", start_info->magic,
        start_info->flags, cs, ss, start_rflags & ~0x8d5UL);
    say("start: pages %lu modules %lu, %lu\n", start_info->nr_pages,
        start_info->mod_start, start_info->mod_len);
    say("start: mask %d pending %d\n",
        shared_info->vcpu_info[0].evtchn_upcall_mask,
        shared_info->vcpu_info[0].evtchn_upcall_pending);
    say("start: rsp 16-byte aligned %d\n", !(start_rsp & 15));
    hypercall2(__HYPERVISOR_xen_version, XENVER_get_features, ADDRESS(&f));
    say("start: features %x\n", f.submap);
}

_Noreturn void guest_main(void)
{
    pv_init();
    contract_start();
    pv_set_traps();
    pv_trap_hook = hook;
    contract_traps();
    contract_insns();
    contract_iret();
    contract_registers();
    contract_descriptors();
    contract_tables();
    contract_mmu();
    contract_user();
    contract_calls();
    contract_vcpus();
    say("end\n");
    pv_end(SHUTDOWN_poweroff);
}
