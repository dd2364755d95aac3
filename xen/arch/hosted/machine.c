/* SPDX-License-Identifier: MIT */
/*
 * The machine: frames in a memfd, heap by malloc, time by the host's clock,
 * and the hooks by which it calls the server and the engine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <hosted.h>

#include <hv/audit.h>
#include <hv/console.h>
#include <hv/heap.h>
#include <hv/hvm-irq.h>
#include <hv/hvm-save.h>
#include <hv/keys.h>
#include <hv/lib.h>
#include <hv/memory.h>
#include <hv/p2m.h>
#include <hv/timer.h>
#include <hv/trace.h>

struct hosted_hooks hosted_hooks;
int hosted_memfd = -1;
uint64_t hosted_no_ram;

static char *frames_base;
static struct page *frames_table;
static uint64_t frames_count, no_ram_count;
static uint64_t heap_objects, heap_bytes;
static uint64_t began_ns;
static unsigned int preempt_every, preempt_count;

/* ---- life ---- */

static int protect_no_ram(int prot)
{
    return mprotect(frames_table + frames_count,
                    no_ram_count * sizeof(*frames_table), prot);
}

static void free_frames(void)
{
    munmap(frames_base, frames_count << PAGE_SHIFT);
    if ( no_ram_count )
        protect_no_ram(PROT_READ | PROT_WRITE);
    free(frames_table);
    close(hosted_memfd);
    hosted_memfd = -1;
}

static int make_frames(uint64_t frames)
{
    size_t bytes = frames << PAGE_SHIFT;

    hosted_memfd = memfd_create("oriel-frames", MFD_CLOEXEC);
    if ( hosted_memfd < 0 || ftruncate(hosted_memfd, (off_t)bytes) )
        return -errno;
    frames_base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                       hosted_memfd, 0);
    bytes = (frames + hosted_no_ram) * sizeof(*frames_table);
    if ( frames_base == MAP_FAILED ||
         posix_memalign((void **)&frames_table, PAGE_SIZE, bytes) )
        return -ENOMEM;
    memset(frames_table, 0, bytes);
    frames_count = frames;
    no_ram_count = hosted_no_ram;
    return no_ram_count && protect_no_ram(PROT_READ) ? -errno : 0;
}

/* Page faults on fresh frames were more than half of a short test's time. */
int hosted_init(uint64_t frames)
{
    bool same = frames_count == frames && no_ram_count == hosted_no_ram;
    int rc = 0;

    if ( hosted_memfd >= 0 && !same )
        free_frames();
    if ( hosted_memfd < 0 )
        rc = make_frames(frames);
    else
        memset(frames_table, 0, frames * sizeof(*frames_table));
    if ( rc )
        return rc;
    hosted_preempt_every(0);
    page_heap_init(frames_table, frames + no_ram_count);
    page_heap_add(0, frames);
    domain_list_init();
    timer_system_init();
    wallclock_init();
    console_init();
    trace_init(TRACE_SIZE);
    began_ns = now_ns();
    return 0;
}

static void kill_all_domains(void)
{
    struct hosted_context none = hosted_enter((struct hosted_context){});
    domid_t from = 0;
    struct domain *d;

    while ( (d = domain_get_from(from)) != NULL )
    {
        int rc;

        from = d->domain_id + 1;
        do
            rc = domain_kill(d);
        while ( rc == -ERESTART );
        domain_put(d);
    }
    (void)none;
}

unsigned int hosted_exit(void)
{
    unsigned int left = 0;
    struct domain *d;

    kill_all_domains();
    trace_end();
    while ( (d = domain_get_from(0)) != NULL )
    {
        printf("left over: domain %u\n", d->domain_id);
        left++;
        break;
    }
    if ( page_nr_free() != page_nr_total() )
    {
        printf("left over: %lu frames\n",
               (unsigned long)(page_nr_total() - page_nr_free()));
        left++;
    }
    if ( heap_objects && !left )
    {
        printf("left over: %lu objects\n", (unsigned long)heap_objects);
        left++;
    }
    heap_objects = heap_bytes = 0;
    hosted_fail_alloc(0);
    hosted_local_window(NULL, 0);
    memset(&hosted_hooks, 0, sizeof(hosted_hooks));
    return left;
}

void *arch_mfn_to_virt(mfn_t mfn)
{
    return frames_base + (mfn_x(mfn) << PAGE_SHIFT);
}

/* ---- heap, fault injection, preemption ---- */

/* The size that the caller asked for, in units of 64. */
static uint64_t object_bytes(void *p)
{
    return (hosted_hooks.heap_size ? hosted_hooks.heap_size(p)
                                   : malloc_usable_size(p)) & ~63UL;
}

void *arch_heap_alloc(size_t bytes)
{
    void *p = hosted_hooks.heap_alloc
                  ? hosted_hooks.heap_alloc(bytes)
                  : aligned_alloc(64, (bytes + 63) & ~63UL);

    if ( p )
    {
        atomic_add_return(&heap_objects, 1);
        atomic_add_return(&heap_bytes, object_bytes(p));
    }
    return p;
}

void arch_heap_free(void *p)
{
    atomic_sub_return(&heap_objects, 1);
    atomic_sub_return(&heap_bytes, object_bytes(p));
    if ( hosted_hooks.heap_free )
        hosted_hooks.heap_free(p);
    else
        free(p);
}

void arch_heap_show(struct key_press *k)
{
    key_print(k, "objects: %lu of %lu bytes", READ_ONCE(heap_objects),
              READ_ONCE(heap_bytes));
}

uint64_t hosted_heap_objects(void)
{
    return READ_ONCE(heap_objects);
}

uint64_t hosted_heap_bytes(void)
{
    return heap_bytes;
}

void hosted_preempt_every(unsigned int nth)
{
    WRITE_ONCE(preempt_count, 0);
    WRITE_ONCE(preempt_every, nth);
}

bool arch_hypercall_preempted(void)
{
    unsigned int every = READ_ONCE(preempt_every);

    return every && atomic_add_return(&preempt_count, 1) % every == 0;
}

/* ---- time and console ---- */

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000UL + (uint64_t)ts.tv_nsec;
}

uint64_t arch_now_ns(void)
{
    if ( unlikely(hosted_hooks.now != NULL) )
        return hosted_hooks.now();
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t arch_ticks(void)
{
    return __builtin_ia32_rdtsc();
}

uint64_t arch_wallclock_ns(void)
{
    if ( unlikely(hosted_hooks.wallclock != NULL) )
        return hosted_hooks.wallclock();
    return clock_ns(CLOCK_REALTIME);
}

void arch_timer_program(uint64_t expires)
{
    if ( hosted_hooks.timer )
        hosted_hooks.timer(expires);
}

size_t arch_console_write(const char *s, size_t len)
{
    if ( hosted_hooks.console_room )
        len = min(len, hosted_hooks.console_room());
    if ( hosted_hooks.console )
        hosted_hooks.console(s, len);
    else
        fwrite(s, 1, len, stdout);
    return len;
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

/* The host's scheduler places guests' vcpus, and decides when they run. */
unsigned int arch_vcpu_cpu(const struct vcpu *v)
{
    (void)v;
    return 0;
}

int arch_vcpu_set_affinity(struct vcpu *v, const uint64_t *hard,
                           const uint64_t *soft)
{
    (void)v, (void)hard, (void)soft;
    return 0;
}

void arch_domain_shares_changed(struct domain *d)
{
    (void)d;
}

void arch_sched_set_ratelimit(uint32_t us)
{
    (void)us;
}

uint64_t arch_cpu_idle_ns(unsigned int cpu)
{
    (void)cpu;
    return hosted_hooks.cpu_idle_ns ? hosted_hooks.cpu_idle_ns()
                                    : now_ns() - began_ns;
}

/* ---- hooks of the server and the engine, if they are linked ---- */

int arch_domain_create(struct domain *d)
{
    return hosted_hooks.domain_create ? hosted_hooks.domain_create(d) : 0;
}

int arch_domain_relinquish(struct domain *d)
{
    if ( hosted_hooks.domain_relinquish )
        hosted_hooks.domain_relinquish(d);
    return 0;
}

void arch_domain_destroy(struct domain *d)
{
    if ( hosted_hooks.domain_destroy )
        hosted_hooks.domain_destroy(d);
}

int arch_vcpu_create(struct vcpu *v)
{
    return hosted_hooks.vcpu_create ? hosted_hooks.vcpu_create(v) : 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if ( hosted_hooks.vcpu_destroy )
        hosted_hooks.vcpu_destroy(v);
}

void arch_vcpu_kick(struct vcpu *v)
{
    if ( hosted_hooks.kick )
        hosted_hooks.kick(v);
}

bool arch_vcpu_may_look(const struct vcpu *v)
{
    return hosted_hooks.may_look && hosted_hooks.may_look(v);
}

void arch_vcpu_relax(void)
{
    sched_yield();
}

bool arch_vcpu_interrupt_pending(const struct vcpu *v)
{
    return hosted_hooks.interrupt_pending &&
           hosted_hooks.interrupt_pending(v);
}

void arch_vcpu_sync(struct vcpu *v)
{
    if ( hosted_hooks.sync )
        hosted_hooks.sync(v);
}

int arch_vcpu_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    return hosted_hooks.set_context ? hosted_hooks.set_context(v, ctx) : 0;
}

void arch_vcpu_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    if ( hosted_hooks.get_context )
        hosted_hooks.get_context(v, ctx);
}

/* Guests have no interrupt controllers here. */
static int line_moved(const struct domain *d)
{
    return d->config.arch.emulation_flags &
                   (XEN_X86_EMU_PIC | XEN_X86_EMU_IOAPIC)
               ? -EOPNOTSUPP : 0;
}

int arch_set_isa_irq(struct domain *d, unsigned int irq, bool asserted)
{
    (void)irq, (void)asserted;
    return line_moved(d);
}

int arch_set_pci_intx(struct domain *d, unsigned int device,
                      unsigned int intx, bool asserted)
{
    (void)device, (void)intx, (void)asserted;
    return line_moved(d);
}

int arch_set_pci_link(struct domain *d, unsigned int link, unsigned int irq)
{
    (void)link, (void)irq;
    return line_moved(d);
}

int arch_inject_msi(struct domain *d, uint64_t address, uint32_t data)
{
    (void)d, (void)address, (void)data;
    return -EOPNOTSUPP;
}

int arch_send_nmi(struct vcpu *v)
{
    (void)v;
    return -EOPNOTSUPP;
}

int arch_press_button(struct domain *d, bool sleep)
{
    (void)sleep;
    return d->config.arch.emulation_flags & XEN_X86_EMU_PM ? -EOPNOTSUPP
                                                           : -EINVAL;
}

const struct hvm_record *arch_hvm_records(unsigned int *nr)
{
    *nr = 0;
    return hosted_hooks.hvm_records ? hosted_hooks.hvm_records(nr) : NULL;
}

void arch_p2m_flush(struct domain *d, gfn_t gfn, uint64_t nr)
{
    if ( hosted_hooks.p2m_flush )
        hosted_hooks.p2m_flush(d, gfn, nr);
}

unsigned int arch_host_e820(const struct e820entry **map)
{
    static struct e820entry all = { .type = E820_RAM };

    all.size = frames_count << PAGE_SHIFT;
    *map = &all;
    return 1;
}

unsigned int arch_p2m_max_order(void)
{
    return 18;
}

int arch_stop_machine(void)
{
    return hosted_hooks.stop_machine ? hosted_hooks.stop_machine() : 0;
}

void arch_start_machine(void)
{
}

void arch_audit_refs(audit_count_t count)
{
    if ( hosted_hooks.audit )
        hosted_hooks.audit(count);
}
