/* SPDX-License-Identifier: MIT */
/*
 * What a guest pays for leaving: lines "bench OPERATION: TICKS" on the debug
 * port, by its own time stamp counter.  A figure is the mean over n=N
 * operations (2000), of the fastest of three such batches.  Its device model is
 * the reference one.
 *
 * "window" on the command line: buffered writes to the display's window alone,
 * which need a guest with all devices.  Operations are measured in 32-bit mode
 * without paging (bench-flat.S) and, "64-bit", in long mode, where a hypervisor
 * may have to walk the guest's tables to see the instruction.
 */
#include "guest.h"

#define BLOCK_PORT 0x500
#define BLOCK_ADDRESS 0xf1000000UL
#define BATCHES 3
#define WARM_UP 100
#define CALM_TICKS 500000000UL

uint64_t bench_flat(uint64_t loop, uint64_t times);
extern char flat_cpuid[], flat_port_absent[], flat_port_read[],
    flat_port_write[], flat_port_string[], flat_memory_absent[],
    flat_memory_read[], flat_memory_write[], flat_window_write[];

static unsigned long times;

static void result(const char *name, uint64_t best)
{
    say("bench %s: %lu\n", name, (best + times / 2) / times);
}

static void flat(const char *name, const char *loop)
{
    uint64_t best = ~0UL;

    bench_flat(ADDRESS(loop), WARM_UP);
    for ( unsigned int i = 0; i < BATCHES; i++ )
    {
        uint64_t ticks = bench_flat(ADDRESS(loop), times);

        best = ticks < best ? ticks : best;
    }
    result(name, best);
}

/* Inlined with its operation: a pass of the loop adds three instructions. */
static inline __attribute__((always_inline)) void
measure(const char *name, void (*op)(void))
{
    uint64_t best = ~0UL;

    for ( unsigned int i = 0; i < WARM_UP; i++ )
        op();
    for ( unsigned int b = 0; b < BATCHES; b++ )
    {
        uint64_t ticks = __builtin_ia32_rdtsc();

        for ( unsigned long i = 0; i < times; i++ )
            op();
        ticks = __builtin_ia32_rdtsc() - ticks;
        best = ticks < best ? ticks : best;
    }
    result(name, best);
}

static void op_cpuid(void)
{
    uint32_t a = 0, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static void op_hypercall(void)
{
    hypercall5(__HYPERVISOR_xen_version, 0, 0, 0, 0, 0);
}

static void op_port_read(void)
{
    (void)inb(BLOCK_PORT);
}

static void op_memory_read(void)
{
    (void)read32(BLOCK_ADDRESS);
}

/* dom0 has one CPU with us, and is not done yet with what made us. */
static void await_calm(void)
{
    uint64_t before = __builtin_ia32_rdtsc();

    while ( __builtin_ia32_rdtsc() - before < CALM_TICKS )
        __asm__ volatile("pause");
}

static void all(void)
{
    flat("CPUID", flat_cpuid);
    flat("port read, nobody", flat_port_absent);
    flat("port read, device model", flat_port_read);
    flat("port write, device model", flat_port_write);
    flat("string of 64 port writes, device model", flat_port_string);
    flat("memory read, nobody", flat_memory_absent);
    flat("memory read, device model", flat_memory_read);
    flat("memory write, device model", flat_memory_write);
    measure("64-bit: CPUID", op_cpuid);
    measure("64-bit: hypercall xen_version", op_hypercall);
    measure("64-bit: port read, device model", op_port_read);
    measure("64-bit: memory read, device model", op_memory_read);
}

_Noreturn void guest_main(void)
{
    guest_init();
    times = command_number("n", 2000);
    await_calm();
    if ( command_has("window") )
        flat("buffered write", flat_window_write);
    else
        all();
    guest_shutdown(SHUTDOWN_poweroff);
}
