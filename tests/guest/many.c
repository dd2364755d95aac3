/* SPDX-License-Identifier: MIT */
/*
 * All vCPUs read registers of all servers of all device models (many.h): "vcpus=N
 * rounds=R servers=S" on the command line, one request to each server in a round.
 * So many event channels exist only after the guest has chosen FIFO events: then it
 * waits for the servers, the first one first.  With a wrong answer it crashes at its
 * end.
 */
#include "bring-up.h"
#include "many.h"

#define STACK_BYTES 1024U
#define VCPU_ID_LEAF 0x40000004U

static uint8_t stacks[MANY_VCPUS][STACK_BYTES] __attribute__((aligned(16)));
static uint8_t control_block[PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int nr_done, nr_wrong, nr_servers;
static unsigned long rounds, longest; /* ticks of the time stamp counter */

static unsigned int vcpu_id(void)
{
    uint32_t a = VCPU_ID_LEAF, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b;
}

/* Memory and ports in turn: each register counts the reads of both. */
static bool read_register(unsigned int server, unsigned int vcpu, uint32_t reads)
{
    if ( reads % 2 )
        return inw(many_port(server, vcpu)) == many_short_answer(server, reads);
    return read64(many_memory(server, vcpu)) == many_answer(server, vcpu, reads);
}

static void note_wait(unsigned long ticks)
{
    unsigned long old = __atomic_load_n(&longest, __ATOMIC_SEQ_CST);

    while ( ticks > old &&
            !__atomic_compare_exchange_n(&longest, &old, ticks, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) )
        ;
}

static void work(void)
{
    unsigned int vcpu = vcpu_id();

    for ( unsigned long i = 0; i < rounds; i++ )
        for ( unsigned int s = 0; s < nr_servers; s++ )
        {
            uint64_t start = __builtin_ia32_rdtsc();

            if ( !read_register((s + vcpu) % nr_servers, vcpu, (uint32_t)i) )
                __atomic_add_fetch(&nr_wrong, 1, __ATOMIC_SEQ_CST);
            note_wait(__builtin_ia32_rdtsc() - start);
        }
    __atomic_add_fetch(&nr_done, 1, __ATOMIC_SEQ_CST);
}

static void other_main(void)
{
    work();
    for ( ;; )
        __asm__ volatile("cli; hlt");
}

static void yield(void)
{
    hypercall5(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
}

static bool choose_fifo(void)
{
    struct evtchn_init_control init = {
        .control_gfn = ADDRESS(control_block) / PAGE_SIZE };

    return !evtchn_op(EVTCHNOP_init_control, &init);
}

static void wait_for_servers(void)
{
    for ( unsigned int s = 0; s < nr_servers; s++ )
        while ( read64(many_memory(s, MANY_VCPUS)) )
            yield();
}

_Noreturn void guest_main(void)
{
    unsigned int nr;

    guest_init();
    nr = (unsigned int)command_number("vcpus", 1);
    rounds = command_number("rounds", 10);
    nr_servers = (unsigned int)command_number("servers", MANY_SERVERS);
    if ( !choose_fifo() )
        say("no FIFO events\n");
    wait_for_servers();
    say("served by all\n");
    for ( unsigned int i = 1; i < nr && i < MANY_VCPUS; i++ )
        if ( !bring_up(i, stacks[i] + STACK_BYTES, other_main) )
            say("vcpu %u does not start\n", i);
    work();
    while ( __atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < nr )
        yield();
    say("%u vcpus, %u servers, %lu requests to each, %u wrong answers\n", nr,
        nr_servers, rounds, nr_wrong);
    say("the longest took %lu ticks\n", longest);
    guest_shutdown(nr_wrong ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}
