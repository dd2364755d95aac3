/* SPDX-License-Identifier: MIT */
/* Guests that run: the images of tests/guest with a device model. */
#include "test-engine.h"
#include "test-engine-count.h"

#define VGA_WORD(c) ((uint16_t)((c) | 0x0700))

/* Run an image that prints TAP to its end; every line must be ok. */
static void run_tap(const char *name, unsigned int vcpus)
{
    struct domain *d = guest_make(name, "", vcpus, XEN_X86_EMU_LAPIC);

    device_start(d);
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_poweroff);
    if ( strstr(out.text, "not ok") || !strstr(out.text, "\n(d1) 1..") )
        fail_msg("console:\n%s", out.text);
    device_stop(true);
    fixture_kill(d);
}

static void test_every_exit(void **state)
{
    (void)state;
    run_tap("exits", 1);
}

static void test_events(void **state)
{
    (void)state;
    run_tap("events", 1);
}

static void test_events_with_two_vcpus(void **state)
{
    (void)state;
    run_tap("events", 2);
    assert_non_null(strstr(out.text, "two vCPUs"));
}

/*
 * Senders set bits in a word of which the guest clears others: each waits for
 * its event to be counted, so one that is lost is never counted.
 */
#define SENDERS 4
#define SENDS 2000

struct sender {
    pthread_t thread;
    evtchn_port_t port;
    volatile unsigned int *count;
};

static void *sender_main(void *arg)
{
    struct sender *s = arg;

    fixture_be_dom(dom0);
    for ( unsigned int i = 0; i < SENDS; i++ )
    {
        unsigned int before = *s->count;

        evtchn_send(dom0, s->port);
        fixture_await(*s->count != before);
    }
    return NULL;
}

static void test_no_event_lost_in_a_storm(void **state)
{
    struct domain *d = guest_make("events", "storm=4", 1, XEN_X86_EMU_LAPIC);
    struct sender sender[SENDERS];
    unsigned int first, i;
    unsigned long at;

    (void)state;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_console("storm: first port");
    assert_int_equal(sscanf(strstr(out.text, "storm:"),
                            "storm: first port %u, counted at %lx", &first,
                            &at), 2);
    for ( i = 0; i < SENDERS; i++ )
    {
        struct evtchn_bind_interdomain bind = {
            .remote_dom = d->domain_id, .remote_port = first + i,
        };

        assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
        sender[i] = (struct sender){
            .port = bind.local_port,
            .count = (void *)((char *)fixture_gfn_to_virt(d, at >> PAGE_SHIFT) +
                              at % PAGE_SIZE + 4 * i),
        };
        assert_int_equal(pthread_create(&sender[i].thread, NULL, sender_main,
                                        &sender[i]), 0);
    }
    for ( i = 0; i < SENDERS; i++ )
        pthread_join(sender[i].thread, NULL);
    fixture_kill(d);
}

/* The guest toggles bit 0 of a word; our bit 8 must stay as we put it. */
static void test_locked_write_keeps_others_bits(void **state)
{
    static const uint8_t toggle[] = { 0xf0, 0x83, 0x35, 0x00, 0x08, 0x00, 0xe0,
                                      0x01, 0xeb, 0xf6 };
    struct domain *d = guest_of_code(toggle, sizeof(toggle));
    uint64_t *word = &d->shared->evtchn_pending[0];
    unsigned int lost = 0;

    (void)state;
    assert_int_equal(offsetof(struct shared_info, evtchn_pending), 0x800);
    page_get_more(d->shared_page);
    assert_int_equal(p2m_set(d, _gfn(0xe0000), page_to_mfn(d->shared_page),
                             P2M_RAM_RW), 0);
    assert_int_equal(domain_ctl_unpause(d), 0);
    for ( unsigned int i = 0; i < 5000; i++ )
    {
        uint64_t before = READ_ONCE(*word);

        set_bit(8, word);
        fixture_await((READ_ONCE(*word) ^ before) & 1);
        lost += !test_and_clear_bit(8, word);
    }
    assert_int_equal(lost, 0);
    fixture_kill(d);
}

/*
 * A guest asks CPUID for the MSR, gives it a frame, and calls the frame's stubs:
 * xen_version(), then sched_op(), with reason 1 if the version was right.
 */
static void test_hypercall_page(void **state)
{
    uint8_t code[] = {
        0xb8, 0x02, 0x00, 0x00, 0x40,       /* mov $0x40000002, %eax      */
        0x0f, 0xa2,                         /* cpuid                      */
        0x89, 0xd9, 0x31, 0xd2,             /* mov %ebx, %ecx; edx = 0    */
        0xb8, 0x00, 0x00, 0x08, 0x00,       /* mov $0x80000, %eax         */
        0x0f, 0x30,                         /* wrmsr                      */
        0x31, 0xdb, 0x31, 0xc9,             /* ebx = 0; ecx = 0           */
        0xb8, 0x20, 0x02, 0x08, 0x00,       /* stub of xen_version()      */
        0xff, 0xd0,                         /* call *%eax                 */
        0x31, 0xc9,                         /* ecx = 0                    */
        0x3d, 0x11, 0x00, 0x04, 0x00,       /* cmp $0x40011, %eax         */
        0x0f, 0x94, 0xc1,                   /* sete %cl                   */
        0x89, 0x0d, 0x00, 0x90, 0x00, 0x00, /* mov %ecx, 0x9000           */
        0xbb, 0x02, 0x00, 0x00, 0x00,       /* mov $SCHEDOP_shutdown, ebx */
        0xb9, 0x00, 0x90, 0x00, 0x00,       /* mov $0x9000, %ecx          */
        0xb8, 0xa0, 0x03, 0x08, 0x00,       /* stub of sched_op()         */
        0xff, 0xd0, 0xeb, 0xfe,             /* call *%eax; jmp .          */
    };
    struct domain *d = guest_of_code(code, sizeof(code));

    (void)state;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_reboot);
    fixture_kill(d);

    code[12] = 0x01; /* not the begin of a frame: #GP, and no handler */
    d = guest_of_code(code, sizeof(code));
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_crash);
    fixture_kill(d);

    code[12] = 0x00;
    code[15] = 0xc0; /* a frame without memory */
    d = guest_of_code(code, sizeof(code));
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_crash);
    fixture_kill(d);
}

static void test_hello(void **state)
{
    struct domain *d = guest_make("hello", "console=e9 loop=1000", 1,
                                  XEN_X86_EMU_LAPIC | XEN_X86_EMU_VGA);
    struct device_model *m = device_start(d);

    (void)state;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_shutdown(d, SHUTDOWN_poweroff);
    await_console("hello from a guest");
    await_console("command line: console=e9 loop=1000");
    await_console("ports 500: 12345678 beef 5a");
    await_console("nobody has: ffffffff");
    await_console("memory f1000000: 1122334455667788 88 55667790 43214321");
    await_console("grant 0: flags 0");
    await_console("read a port 1000 times");
    await_console("good bye");
    assert_string_equal(m->serial, "hello, serial port\r\n");
    assert_int_equal(m->wide, 2); /* one write, one read of 8 bytes */
    assert_int_equal(m->buffered, 5);
    assert_int_equal(*(uint16_t *)m->vga, VGA_WORD('O'));
    device_stop(true);
    fixture_kill(d);
}

static void test_device_model_goes_while_guest_spins(void **state)
{
    struct domain *d = guest_make("hello", "spin", 1, XEN_X86_EMU_LAPIC);

    (void)state;
    device_start(d);
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_console("reading a port: 12345678");
    device_stop(true);
    await_console("its device model has gone");
    await_shutdown(d, SHUTDOWN_poweroff);
    fixture_kill(d);
}

/* A vcpu in the middle of an access must not hold up the end. */
static void test_kill_while_waiting_for_an_answer(void **state)
{
    struct domain *d = guest_make("hello", "", 1, XEN_X86_EMU_LAPIC);
    struct device_model *m = device_start(d);

    (void)state;
    m->answer = false;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_console("command line");
    fixture_await(ioreq_in_flight(domain_vcpu(d, 0)));
    fixture_kill(d);
    device_stop(false);
}

static void test_pause_stops_a_running_guest(void **state)
{
    static const uint8_t count[] = { 0xff, 0x05, 0x00, 0x90, 0x00, 0x00,
                                     0xeb, 0xf8 }; /* 1: incl 0x9000; jmp 1b */
    struct domain *d = guest_of_code(count, sizeof(count));
    volatile uint32_t *counter = fixture_gfn_to_virt(d, 9);
    struct hvm_hw_cpu context;
    uint32_t before;

    (void)state;
    for ( unsigned int i = 0; i < 200; i++ )
    {
        assert_int_equal(domain_ctl_unpause(d), 0);
        before = *counter;
        fixture_await(*counter != before);
        assert_int_equal(domain_ctl_pause(d), 0);
        before = *counter;
        arch_vcpu_get_context(domain_vcpu(d, 0), &context);
        assert_in_range(context.rip, 0x100000, 0x100007);
        assert_int_equal(*counter, before);
    }
    fixture_kill(d);
}

/*
 * A fill of 1 MiB again and again, by one instruction each time: paused in its
 * midst it has its place in it, and goes on from there.
 */
static void test_pause_stops_a_long_instruction(void **state)
{
    static const uint8_t fill[] = {
        0xfe, 0x05, 0x00, 0x90, 0x00, 0x00, /* 1: incb 0x9000        */
        0xa0, 0x00, 0x90, 0x00, 0x00,       /* mov 0x9000, %al       */
        0xbf, 0x00, 0x00, 0x10, 0x00,       /* mov $0x100000, %edi   */
        0x81, 0xc7, 0x00, 0x00, 0x10, 0x00, /* add $0x100000, %edi   */
        0xb9, 0x00, 0x00, 0x10, 0x00,       /* mov $0x100000, %ecx   */
        0xf3, 0xaa,                         /* rep stosb             */
        0xeb, 0xe1,                         /* jmp 1b                */
    };
    struct domain *d = guest_of_code(fill, sizeof(fill));
    struct hvm_hw_cpu context;
    unsigned int midst = 0;

    (void)state;
    count_executed = true;
    for ( unsigned int i = 0; midst < 20; i++ )
    {
        assert_true(i < 2000);
        assert_int_equal(domain_ctl_unpause(d), 0);
        await_executed(d, i * 7919 % 20000);
        assert_int_equal(domain_ctl_pause(d), 0);
        arch_vcpu_get_context(domain_vcpu(d, 0), &context);
        if ( context.rip != 0x10001b )
            continue;
        assert_int_equal(context.rdi + context.rcx, 0x300000);
        if ( !context.rcx || context.rcx == 0x100000 )
            continue;
        midst++;
        for ( uint64_t at = 0x200000; at < 0x300000; at++ )
        {
            const uint8_t *page = fixture_gfn_to_virt(d, at >> PAGE_SHIFT);
            uint8_t done = at < context.rdi ? 0 : 1;

            assert_int_equal(page[at % PAGE_SIZE],
                             (uint8_t)(context.rax - done));
        }
    }
    fixture_kill(d);
}

/* 4 GiB of it: nobody waits for that. */
static void test_kill_in_a_long_instruction(void **state)
{
    static const uint8_t load[] = { 0x31, 0xf6,       /* xor %esi, %esi */
                                    0x83, 0xc9, 0xff, /* or $-1, %ecx   */
                                    0xf3, 0xac,       /* rep lodsb      */
                                    0xeb, 0xf7 };
    struct domain *d = guest_of_code(load, sizeof(load));

    (void)state;
    count_executed = true;
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_executed(d, 10000);
    fixture_kill(d);
}

/* ---- the address space ---- */

/* When p2m_remove() returns, nothing the guest does reaches the frame. */
static void test_removed_page_is_out_of_reach(void **state)
{
    static const uint8_t count[] = { 0xff, 0x05, 0x00, 0x90, 0x00, 0x00,
                                     0xeb, 0xf8 };
    struct domain *d = guest_of_code(count, sizeof(count));
    volatile uint32_t *counter = fixture_gfn_to_virt(d, 9);
    mfn_t mfn = p2m_lookup(d, _gfn(9)).mfn;
    uint32_t last;

    (void)state;
    count_executed = true;
    page_get_more(mfn_to_page(mfn));
    assert_int_equal(domain_ctl_unpause(d), 0);
    fixture_await(*counter);
    assert_int_equal(p2m_remove(d, _gfn(9), mfn), 0);
    last = *counter;
    await_executed(d, 10000);
    assert_int_equal(*counter, last);

    /* Given back, it counts on: found by an access, with no flush. */
    assert_int_equal(p2m_set(d, _gfn(9), mfn, P2M_RAM_RW), 0);
    fixture_await(*counter != last);
    fixture_kill(d);
}

static void test_read_only_page_keeps_its_content(void **state)
{
    /* incl 0x9000; mov 0x9000,%al; out %al,$0xe9; mov $10,%al; out; cli; hlt */
    static const uint8_t code[] = { 0xff, 0x05, 0x00, 0x90, 0x00, 0x00, 0xa0,
                                    0x00, 0x90, 0x00, 0x00, 0xe6, 0xe9, 0xb0,
                                    0x0a, 0xe6, 0xe9, 0xfa, 0xf4 };
    struct domain *d = guest_of_code(code, sizeof(code));
    struct p2m_entry e = p2m_lookup(d, _gfn(9));

    (void)state;
    *(uint32_t *)fixture_gfn_to_virt(d, 9) = 'R';
    page_get_more(mfn_to_page(e.mfn));
    assert_int_equal(p2m_replace(d, _gfn(9), e, e.mfn, P2M_RAM_RO), 0);
    assert_int_equal(domain_ctl_unpause(d), 0);
    await_console("(d1) R\n");
    await_shutdown(d, SHUTDOWN_poweroff); /* by HLT with interrupts off */
    assert_int_equal(*(uint32_t *)fixture_gfn_to_virt(d, 9), 'R');
    fixture_kill(d);
}

/* ---- guests that misbehave ---- */

static const struct {
    const char *name, *why;
    uint8_t code[16];
} bad[] = {
    { "jump to no memory", "at rip", { 0xb8, 0, 0, 0, 0x80, 0xff, 0xe0 } },
    { "invalid opcode", "triple fault", { 0x0f, 0x0b } },
    { "lidt of nothing", "triple fault",
      { 0x0f, 0x01, 0x1d, 0, 0, 0, 0, 0xcc } },
    { "int without a table", "triple fault", { 0xcd, 0x80 } },
    { "paging on without tables", "triple fault",
      { 0x0f, 0x20, 0xc0, 0x0d, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0, 0x90 } },
    { "running off the end", "at rip",
      { 0xb8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xe0 } },
};

static void test_misbehaving_guest_crashes_alone(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
    {
        struct domain *d = guest_of_code(bad[i].code, sizeof(bad[i].code));

        print_message("# %s\n", bad[i].name);
        assert_int_equal(domain_ctl_unpause(d), 0);
        await_shutdown(d, SHUTDOWN_crash);
        await_console(bad[i].why);
        fixture_kill(d);
        out.len = 0;
    }
}

/* Noise as code, from a fixed seed: whatever it does, we are still here. */
static void test_noise_as_code(void **state)
{
    uint64_t seed = 1;

    (void)state;
    count_executed = true;
    for ( unsigned int i = 0; i < 60; i++ )
    {
        uint8_t code[4096];
        struct domain *d;

        for ( unsigned int j = 0; j < sizeof(code); j++ )
        {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            code[j] = (uint8_t)(seed >> 56);
        }
        d = guest_of_code(code, sizeof(code));
        assert_int_equal(domain_ctl_unpause(d), 0);
        await_executed(d, 20000);
        fixture_kill(d);
    }
}

int main(void)
{
#define T(name) \
    cmocka_unit_test_setup_teardown(test_##name, engine_setup, engine_teardown)
    const struct CMUnitTest tests[] = {
        T(hello), T(every_exit), T(events), T(events_with_two_vcpus),
        T(no_event_lost_in_a_storm), T(locked_write_keeps_others_bits),
        T(device_model_goes_while_guest_spins),
        T(kill_while_waiting_for_an_answer), T(pause_stops_a_running_guest),
        T(pause_stops_a_long_instruction), T(kill_in_a_long_instruction),
        T(removed_page_is_out_of_reach), T(read_only_page_keeps_its_content),
        T(hypercall_page), T(misbehaving_guest_crashes_alone),
        T(noise_as_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
