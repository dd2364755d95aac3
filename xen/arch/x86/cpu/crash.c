/* SPDX-License-Identifier: MIT */
/*
 * The end: what the hypervisor has to say when it cannot go on.
 *
 * The first CPU that crashes stops the others and breaks all locks; from then
 * on it is alone.  A crash within the crash says so in one line; a third one
 * says nothing.
 */
#include <hv/atomic.h>
#include <hv/console.h>
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/irq.h>

#define MAX_FRAMES 32

bool nmi_stops;

/* Until it is known what is around: there is nothing to stop. */
static void nothing(void)
{
}

static void stop(void) noreturn_fn;
static void stop(void)
{
    for ( ;; )
        __asm__ volatile ( "cli; hlt" );
}

static void (*stop_others)(void) = nothing;
static void (*end_machine)(void) noreturn_fn = stop;
static uint32_t crashing; /* CPU number + 1 of the one that crashed first */
static unsigned int crashes;

static const char *const exception_names[32] = {
    "#DE divide error", "#DB debug", "NMI", "#BP breakpoint", "#OF overflow",
    "#BR bound", "#UD invalid opcode", "#NM no FPU", "#DF double fault", NULL,
    "#TS invalid TSS", "#NP segment not present", "#SS stack fault",
    "#GP general protection", "#PF page fault", NULL, "#MF FPU error",
    "#AC alignment", "#MC machine check", "#XM SIMD error",
    [29] = "#VC VMM communication", [30] = "#SX security",
};

void crash_init(void (*begin)(void), void (*end)(void) noreturn_fn)
{
    stop_others = begin;
    end_machine = end;
}

/* ---- stacks ---- */

static bool in_stack(const struct cpu *c, uint64_t address)
{
    return c && address - (uint64_t)c->stack < STACK_PAGES * PAGE_SIZE;
}

/* A return address belongs to the call before it, maybe a function's last. */
static void show_call(uint64_t rip, unsigned int back)
{
    uint64_t offset;
    const char *name = symbol_name(rip - back, &offset);

    if ( name )
        printk(XENLOG_ALWAYS, "   %016lx %s+0x%lx\n", rip, name, offset + back);
    else
        printk(XENLOG_ALWAYS, "   %016lx\n", rip);
}

void show_stack(uint64_t rip, uint64_t rbp)
{
    const struct cpu *c = this_cpu();

    printk(XENLOG_ALWAYS, "Calls, the last one first:\n");
    if ( rip )
        show_call(rip, 0);
    for ( unsigned int i = 0; i < MAX_FRAMES; i++ )
    {
        const uint64_t *frame = (const uint64_t *)rbp;
        uint64_t page = (rbp - (uint64_t)c->stack) / PAGE_SIZE;

        if ( rbp % 8 || !in_stack(c, rbp) || !in_stack(c, rbp + 15) ||
             page == STACK_GUARD )
            break;
        show_call(frame[1], 1);
        /* Callers are further up. */
        if ( frame[0] <= rbp )
            break;
        rbp = frame[0];
    }
}

/* ---- registers ---- */

void show_frame(const struct trap_frame *f)
{
    printk(XENLOG_ALWAYS,
           "RIP %04lx:%016lx  RFLAGS %016lx\n", f->cs, f->rip, f->rflags);
    printk(XENLOG_ALWAYS, "RSP %04lx:%016lx\n", f->ss, f->rsp);
    printk(XENLOG_ALWAYS,
           "rax %016lx  rbx %016lx  rcx %016lx\n", f->rax, f->rbx, f->rcx);
    printk(XENLOG_ALWAYS,
           "rdx %016lx  rsi %016lx  rdi %016lx\n", f->rdx, f->rsi, f->rdi);
    printk(XENLOG_ALWAYS,
           "rbp %016lx  r8  %016lx  r9  %016lx\n", f->rbp, f->r8, f->r9);
    printk(XENLOG_ALWAYS,
           "r10 %016lx  r11 %016lx  r12 %016lx\n", f->r10, f->r11, f->r12);
    printk(XENLOG_ALWAYS,
           "r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
    printk(XENLOG_ALWAYS,
           "cr0 %016lx  cr2 %016lx  cr3 %016lx\n", read_cr0(), read_cr2(),
           read_cr3());
    printk(XENLOG_ALWAYS,
           "cr4 %016lx  efer %015lx  gs %018lx\n", read_cr4(), rdmsr(MSR_EFER),
           rdmsr(MSR_GS_BASE));
    show_stack(f->rip, f->rbp);
}

/* ---- the way down ---- */

/*
 * Code around guest mode may have been hit while GS was the guest's: the stack
 * tells whose it is.
 */
static void find_cpu(void)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint64_t gs = rdmsr(MSR_GS_BASE);

    for ( unsigned int i = 0; i < nr_cpus; i++ )
        if ( cpus[i] && in_stack(cpus[i], here) )
        {
            if ( gs != (uint64_t)cpus[i] )
                wrmsr(MSR_GS_BASE, (uint64_t)cpus[i]);
            return;
        }
}

/* False: it is not the first time. */
static bool crash_begin(void)
{
    uint32_t nobody = 0, me;

    irq_disable();
    find_cpu();
    me = this_cpu()->id + 1;
    if ( !atomic_cmpxchg(&crashing, &nobody, me) && nobody != me )
        stop();
    crashes++;
    if ( crashes > 2 )
        stop();
    if ( crashes > 1 )
        return false;
    WRITE_ONCE(nmi_stops, true);
    stop_others();
    locks_break();
    return true;
}

void crash_trap(const struct trap_frame *f)
{
    const char *name = f->vector < 32 ? exception_names[f->vector] : NULL;
    uint64_t cr2 = read_cr2();
    const struct cpu *c;
    bool first = crash_begin();

    if ( !first )
    {
        printk(XENLOG_ALWAYS,
               "Crash while crashing: vector %lu at %016lx, cr2 %016lx\n",
               f->vector, f->rip, cr2);
        end_machine();
    }
    c = this_cpu();
    printk(XENLOG_ALWAYS,
           "\nOriel crashed on CPU%u: %s, error code %04lx\n", c->id,
           name ? name : "unexpected exception", f->error);
    /* The exception for it has no stack left to come on: #DF instead. */
    if ( (f->vector == VECTOR_DF || f->vector == VECTOR_PF) &&
         in_stack(c, cr2) &&
         (cr2 - (uint64_t)c->stack) / PAGE_SIZE == STACK_GUARD )
        printk(XENLOG_ALWAYS, "Stack overflow: the guard page was hit\n");
    else if ( f->vector == VECTOR_PF )
        printk(XENLOG_ALWAYS, "Cannot %s %016lx\n",
               f->error & 16 ? "execute" : f->error & 2 ? "write" : "read",
               cr2);
    show_frame(f);
    end_machine();
}

void crash_nmi(void)
{
    if ( !READ_ONCE(nmi_stops) )
        return; /* silently: what it interrupted may hold the console's lock */
    find_cpu();
    store_release(&this_cpu()->online, false);
    stop();
}

void panic(const char *fmt, ...)
{
    char text[400];
    va_list ap;
    bool first = crash_begin();

    va_start(ap, fmt);
    hv_vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printk(XENLOG_ALWAYS, "\nPanic on CPU%u: %s", this_cpu()->id, text);
    if ( first )
        show_stack(0, (uint64_t)__builtin_frame_address(0));
    end_machine();
}
