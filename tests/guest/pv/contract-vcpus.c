/* SPDX-License-Identifier: MIT */
/* VCPUOP_*: bad contexts, then a second vcpu that says what it finds. */
#include "contract.h"

#define UNMAPPED 0x8000000UL
#define NONCANONICAL (1UL << 63)

static char stack[8192] __attribute__((aligned(4096)));
static volatile unsigned int up;
static struct
{
    uint64_t dr[8], rflags;
    uint32_t cs, ss, ds, gs;
    uint64_t cr0;
    uint64_t trap, of[4]; /* its first trap, and what a failsafe entry has */
} found = { .trap = NO_TRAP };

bool contract_second(const struct frame *f)
{
    if ( ADDRESS(f) < ADDRESS(stack) ||
         ADDRESS(f) >= ADDRESS(stack + sizeof(stack)) )
        return false;
    if ( found.trap != NO_TRAP )
        return false;
    found.trap = f->vector;
    memcpy(found.of, failsafe_words, sizeof(found.of));
    return true;
}

static void second(void)
{
    for ( unsigned int i = 0; i < 8; i++ )
        found.dr[i] = (uint64_t)hypercall1(__HYPERVISOR_get_debugreg, i);
    __asm__ volatile("mov %%cs, %0; mov %%ss, %1; mov %%ds, %2; mov %%gs, %3"
                     : "=r"(found.cs), "=r"(found.ss), "=r"(found.ds),
                       "=r"(found.gs));
    __asm__ volatile("pushfq; pop %0" : "=r"(found.rflags));
    __asm__ volatile("mov %%cr0, %0" : "=r"(found.cr0));
    __atomic_store_n(&up, 1, __ATOMIC_RELEASE);
    for ( ;; )
        hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_down, 1, 0, 0, 0);
}

static long vcpu_op(unsigned int op, unsigned int vcpu, void *arg)
{
    return hypercall5(__HYPERVISOR_vcpu_op, op, vcpu, ADDRESS(arg), 0, 0);
}

static struct vcpu_guest_context good;

static void fill(void)
{
    good = (struct vcpu_guest_context){
        .flags = VGCF_in_kernel,
        .user_regs = { .rip = ADDRESS(start_vcpu),
                       .rsp = ADDRESS(stack + sizeof(stack)),
                       .rdi = ADDRESS(second), .rflags = 0x1202,
                       .cs = FLAT_KERNEL_CS, .ss = FLAT_KERNEL_SS },
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = ADDRESS(stack + sizeof(stack)),
        .ctrlreg[3] = mfn_of((void *)start_info->pt_base) * PAGE_SIZE,
        .event_callback_eip = ADDRESS(event_entry),
        .failsafe_callback_eip = ADDRESS(failsafe_entry),
        .syscall_callback_eip = ADDRESS(syscall_entry),
    };
    for ( unsigned int i = 0; i < 32; i++ )
        good.trap_ctxt[i] = (struct trap_info){
            .vector = (uint8_t)i, .cs = FLAT_KERNEL_CS, .flags = 3,
            .address = ADDRESS(TRAP_ENTRY(i)) };
}

#define BAD(what, field, value)                                              \
    do {                                                                     \
        static struct vcpu_guest_context c_;                                 \
        c_ = good;                                                           \
        c_.field = (value);                                                  \
        line("initialise: " what, vcpu_op(VCPUOP_initialise, 1, &c_));       \
    } while ( 0 )

/* Those that fail; one that does not ends the list, as each after it does. */
static void bad_contexts(void)
{
    BAD("fs_base not canonical", fs_base, NONCANONICAL);
    BAD("gs_base_kernel not canonical", gs_base_kernel, NONCANONICAL);
    BAD("gs_base_user not canonical", gs_base_user, NONCANONICAL);
    BAD("event callback not canonical", event_callback_eip, NONCANONICAL);
    BAD("failsafe callback not canonical", failsafe_callback_eip,
        NONCANONICAL);
    BAD("syscall callback not canonical", syscall_callback_eip, NONCANONICAL);
    BAD("a trap's address not canonical", trap_ctxt[3].address, NONCANONICAL);
    BAD("ldt too large", ldt_ents, 8193);
    BAD("ldt's base not aligned", ldt_base, 8);
    BAD("gdt too large", gdt_ents, 14 * 512 + 1);
    BAD("gdt of frame 0", gdt_ents, 512);
    BAD("root: 0", ctrlreg[3], 0);
    BAD("root: no such frame", ctrlreg[3], 0xffffffffff000UL);
    BAD("root: data", ctrlreg[3], mfn_of(pool[0]) * PAGE_SIZE);
    BAD("programs' root: data", ctrlreg[1], mfn_of(pool[0]) * PAGE_SIZE);
}

static void areas(void)
{
    struct vcpu_register_vcpu_info info = { .mfn = mfn_of(pool[40]) };
    struct vcpu_set_singleshot_timer single = { .timeout_abs_ns = 1,
        .flags = VCPU_SSHOTTMR_future };
    struct vcpu_set_periodic_timer periodic = { .period_ns = 1000 };

    info.offset = 4090;
    line("register_vcpu_info: at the end of a page",
         vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    info.offset = 4;
    line("register_vcpu_info: not aligned",
         vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    info.offset = 0, info.mfn = ~0UL;
    line("register_vcpu_info: no such frame",
         vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    info.mfn = mfn_of(table_of(pool, 1));
    line("register_vcpu_info: a page table",
         vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    info.mfn = mfn_of(pool[40]);
    line("register_vcpu_info", vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    line("register_vcpu_info: again",
         vcpu_op(VCPUOP_register_vcpu_info, 1, &info));
    line("its page read-only", map_page(pool[40], PAGE_RO));
    line("its page pinned",
         mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(pool[40]), 0));
    line("timer in the past", vcpu_op(VCPUOP_set_singleshot_timer, 0, &single));
    single.flags = 0;
    line("timer in the past, at once",
         vcpu_op(VCPUOP_set_singleshot_timer, 0, &single));
    line("timer of another", vcpu_op(VCPUOP_set_singleshot_timer, 1, &single));
    line("period too short", vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic));
}

void contract_vcpus(void)
{
    long rc;

    for ( unsigned int op = 0; op < 16; op++ )
        for ( unsigned int vcpu = 0; vcpu < 3; vcpu++ )
            if ( op != VCPUOP_down && op != VCPUOP_send_nmi )
                say("vcpu_op %u of vcpu %u: %ld\n", op, vcpu,
                    vcpu_op(op, vcpu, (void *)UNMAPPED));
    areas();
    fill();
    bad_contexts();
    good.debugreg[0] = 0xffff830000000000UL;
    good.debugreg[1] = 0x1000;
    good.debugreg[6] = 0x400f;
    good.debugreg[7] = 0x400;
    good.user_regs.gs = 0x1234;
    line("initialise", vcpu_op(VCPUOP_initialise, 1, &good));
    line("initialise again", vcpu_op(VCPUOP_initialise, 1, &good));
    line("is_up", vcpu_op(VCPUOP_is_up, 1, NULL));
    rc = vcpu_op(VCPUOP_up, 1, NULL);
    line("up", rc);
    while ( !rc && !__atomic_load_n(&up, __ATOMIC_ACQUIRE) )
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    for ( unsigned int i = 0; i < 8; i++ )
        say("second vcpu: dr%u %lx\n", i, found.dr[i]);
    say("second vcpu: trap %lx ds %lx es %lx fs %lx gs %lx\n", found.trap,
        found.of[0], found.of[1], found.of[2], found.of[3]);
    say("second vcpu: cs %x ss %x ds %x gs %x rflags %lx cr0 %lx\n", found.cs,
        found.ss, found.ds, found.gs, found.rflags & ~0x8d5UL, found.cr0);
    while ( vcpu_op(VCPUOP_is_up, 1, NULL) )
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    line("initialise it when it is down", vcpu_op(VCPUOP_initialise, 1, &good));
}
