/* SPDX-License-Identifier: MIT */
/*
 * A PVH kernel: it says hello on its PV console, and powers off.  With "crash" in
 * its command line it executes an instruction that does not exist before that.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1U << PAGE_SHIFT)

struct exception
{
    uint32_t vector, error, eip;
};

struct gate
{
    uint16_t offset_0, selector, type, offset_16;
};

/* entry.S */
extern char vectors[32][16];
_Noreturn void kernel_main(const struct hvm_start_info *info);
_Noreturn void exception(const struct exception *e);

/* Pages that the hypervisor writes, or puts into the place of ours. */
static char hypercall_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct shared_info shared __attribute__((aligned(PAGE_SIZE)));

static struct gate idt[32];
static volatile struct xencons_interface *console;
static evtchn_port_t console_port;

/* ---- hypercalls ---- */

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(0));
}

/* Xen's leaves begin at a multiple of 0x100; the third names an MSR. */
static bool hypercalls_init(void)
{
    uint32_t base = XEN_CPUID_FIRST_LEAF, r[4];

    for ( cpuid(base, r); r[1] != XEN_CPUID_SIGNATURE_EBX ||
          r[2] != XEN_CPUID_SIGNATURE_ECX || r[3] != XEN_CPUID_SIGNATURE_EDX;
          cpuid(base, r) )
        if ( (base += 0x100) == XEN_CPUID_FIRST_LEAF + 0x10000 )
            return false;
    cpuid(base + 2, r);
    __asm__ volatile("wrmsr" : : "c"(r[1]), "a"(hypercall_page), "d"(0)
                     : "memory");
    return true;
}

static long hypercall(unsigned int nr, unsigned int op, void *arg)
{
    long rc;

    __asm__ volatile("call *%3" : "=a"(rc), "+b"(op), "+c"(arg)
                     : "r"(hypercall_page + nr * 32) : "memory");
    return rc;
}

static _Noreturn void shutdown(unsigned int reason)
{
    struct sched_shutdown s = { .reason = reason };

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s);
    for ( ;; )
        __asm__ volatile("hlt");
}

/* ---- the console ---- */

static uint64_t param(uint32_t index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    return hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &p) ? 0 : p.value;
}

static bool console_init(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info,
        .gpfn = (xen_pfn_t)&shared >> PAGE_SHIFT,
    };

    if ( hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map) )
        return false;
    console = (void *)(uintptr_t)(param(HVM_PARAM_CONSOLE_PFN) << PAGE_SHIFT);
    console_port = (evtchn_port_t)param(HVM_PARAM_CONSOLE_EVTCHN);
    return console && console_port;
}

static void console_notify(void)
{
    struct evtchn_send send = { .port = console_port };

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

/*
 * Sleep until the reader has left at most so many characters in the ring.  It
 * raises our port, whose pending bit is cleared before each look: so SCHEDOP_poll
 * returns at once when it has read meanwhile.
 */
static void console_wait(uint32_t left)
{
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, &console_port);
    console_notify();
    for ( ;; )
    {
        __atomic_fetch_and(&shared.evtchn_pending[console_port / 32],
                           ~(1UL << console_port % 32), __ATOMIC_SEQ_CST);
        if ( console->out_prod - console->out_cons <= left )
            return;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    }
}

static void put(char c)
{
    uint32_t at = console->out_prod;

    if ( at - console->out_cons == sizeof(console->out) )
        console_wait(sizeof(console->out) - 1);
    console->out[MASK_XENCONS_IDX(at, console->out)] = c;
    __asm__ volatile("" : : : "memory"); /* the character, then the pointer */
    console->out_prod = at + 1;
}

static void print(const char *s)
{
    while ( *s )
        put(*s++);
    console_notify();
}

static void print_number(const char *before, uint32_t n)
{
    print(before);
    print("0x");
    for ( int shift = 28; shift >= 0; shift -= 4 )
        if ( n >> shift || !shift )
            put("0123456789abcdef"[n >> shift & 15]);
}

/*
 * Before the end: what was printed is in the reader's file, not only out of the
 * ring, when it has read once more.
 */
static void console_flush(void)
{
    console_wait(0);
    put('\n');
    console_wait(0);
}

/* ---- exceptions ---- */

static void exceptions_init(void)
{
    const struct { uint16_t limit; uint32_t base; } __attribute__((packed))
        pointer = { sizeof(idt) - 1, (uint32_t)idt };

    for ( unsigned int i = 0; i < 32; i++ )
    {
        uint32_t at = (uint32_t)vectors[i];

        idt[i] = (struct gate){ (uint16_t)at, 8, 0x8e00, (uint16_t)(at >> 16) };
    }
    __asm__ volatile("lidt %0" : : "m"(pointer), "m"(idt));
}

/*
 * Without this the third fault resets the machine, which on Xen is a reboot for the
 * toolstack and not a crash.
 */
_Noreturn void exception(const struct exception *e)
{
    print_number("exception ", e->vector);
    print_number(" at ", e->eip);
    print("\n");
    console_flush();
    shutdown(SHUTDOWN_crash);
}

/* ---- the kernel ---- */

static bool has(const char *text, const char *word)
{
    for ( ; *text; text++ )
    {
        size_t n = 0;

        while ( word[n] && text[n] == word[n] )
            n++;
        if ( !word[n] )
            return true;
    }
    return false;
}

_Noreturn void kernel_main(const struct hvm_start_info *info)
{
    const char *command_line = (const char *)(uintptr_t)info->cmdline_paddr;

    if ( !command_line )
        command_line = "";
    if ( !hypercalls_init() )
        __asm__ volatile("1: hlt; jmp 1b"); /* no Xen that could be told */
    if ( !console_init() )
        shutdown(SHUTDOWN_crash);
    exceptions_init();

    print("hello from a kernel\n");
    print("command line: ");
    print(command_line);
    print("\n");
    if ( has(command_line, "crash") )
        __asm__ volatile("ud2");
    print("good bye\n");
    console_flush();
    shutdown(SHUTDOWN_poweroff);
}
