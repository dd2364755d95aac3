/* SPDX-License-Identifier: MIT */
/*
 * The guest "pv-hostile": hostile.h.  seed=N ops=N on its command line.
 *
 * Each operation is an attempt(): a trap goes on with the next one.  The second
 * vcpu makes hypercalls meanwhile, on the same pages.  A guest that loses its
 * stack, or its tables, is ended by the hypervisor; the next one has another seed.
 */
#include "hostile.h"

#include <xen/grant_table.h>

#include "contract.h"

#define HEAL 8 /* operations */

uint64_t grant_table[512] __attribute__((aligned(4096)));
uint64_t program_root[512] __attribute__((aligned(4096)));

static struct chance chances[2];
static char second_stack[16384] __attribute__((aligned(4096)));
static unsigned long traps, failsafes, programs;
static bool attempting;

/* ---- choices ---- */

uint64_t *any_page(struct chance *c)
{
    return pool[below(c, NR_POOL)];
}

uint64_t any_frame(struct chance *c)
{
    uint64_t pfn = below(c, start_info->nr_pages);

    switch ( below(c, 64) )
    {
    case 0: return number(c);
    case 1: return start_info->shared_info / PAGE_SIZE;
    case 2: return any(c) % 0x100000;
    case 3: break;
    default: return mfn_of(any_page(c));
    }
    /* One that the guest needs, for which it may have to die. */
    if ( one_in(c, 512) )
        return mfn_of((void *)(pfn * PAGE_SIZE));
    if ( one_in(c, 256) )
        return mfn_of(table_of(pool, 1 + (unsigned int)below(c, 4)));
    pfn = start_info->nr_pages - 1 - pfn % 64; /* not mapped at first */
    return mfn_of((void *)(pfn * PAGE_SIZE));
}

uint64_t any_entry(struct chance *c)
{
    uint64_t e = any_frame(c) * PAGE_SIZE;

    switch ( below(c, 8) )
    {
    case 0: return 0;
    case 1: return number(c);
    case 2: return e | (any(c) & 0xfff);
    case 3: return e | PAGE_RO;
    case 4: return e | PAGE_RW | 1UL << below(c, 64);
    default: return e | PAGE_RW;
    }
}

uint64_t any_address(struct chance *c)
{
    switch ( below(c, 8) )
    {
    case 0: return number(c);
    case 1: return 0xffff800000000000UL + (any(c) & 0xffffffffff8);
    case 2: return below(c, 8) << 39;
    default: return ADDRESS(any_page(c)) + below(c, 512) * 8;
    }
}

uint64_t any_selector(struct chance *c)
{
    return one_in(c, 2) ? 0xe000 + below(c, 16) * 8 + below(c, 4)
                        : any(c) & (one_in(c, 2) ? 0xffff : 0x1f);
}

domid_t any_domain(struct chance *c)
{
    return (domid_t)(one_in(c, 16) ? below(c, 4)
                     : one_in(c, 16) ? DOMID_IO + below(c, 4) : DOMID_SELF);
}

/* ---- traps ---- */

static void second(void);

static bool is_on(const struct frame *f, const char *stack, size_t bytes)
{
    return ADDRESS(f) >= ADDRESS(stack) && ADDRESS(f) < ADDRESS(stack) + bytes;
}

static bool hook(struct frame *f)
{
    f->cs = FLAT_KERNEL_CS & ~3UL;
    f->ss = FLAT_KERNEL_SS & ~3UL;
    f->rflags = 2;
    if ( is_on(f, second_stack, sizeof(second_stack)) )
    {
        f->rip = ADDRESS(second);
        f->rsp = ADDRESS(second_stack + sizeof(second_stack)) - 8;
        return true;
    }
    traps++;
    failsafes += f->vector == VECTOR_FAILSAFE;
    programs += f->vector == VECTOR_SYSCALL;
    f->rip = ADDRESS(attempt_out);
    f->rsp = attempt_sp;
    return attempting;
}

/* ---- operations ---- */

static const struct insn *any_insn(struct chance *c)
{
    const struct insn *i = &insns[below(c, (uint64_t)(insns_end - insns))];
    const char *n = i->name;

    while ( n[1] )
        n++;
    /* Its stack is to stay, and the exceptions' state of the FPU. */
    return *n == ')' || (i->name[0] == 'x' && i->name[1] == '8') ? insns : i;
}

static void store(struct chance *c)
{
    static char *const stores[] = { insn_store, insn_store8, insn_store32,
                                    insn_add, insn_xchg, insn_and_locked };
    code_t code = (code_t)(uintptr_t)PICK(c, stores);

    code(ADDRESS(any_page(c)) + below(c, 512) * 8, any_entry(c));
}

static void load_selector(struct chance *c)
{
    code_t code = (code_t)(uintptr_t)(one_in(c, 2) ? insn_load_ds
                                                   : insn_load_gs);

    code(any_selector(c), 0);
}

static void msr(struct chance *c)
{
    static const uint32_t known[] = { 0x10, 0x1b, 0x277, 0xc0000080, 0xc0000100,
                                      0xc0000101, 0xc0000102, 0xc0000103,
                                      0x40000000 };
    code_t code = (code_t)(uintptr_t)(one_in(c, 2) ? insn_rdmsr : insn_wrmsr);

    code(one_in(c, 2) ? PICK(c, known) : number(c), any_address(c));
}

static void go(struct chance *c, bool program)
{
    static struct
    {
        char stack[4096]; /* of a trap before the hypercall is done */
        struct iret_context f;
    } at;
    uint64_t *top = (uint64_t *)(user_stack + sizeof(user_stack)) - 1;

    *top = program ? ADDRESS(user_done) : ADDRESS(landed);
    at.f = (struct iret_context){
        .rip = ADDRESS(one_in(c, 4) ? any_address(c)
                                    : ADDRESS(any_insn(c)->code)),
        .cs = one_in(c, 2) ? FLAT_USER_CS : any_selector(c),
        .rflags = one_in(c, 2) ? 2 : number(c), .rsp = ADDRESS(top),
        .ss = one_in(c, 2) ? FLAT_USER_SS : any_selector(c),
        .flags = below(c, 2) * VGCF_in_syscall,
    };
    at.f.cs = program ? at.f.cs | 3 : at.f.cs & ~3UL;
    raw_iret(ADDRESS(&at.f), 0);
}

static void one(uint64_t a, uint64_t b)
{
    struct chance *c = (void *)a;

    (void)b;
    switch ( below(c, 16) )
    {
    case 0:
        any_insn(c)->code(ADDRESS(any_page(c)), number(c));
        break;
    case 1:
        go(c, false);
        break;
    case 2:
        go(c, true);
        break;
    case 3:
    case 4:
        store(c);
        break;
    case 5:
        load_selector(c);
        break;
    case 6:
        msr(c);
        break;
    case 7:
        hostile_multicall(c);
        break;
    default:
        hostile_call(c);
        break;
    }
}

/* ---- the guest ---- */

/* Programs have the kernel's tables, as those of a root of their own. */
static void make_programs(void)
{
    program_root[0] = table_of(pool, 4)[0];
    map_page(program_root, PAGE_RO);
    mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(program_root), 0);
    mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(program_root), 0);
}

static void make_grants(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, &frame);
    hypercall5(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
               ADDRESS(&setup), 1, 0, 0);
    update_va(grant_table, frame * PAGE_SIZE | PAGE_RW, UVMF_INVLPG);
}

static void second(void)
{
    for ( unsigned int n = 0; ; n++ )
    {
        if ( n % HEAL == 0 )
            pv_set_traps();
        hostile_call(&chances[1]);
    }
}

static void start_second(void)
{
    static struct vcpu_guest_context c;

    c = (struct vcpu_guest_context){
        .flags = VGCF_in_kernel,
        .user_regs = { .rip = ADDRESS(start_vcpu), .rdi = ADDRESS(second),
                       .rsp = ADDRESS(second_stack + sizeof(second_stack)),
                       .rflags = 2, .cs = FLAT_KERNEL_CS,
                       .ss = FLAT_KERNEL_SS },
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = ADDRESS(second_stack + sizeof(second_stack)),
        .ctrlreg[3] = mfn_of((void *)start_info->pt_base) * PAGE_SIZE,
        .event_callback_eip = ADDRESS(event_entry),
        .failsafe_callback_eip = ADDRESS(failsafe_entry),
        .syscall_callback_eip = ADDRESS(syscall_entry),
        .vm_assist = 1UL << VMASST_TYPE_writable_pagetables,
    };
    for ( unsigned int i = 0; i < 32; i++ )
        c.trap_ctxt[i] = (struct trap_info){
            .vector = (uint8_t)i, .cs = FLAT_KERNEL_CS, .flags = 3,
            .address = ADDRESS(TRAP_ENTRY(i)) };
    if ( !hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, ADDRESS(&c),
                     0, 0) )
        hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0, 0, 0);
}

_Noreturn void guest_main(void)
{
    unsigned long seed, ops;

    pv_init();
    seed = command_number("seed", 1);
    ops = command_number("ops", 10000);
    for ( unsigned int i = 0; i < 2; i++ )
        chances[i].state = (seed + i * 7919UL) * 0x9e3779b97f4a7c15UL | 1;
    pv_set_traps();
    pv_trap_hook = hook;
    make_programs();
    make_grants();
    start_second();
    say("hostile: seed %lu\n", seed);
    attempting = true;
    for ( unsigned long n = 1; n <= ops; n++ )
    {
        if ( n % HEAL == 0 )
            hostile_heal(&chances[0]);
        attempt(one, ADDRESS(&chances[0]), 0);
        if ( n % 250 == 0 )
            say("hostile: %lu operations, %lu traps, %lu failsafe, "
                "%lu programs\n", n, traps, failsafes, programs);
    }
    say("hostile: done\n");
    pv_end(SHUTDOWN_poweroff);
}
