/* SPDX-License-Identifier: MIT */
/* Traps, events and hypercalls for test guests. */
#include "guest.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#define UPCALL_VECTOR 0xf3

uint8_t cpu_is_amd;
struct shared_info *shared_info;
volatile unsigned int event_count[MAX_PORTS];
bool (*trap_hook)(unsigned int vector, uint64_t error, struct trap_frame *f);

/* ---- text ---- */

void put_char(char c)
{
    outb(0xe9, (uint8_t)c);
}

const char *command_line(void)
{
    const struct hvm_start_info *info = (void *)(uintptr_t)start_info_address;

    if ( !info || info->magic != XEN_HVM_START_MAGIC_VALUE ||
         !info->cmdline_paddr )
        return "";
    return (const char *)(uintptr_t)info->cmdline_paddr;
}

/* ---- traps ---- */

struct gate
{
    uint16_t offset_0, selector;
    uint8_t ist, type;
    uint16_t offset_16;
#ifndef __i386__
    uint32_t offset_32, zero;
#endif
};

static struct gate idt[256];

struct idtr trap_idtr = { sizeof(idt) - 1, idt };

void guest_set_gate(unsigned int vector, void *handler, unsigned int dpl)
{
    unsigned long at = ADDRESS(handler);

    idt[vector] = (struct gate){ .offset_0 = (uint16_t)at, .selector = 8,
                                 .type = (uint8_t)(0x8e | dpl << 5),
                                 .offset_16 = (uint16_t)(at >> 16) };
#ifndef __i386__
    idt[vector].offset_32 = (uint32_t)(at >> 32);
#endif
}

static void trap(unsigned int vector, uint64_t error, struct trap_frame *f)
{
    if ( trap_hook && trap_hook(vector, error, f) )
        return;
    say("trap %u (error %lx) at %lx\n", vector, (unsigned long)error,
        f->rip);
    guest_shutdown(SHUTDOWN_crash);
}

#define TRAP(n)                                                              \
    __attribute__((interrupt)) static void trap_##n(struct trap_frame *f)    \
    {                                                                        \
        trap(n, 0, f);                                                       \
    }
#define TRAP_ERROR(n)                                                        \
    __attribute__((interrupt)) static void trap_##n(struct trap_frame *f,    \
                                                    unsigned long error)     \
    {                                                                        \
        trap(n, error, f);                                                   \
    }
TRAP(0) TRAP(1) TRAP(2) TRAP(3) TRAP(6) TRAP(7)
TRAP_ERROR(8) TRAP_ERROR(11) TRAP_ERROR(12) TRAP_ERROR(13) TRAP_ERROR(14)
TRAP(128)

static void handle_events(void)
{
    struct vcpu_info *info = &shared_info->vcpu_info[0];

    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    for ( ;; )
    {
        unsigned long words = __atomic_exchange_n(&info->evtchn_pending_sel,
                                                  0, __ATOMIC_SEQ_CST);

        if ( !words )
            return;
        for ( unsigned int w = 0; w < WORD_BITS; w++ )
        {
            unsigned long ports = shared_info->evtchn_pending[w] &
                                  ~shared_info->evtchn_mask[w];

            if ( !(words >> w & 1) )
                continue;
            __atomic_fetch_and(&shared_info->evtchn_pending[w], ~ports,
                               __ATOMIC_SEQ_CST);
            for ( ; ports; ports &= ports - 1 )
            {
                unsigned int port = w * WORD_BITS +
                                    (unsigned int)__builtin_ctzl(ports);

                if ( port < MAX_PORTS )
                    event_count[port]++;
            }
        }
    }
}

__attribute__((interrupt)) static void upcall(struct trap_frame *f)
{
    (void)f;
    handle_events();
}

void guest_init(void)
{
    uint32_t a = 0, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    cpu_is_amd = c == 0x444d4163; /* "cAMD" */

#define SET(n) guest_set_gate(n, trap_##n, 0)
    SET(0), SET(1), SET(2), SET(3), SET(6), SET(7), SET(8), SET(11), SET(12),
        SET(13), SET(14), SET(128);
#undef SET
    guest_set_gate(UPCALL_VECTOR, upcall, 0);
    __asm__ volatile("lidt %0" : : "m"(trap_idtr));
}

/* ---- the hypervisor ---- */

long evtchn_op(unsigned int op, void *arg)
{
    return hypercall5(__HYPERVISOR_event_channel_op, op, ADDRESS(arg), 0, 0,
                      0);
}

long add_to_physmap(unsigned int space, unsigned long idx, uint64_t address)
{
    struct xen_add_to_physmap a = { .domid = DOMID_SELF, .space = space,
                                    .idx = idx, .gpfn = address / PAGE_SIZE };

    return hypercall5(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                      ADDRESS(&a), 0, 0, 0);
}

_Noreturn void guest_shutdown(unsigned int code)
{
    struct sched_shutdown s = { .reason = code };

    hypercall5(__HYPERVISOR_sched_op, SCHEDOP_shutdown, ADDRESS(&s), 0, 0, 0);
    for ( ;; )
        __asm__ volatile("cli; hlt");
}

bool guest_events_init(void)
{
    struct xen_hvm_param p = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 |
                 UPCALL_VECTOR,
    };

    if ( add_to_physmap(XENMAPSPACE_shared_info, 0, SHARED_INFO_ADDRESS) )
        return false;
    shared_info = (struct shared_info *)SHARED_INFO_ADDRESS;
    for ( unsigned int w = 0; w < WORD_BITS; w++ )
        shared_info->evtchn_mask[w] = ~0UL;
    return !hypercall5(__HYPERVISOR_hvm_op, HVMOP_set_param, ADDRESS(&p), 0,
                       0, 0);
}

void guest_unmask(evtchn_port_t port)
{
    struct evtchn_unmask u = { .port = port };

    evtchn_op(EVTCHNOP_unmask, &u);
}

/* The compiler may call them. */
void *memset(void *s, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);

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
