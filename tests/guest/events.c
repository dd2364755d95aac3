/* SPDX-License-Identifier: MIT */
/* Event channels, timers, blocking and polling, seen by a guest. */
#include "guest.h"

#include <x86/defns.h>

#define WAIT_LIMIT 1000

static bool wait_for(evtchn_port_t port, unsigned int count)
{
    interrupts_off();
    for ( unsigned int i = 0; event_count[port] < count; i++ )
    {
        if ( i == WAIT_LIMIT )
            return false;
        sleep_for_event();
    }
    interrupts_on();
    return event_count[port] == count;
}

static long send(evtchn_port_t port)
{
    struct evtchn_send s = { .port = port };

    return evtchn_op(EVTCHNOP_send, &s);
}

static evtchn_port_t test_ipi(void)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };

    tap(!evtchn_op(EVTCHNOP_bind_ipi, &ipi) && ipi.port, "bind an IPI");
    guest_unmask(ipi.port);
    interrupts_on();
    tap(!send(ipi.port) && wait_for(ipi.port, 1), "an IPI comes as an upcall");

    interrupts_off();
    send(ipi.port);
    tap(event_count[ipi.port] == 1, "no upcall while interrupts are off");
    interrupts_on();
    for ( unsigned int i = 0; event_count[ipi.port] == 1 && i < 10000000; i++ )
        __asm__ volatile("pause");
    tap(event_count[ipi.port] == 2, "it comes when they are on again");

    interrupts_off();
    send(ipi.port);
    sleep_for_event();
    tap(event_count[ipi.port] == 3, "sti; hlt does not sleep over an event");
    return ipi.port;
}

static void test_many(evtchn_port_t port)
{
    interrupts_on();
    for ( unsigned int i = 0; i < 1000; i++ )
    {
        unsigned int before = event_count[port];

        send(port);
        while ( event_count[port] == before )
            __asm__ volatile("pause");
    }
    tap(event_count[port] == 1003, "a thousand events, none lost");
}

static struct vcpu_runstate_info runstate(void)
{
    struct vcpu_runstate_info state = { 0 };

    hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0,
               ADDRESS(&state), 0, 0);
    return state;
}

static long set_timer(uint64_t at)
{
    struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = at };

    return hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0,
                      ADDRESS(&t), 0, 0);
}

/* The mask is PV guests': an upcall comes all the same. */
static void test_upcall_mask(evtchn_port_t port)
{
    unsigned int before = event_count[port];

    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    interrupts_on();
    send(port);
    for ( unsigned int i = 0; event_count[port] == before && i < 10000000; i++ )
        __asm__ volatile("pause");
    tap(event_count[port] == before + 1, "upcall_mask holds no upcall back");
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
}

static evtchn_port_t test_timer(void)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };

    tap(!evtchn_op(EVTCHNOP_bind_virq, &virq), "bind the timer");
    guest_unmask(virq.port);
    tap(!set_timer(1) && wait_for(virq.port, 1),
        "a timer in the past fires at once");
    tap(!set_timer(runstate().state_entry_time + 20000000) &&
            wait_for(virq.port, 2), "a timer wakes a halted vCPU");
    return virq.port;
}

/* What the hypervisor writes, where this kind of code looks for it. */
static void test_shared(evtchn_port_t timer)
{
    static volatile struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area where = {
        .addr.h.p = (void *)&area };
    unsigned int fired = event_count[timer];
    uint64_t before;

    tap(shared_info->wc_sec > 1600000000 && !shared_info->xen_wc_sec_hi &&
            shared_info->wc_nsec < 1000000000, "UTC in shared info");
    tap(!hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area,
                    0, ADDRESS(&where), 0, 0) &&
            area.state_entry_time && area.time[RUNSTATE_running],
        "a runstate area");
    before = area.time[RUNSTATE_blocked];
    /* Later each time, so one of these moments is not over yet. */
    for ( unsigned int i = 20; i < 40 && area.time[RUNSTATE_blocked] == before;
          i++ )
        if ( set_timer(runstate().state_entry_time + (1ULL << i)) ||
             !wait_for(timer, ++fired) )
            break;
    tap(area.time[RUNSTATE_blocked] > before, "it says that the vCPU slept");
}

static void test_poll(evtchn_port_t port)
{
    struct sched_poll poll = { .nr_ports = 1, .timeout = 1 };
    struct evtchn_close close = { .port = port };

    poll.ports.p = &port;
    interrupts_off();
    shared_info->evtchn_mask[port / WORD_BITS] |= 1UL << port % WORD_BITS;
    tap(!hypercall5(__HYPERVISOR_sched_op, SCHEDOP_poll, ADDRESS(&poll), 0, 0,
                    0), "a poll ends with its time");
    poll.timeout = 0;
    send(port);
    tap(!hypercall5(__HYPERVISOR_sched_op, SCHEDOP_poll, ADDRESS(&poll), 0, 0,
                    0), "a poll ends with an event that is masked");
    tap(!evtchn_op(EVTCHNOP_close, &close), "close");
    tap(send(port) == -22, "a closed port cannot be sent through");
}

/*
 * storm=N: N ports, all in one word, that domain 0 may send to; says which
 * they are and where they are counted, then does nothing but take events.
 */
static _Noreturn void storm(unsigned long nr)
{
    evtchn_port_t first = 0;

    for ( unsigned long i = 0; i < nr; i++ )
    {
        struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };

        if ( evtchn_op(EVTCHNOP_alloc_unbound, &a) )
            guest_shutdown(SHUTDOWN_crash);
        if ( !first )
            first = a.port;
        guest_unmask(a.port);
    }
    say("storm: first port %u, counted at %lx\n", first,
        ADDRESS(&event_count[first]));
    interrupts_off();
    for ( ;; )
        sleep_for_event();
}

static char other_stack[8192] __attribute__((aligned(16)));
static volatile bool other_runs;
static volatile unsigned long shared_count;

static void other_main(void)
{
    other_runs = true;
    for ( unsigned int i = 0; i < 100000; i++ )
        __atomic_add_fetch(&shared_count, 1, __ATOMIC_SEQ_CST);
    for ( ;; )
        __asm__ volatile("cli; hlt");
}

static struct vcpu_hvm_context other_context;

#ifdef __i386__
static void make_other_context(void)
{
    xen_vcpu_hvm_x86_32_t *r = &other_context.cpu_regs.x86_32;

    other_context.mode = VCPU_HVM_MODE_32B;
    r->esp = ADDRESS(other_stack + sizeof(other_stack));
    r->edi = ADDRESS(other_main);
    r->eip = ADDRESS(start_vcpu);
    r->cr0 = CR0_PE;
    r->cs_limit = r->ds_limit = r->ss_limit = r->es_limit = ~0U;
    r->cs_ar = 0xc9b;
    r->ds_ar = r->ss_ar = r->es_ar = 0xc93;
    r->tr_limit = 0x67;
    r->tr_ar = 0x8b;
}
#else
static void make_other_context(void)
{
    xen_vcpu_hvm_x86_64_t *r = &other_context.cpu_regs.x86_64;

    other_context.mode = VCPU_HVM_MODE_64B;
    r->rsp = ADDRESS(other_stack + sizeof(other_stack));
    r->rdi = ADDRESS(other_main);
    r->rip = ADDRESS(start_vcpu);
    r->cr0 = CR0_PG | CR0_PE;
    r->cr3 = ADDRESS(pml4);
    r->cr4 = CR4_PAE | CR4_OSFXSR;
    r->efer = EFER_LMA | EFER_LME;
}
#endif

static void test_second_vcpu(void)
{
    long rc;

    make_other_context();
    interrupts_on();
    rc = hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1,
                    ADDRESS(&other_context), 0, 0);
    if ( rc == -2 ) /* it has none */
        return;
    tap(!rc && !hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0, 0, 0),
        "bring up a second vCPU");
    for ( unsigned int i = 0; i < 100000; i++ )
        __atomic_add_fetch(&shared_count, 1, __ATOMIC_SEQ_CST);
    while ( hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, 0, 0, 0) == 1 )
        __asm__ volatile("pause");
    tap(other_runs && shared_count == 200000,
        "two vCPUs' locked additions are all there");
}

_Noreturn void guest_main(void)
{
    evtchn_port_t port;

    guest_init();
    tap(guest_events_init(), "shared info and the upcall vector");
    if ( command_number("storm", 0) )
        storm(command_number("storm", 0));
    port = test_ipi();
    test_many(port);
    test_upcall_mask(port);
    test_shared(test_timer());
    test_poll(port);
    test_second_vcpu();
    tap_end();
    guest_shutdown(SHUTDOWN_poweroff);
}
