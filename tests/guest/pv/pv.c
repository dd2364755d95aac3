/* SPDX-License-Identifier: MIT */
/* Console, traps and page tables of 64-bit PV test guests: pv.h. */
#include "pv.h"

#include <xen/io/console.h>

#define MASK_OUT (sizeof(console->out) - 1)

struct shared_info *shared_info;
bool (*pv_trap_hook)(struct frame *f);
uint64_t pool[NR_POOL][512] __attribute__((aligned(4096)));

static struct xencons_interface *console;
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));

/* ---- console ---- */

static void notify_console(void)
{
    struct evtchn_send s = { .port = start_info->console.domU.evtchn };

    evtchn_op(EVTCHNOP_send, &s);
}

static void yield(void)
{
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

void put_char(char c)
{
    XENCONS_RING_IDX prod = console->out_prod;

    while ( prod - __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) >=
            sizeof(console->out) )
    {
        notify_console();
        yield();
    }
    console->out[prod & MASK_OUT] = c;
    __atomic_store_n(&console->out_prod, prod + 1, __ATOMIC_RELEASE);
    if ( c == '\n' )
        notify_console();
}

const char *command_line(void)
{
    return (const char *)start_info->cmd_line;
}

_Noreturn void pv_end(unsigned int reason)
{
    struct sched_shutdown s = { .reason = reason };

    while ( __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) !=
            console->out_prod )
        yield();
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, ADDRESS(&s));
    for ( ;; )
        yield();
}

/* ---- memory ---- */

static uint64_t pfn_of_mfn(uint64_t mfn)
{
    return machine_to_phys_mapping[mfn];
}

static void *page_of_mfn(uint64_t mfn)
{
    return (void *)(pfn_of_mfn(mfn) * PAGE_SIZE);
}

uint64_t mfn_of(const void *page)
{
    return ((const uint64_t *)start_info->mfn_list)[ADDRESS(page) / PAGE_SIZE];
}

uint64_t pte_of(const void *page, uint64_t flags)
{
    return mfn_of(page) * PAGE_SIZE | flags;
}

static unsigned int slot_of(const void *va, unsigned int level)
{
    return ADDRESS(va) >> (3 + 9 * level) & 511;
}

uint64_t *table_of(const void *va, unsigned int level)
{
    uint64_t *table = (uint64_t *)start_info->pt_base;

    for ( unsigned int l = 4; l > level; l-- )
        table = page_of_mfn(table[slot_of(va, l)] >> 12 & 0xffffffffffUL);
    return table;
}

uint64_t l1e_address(const void *va)
{
    return mfn_of(table_of(va, 1)) * PAGE_SIZE + slot_of(va, 1) * 8;
}

long update_va(const void *va, uint64_t pte, unsigned long flags)
{
    return hypercall5(__HYPERVISOR_update_va_mapping, ADDRESS(va), pte, flags,
                      0, 0);
}

long map_page(const void *page, uint64_t flags)
{
    return update_va(page, pte_of(page, flags), UVMF_INVLPG);
}

long mmu_update(uint64_t ptr, uint64_t val)
{
    struct mmu_update u = { .ptr = ptr, .val = val };

    return hypercall5(__HYPERVISOR_mmu_update, ADDRESS(&u), 1, 0, DOMID_SELF,
                      0);
}

long mmuext(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = { .cmd = cmd, .arg1.mfn = arg1 };

    op.arg2.src_mfn = arg2;
    return hypercall5(__HYPERVISOR_mmuext_op, ADDRESS(&op), 1, 0, DOMID_SELF,
                      0);
}

/* ---- traps ---- */

void on_trap(struct frame *f);
void on_trap(struct frame *f)
{
    if ( pv_trap_hook && pv_trap_hook(f) )
        return;
    say("trap %lx (error %lx) at %lx, cs %lx, rsp %lx, cr2 %lx\n", f->vector,
        f->error, f->rip, f->cs, f->rsp, shared_info->vcpu_info[0].arch.cr2);
    pv_end(SHUTDOWN_crash);
}

void pv_set_traps(void)
{
    static struct trap_info t[34];
    unsigned int i;

    for ( i = 0; i < 32; i++ )
        t[i] = (struct trap_info){ .vector = (uint8_t)i, .flags = 3,
                                   .cs = FLAT_KERNEL_CS,
                                   .address = ADDRESS(TRAP_ENTRY(i)) };
    t[i] = (struct trap_info){ .vector = 0x80, .flags = 3,
                               .cs = FLAT_KERNEL_CS,
                               .address = ADDRESS(TRAP_ENTRY(0x80)) };
    hypercall1(__HYPERVISOR_set_trap_table, ADDRESS(t));
    hypercall5(__HYPERVISOR_set_callbacks, ADDRESS(event_entry),
               ADDRESS(failsafe_entry), ADDRESS(syscall_entry), 0, 0);
}

void pv_init(void)
{
    console = page_of_mfn(start_info->console.domU.mfn);
    update_va(shared_page, start_info->shared_info | PAGE_RW, UVMF_INVLPG);
    shared_info = (struct shared_info *)shared_page;
    /* What has an event is looked at: no upcalls. */
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
    shared_info->vcpu_info[0].evtchn_pending_sel = 0;
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
}

long evtchn_op(unsigned int op, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, op, ADDRESS(arg));
}

void *memset(void *s, int c, size_t n)
{
    void *at = s;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(c) : "memory");
    return s;
}

void *memcpy(void *d, const void *s, size_t n)
{
    void *at = d;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(s), "+c"(n) : : "memory");
    return d;
}
