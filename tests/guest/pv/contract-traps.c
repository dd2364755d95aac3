/* SPDX-License-Identifier: MIT */
/*
 * Trap tables, what each instruction of insns.S does in a kernel and in a
 * program, MSRs, and frames of hypercall iret.
 */
#include "contract.h"

#define NONCANONICAL (1UL << 63)
#define OF_HYPERVISOR 0xffff830000000000UL
#define UNMAPPED 0x8000000UL

static uint64_t page[512] __attribute__((aligned(4096)));

static long set_traps(struct trap_info *t)
{
    return hypercall1(__HYPERVISOR_set_trap_table, ADDRESS(t));
}

static struct trap_info gate(unsigned int vector, unsigned int flags)
{
    return (struct trap_info){
        .vector = (uint8_t)vector, .flags = (uint8_t)flags,
        .cs = FLAT_KERNEL_CS, .address = ADDRESS(TRAP_ENTRY(vector)),
    };
}

static void bad_tables(void)
{
    struct trap_info t[3] = { gate(0x81, 3), { 0 }, { 0 } };

    line("set_trap_table: unmapped",
         hypercall1(__HYPERVISOR_set_trap_table, UNMAPPED));
    line("set_trap_table: the hypervisor's",
         hypercall1(__HYPERVISOR_set_trap_table, OF_HYPERVISOR));
    t[0].address = NONCANONICAL;
    line("set_trap_table: not canonical", set_traps(t));
    t[0].address = 0x00007fffffffffffUL;
    line("set_trap_table: last of the lower half", set_traps(t));
    t[0].address = 0x0000800000000000UL;
    line("set_trap_table: behind the lower half", set_traps(t));
    t[0].address = OF_HYPERVISOR;
    line("set_trap_table: an address of the hypervisor's", set_traps(t));
    t[0] = gate(0x81, 3);
    t[0].cs = 0;
    line("set_trap_table: cs 0", set_traps(t));
    t[0].cs = 0xe008;
    line("set_trap_table: cs e008", set_traps(t));
    t[0] = gate(0x81, 0xff);
    line("set_trap_table: all flags", set_traps(t));
}

static void odd_gates(void)
{
    struct trap_info t[2] = { gate(0x80, 3), { 0 } };

    t[0].cs = 0;
    set_traps(t);
    pool[0][0] = 0x80cd; /* int 0x80 */
    try((code_t)ADDRESS(pool[0]), 0, 0);
    told_frame("int to a gate with cs 0", pool[0]);
    t[0] = gate(0x80, 3 | 4);
    set_traps(t);
    try((code_t)ADDRESS(pool[0]), 0, 0);
    told_frame("int to a gate that masks events", pool[0]);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    try((code_t)ADDRESS(pool[0]), 0, 0);
    told_frame("int to a gate that masks events, none were", pool[0]);
    say("mask afterwards: %d\n", shared_info->vcpu_info[0].evtchn_upcall_mask);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    try(insns->code, 0, 0);
    told_frame("ud2 with events", insns->code);
    say("mask afterwards: %d\n", shared_info->vcpu_info[0].evtchn_upcall_mask);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    try(insns->code, 0, 0);
    told_frame("ud2 without events", insns->code);
}

static void gates_of_levels(void)
{
    struct trap_info t[7] = { { 0 } };

    /* QEMU's error code of #GP by INT n is that of 2 * n. */
    for ( unsigned int level = 0; level < 3; level++ )
        for ( unsigned int i = 0; i < 2; i++ )
        {
            t[2 * level + i] = gate(0x41 + level, level);
            t[2 * level + i].vector = (uint8_t)((0x41 + level) << i);
        }
    line("set_trap_table: levels 0, 1, 2", set_traps(t));
}

static void page_faults(void)
{
    static uint64_t code[512] __attribute__((aligned(4096)));

    code[0] = 0xc3; /* ret */
    try((code_t)insn_load, UNMAPPED, 0);
    told_frame("load: unmapped", insn_load);
    try((code_t)insn_store, UNMAPPED, 0);
    told_frame("store: unmapped", insn_store);
    map_page(page, PAGE_RO);
    try((code_t)insn_store, ADDRESS(page), 0);
    told_frame("store: read-only", insn_store);
    map_page(page, P | RW | ACCESSED | DIRTY);
    try((code_t)insn_store, ADDRESS(page), 1);
    told_frame("store: a supervisor's page", insn_store);
    say("its entry has the user bit: %d\n",
        !!(table_of(page, 1)[ADDRESS(page) >> 12 & 511] & US));
    map_page(code, PAGE_RW);
    try((code_t)ADDRESS(code), 0, 0);
    told_frame("jump: mapped for writing", code);
    map_page(code, PAGE_RW | NX);
    try((code_t)ADDRESS(code), 0, 0);
    told_frame("jump: not to be executed", NULL);
    map_page(code, PAGE_RW);
    map_page(page, PAGE_RW);
    try((code_t)insn_load, 0xffff800000000000UL, 0);
    told_frame("load: the m2p", insn_load);
    try((code_t)insn_load, 0xffff8a0000000000UL, 0);
    told_frame("load: above the hypervisor", insn_load);
    try((code_t)insn_jump, NONCANONICAL, 0);
    told_frame("jump: not canonical", insn_jump);
}

static void single_step(void)
{
    try((code_t)insn_tf, 0, 0);
    told_frame("TF", insn_tf);
    say("dr6 %lx\n", hypercall1(__HYPERVISOR_get_debugreg, 6));
    hypercall2(__HYPERVISOR_set_debugreg, 6, 0);
    /* DR0 and DR7: stop at the execution of insn_load. */
    line("set_debugreg: 0", hypercall2(__HYPERVISOR_set_debugreg, 0,
                                       ADDRESS(insn_load)));
    line("set_debugreg: 7", hypercall2(__HYPERVISOR_set_debugreg, 7, 2));
    try((code_t)insn_load, ADDRESS(page), 0);
    told_frame("DR0: execution", insn_load);
    say("dr6 %lx dr7 %lx\n", hypercall1(__HYPERVISOR_get_debugreg, 6),
        hypercall1(__HYPERVISOR_get_debugreg, 7));
    hypercall2(__HYPERVISOR_set_debugreg, 0, ADDRESS(page));
    hypercall2(__HYPERVISOR_set_debugreg, 7, 0x90002);
    try((code_t)insn_store, ADDRESS(page), 0);
    told_frame("DR0: store", insn_store);
    say("dr6 %lx dr7 %lx\n", hypercall1(__HYPERVISOR_get_debugreg, 6),
        hypercall1(__HYPERVISOR_get_debugreg, 7));
    hypercall2(__HYPERVISOR_set_debugreg, 7, 0);
}

void contract_traps(void)
{
    line("set_trap_table: NULL", set_traps(NULL));
    bad_tables();
    line("set_trap_table: NULL again", set_traps(NULL));
    pv_set_traps();
    gates_of_levels();
    page_faults();
    single_step();
    odd_gates();
    gates_of_levels();
}

/* ---- instructions ---- */

static char last(const char *name)
{
    while ( name[1] )
        name++;
    return *name;
}

void contract_insns(void)
{
    static const uint32_t msrs[] = {
        0x0, 0x10, 0x1b, 0x2c, 0x3b, 0x48, 0x49, 0x8b, 0xc0, 0xce, 0xfe, 0x10a,
        0x122, 0x140, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x17b, 0x186, 0x1a0,
        0x1d9, 0x1db, 0x200, 0x250, 0x277, 0x2ff, 0x38f, 0x400, 0x401, 0x402,
        0x47f, 0x570, 0x6e0, 0x802, 0xda0, 0x40000000, 0x40000001, 0xc0000080,
        0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000102,
        0xc0000103, 0xc0000104, 0xc0010000, 0xc0010004, 0xc0010010, 0xc0010015,
        0xc001001a, 0xc001001f, 0xc0010055, 0xc0010058, 0xc0010061, 0xc0010064,
        0xc0010114, 0xc0010117, 0xc001011f, 0xc0010140, 0xc0010200, 0xc0011022,
        0xc0011029, 0xc001102c,
    };

    for ( const struct insn *i = insns; i < insns_end; i++ )
    {
        if ( last(i->name) == ')' )
            continue;
        try(i->code, ADDRESS(page), 0);
        say("kernel: ");
        if ( last(i->name) == '=' && seen.vector == NO_TRAP )
            say("%s %lx\n", i->name, seen.rax);
        else
            told(i->name, i->code);
    }
    for ( unsigned int i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++ )
    {
        uint64_t value = 0;

        try((code_t)insn_rdmsr, msrs[i], 0);
        say("msr %08x: %s", msrs[i], seen.vector == NO_TRAP ? "read" : "#GP");
        if ( seen.vector == NO_TRAP )
            value = seen.rax;
        if ( seen.vector == NO_TRAP && msrs[i] != 0x10 )
            say(" %lx", value);
        try((code_t)insn_wrmsr, msrs[i], value);
        say(", the same written: %s", seen.vector == NO_TRAP ? "fine" : "#GP");
        try((code_t)insn_wrmsr, msrs[i], value ^ 4);
        say(", another: %s", seen.vector == NO_TRAP ? "fine" : "#GP");
        try((code_t)insn_wrmsr, msrs[i], NONCANONICAL);
        say(", bit 63: %s\n", seen.vector == NO_TRAP ? "fine" : "#GP");
        if ( value )
            try((code_t)insn_wrmsr, msrs[i], value);
    }
    shared_info->vcpu_info[0].arch.cr2 = 0;
}

/* ---- hypercall iret ---- */

static void iret(const char *what, const struct iret_context *f)
{
    static struct iret_context copy;

    copy = *f;
    failsafe_words[0] = failsafe_words[3] = 0;
    try(raw_iret, ADDRESS(&copy), 0);
    told_frame(what, landed);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
}

void contract_iret(void)
{
    static const uint64_t selectors[] = {
        0, 3, 8, 0x33, 0x1230, 0xe008, 0xe010, 0xe018, 0xe020, 0xe028, 0xe030,
        0xe038, 0xe040, 0xe048, 0xfff8, 0x1e030, 4,
    };
    const struct iret_context good = {
        .rip = ADDRESS(landed), .cs = FLAT_KERNEL_CS & ~3UL, .rflags = 0x2,
        .rsp = KERNEL_STACK_END, .ss = FLAT_KERNEL_SS & ~3UL,
        .rax = 1, .rcx = 2, .r11 = 3,
    };
    char what[] = "iret: cs 00000 ";
    struct iret_context f = good;

    iret("iret", &f);
    say("rax %lx rcx %lx r11 %lx\n", seen.rax, seen.rcx, seen.r11);
    f.flags = VGCF_in_syscall;
    iret("iret: in syscall", &f);
    say("rax %lx rcx - rip %ld r11 - rflags %lx\n", seen.rax,
        (long)(seen.rcx - f.rip), seen.r11);
    f = good;
    f.rip = NONCANONICAL;
    iret("iret: rip not canonical", &f);
    f.flags = VGCF_in_syscall;
    iret("iret: rip not canonical, in syscall", &f);
    f = good;
    f.rip = OF_HYPERVISOR;
    iret("iret: rip the hypervisor's", &f);
    f = good;
    f.rip = UNMAPPED;
    iret("iret: rip unmapped", &f);
    for ( unsigned int i = 0; i < sizeof(selectors) / 8; i++ )
    {
        for ( int d = 0; d < 5; d++ )
            what[9 + d] = "0123456789abcdef"[selectors[i] >> 4 * (4 - d) & 15];
        f = good;
        f.cs = selectors[i];
        if ( selectors[i] != 3 && selectors[i] != 0x33 )
        {
            what[6] = 'c';
            iret(what, &f);
        }
        f = good;
        f.ss = selectors[i];
        what[6] = 's';
        iret(what, &f);
    }
    for ( unsigned int bit = 0; bit < 33; bit++ )
    {
        what[9] = ' ', what[10] = ' ', what[11] = ' ';
        what[12] = (char)('0' + bit / 10), what[13] = (char)('0' + bit % 10);
        what[6] = 'f', what[7] = 'l';
        f = good;
        f.rflags |= 1UL << bit;
        iret(what, &f);
    }
}
