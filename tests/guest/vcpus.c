/* SPDX-License-Identifier: MIT */
/*
 * Many vcpus that use one device model at the same time: "vcpus=N rounds=R" on
 * the command line.  Needs registers that keep what is written, the same ones at
 * ports 0x500, in a page at 0xf1000000 and in VGA's window.  Each vcpu uses 16
 * bytes of its own and counts the answers that are not its own; with one the
 * guest crashes at its end.
 */
#include "bring-up.h"

#define PORT 0x500
#define DEVICE 0xf1000000UL
#define WINDOW 0xa0000UL
#define MAX_VCPUS 240U /* that have a place in the page */
#define NR_PORTS 16U   /* the page's first bytes: for the first vcpus */
#define STACK_BYTES 4096U

static uint8_t stacks[MAX_VCPUS][STACK_BYTES] __attribute__((aligned(16)));
static unsigned int next_id = 1, nr_done, nr_wrong, rounds;

static void expect(bool right)
{
    if ( !right )
        __atomic_add_fetch(&nr_wrong, 1, __ATOMIC_SEQ_CST);
}

static void copy(void *to, const void *from)
{
    unsigned long nr = 4;

    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(nr)::"memory");
}

static void use_strings(unsigned long at, uint32_t v)
{
    uint32_t out[4] = { v, v + 1, v + 2, v + 3 }, in[4] = { 0 };

    copy((void *)at, out);
    copy(in, (void *)at);
    for ( unsigned int i = 0; i < 4; i++ )
        expect(in[i] == out[i]);
}

/* A write through the ring, then one through the slot: in this order. */
static void use_window(unsigned long offset, uint32_t v)
{
    write32(WINDOW + offset, v);
    expect(read32(DEVICE + offset) == v);
    write32(WINDOW + offset, v);
    write32(DEVICE + offset, ~v);
    expect(read32(WINDOW + offset) == ~v);
}

static void work(unsigned int id)
{
    unsigned long offset = NR_PORTS + 16UL * id;

    for ( uint32_t i = 0; i < rounds; i++ )
    {
        uint64_t v = ((uint64_t)id << 40) | (i + 1);

        write64(DEVICE + offset, v);
        expect(read64(DEVICE + offset) == v);
        use_strings(DEVICE + offset, (id << 16) + i);
        use_window(offset, (id << 16) + i);
        if ( id >= NR_PORTS )
            continue;
        outb((uint16_t)(PORT + id), (uint8_t)(id * 16 + i));
        expect(inb((uint16_t)(PORT + id)) == (uint8_t)(id * 16 + i));
    }
    __atomic_add_fetch(&nr_done, 1, __ATOMIC_SEQ_CST);
}

static void other_main(void)
{
    work(__atomic_fetch_add(&next_id, 1, __ATOMIC_SEQ_CST));
    for ( ;; )
        __asm__ volatile("cli; hlt");
}

_Noreturn void guest_main(void)
{
    unsigned int nr;

    guest_init();
    nr = (unsigned int)command_number("vcpus", 1);
    rounds = (unsigned int)command_number("rounds", 10);
    for ( unsigned int i = 1; i < nr && i < MAX_VCPUS; i++ )
        if ( !bring_up(i, stacks[i] + STACK_BYTES, other_main) )
            say("vcpu %u does not start\n", i);
    work(0);
    while ( __atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < nr )
        hypercall5(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
    say("%u vcpus, %u wrong answers\n", nr, nr_wrong);
    guest_shutdown(nr_wrong ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}
