/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the engine: a guest made as a toolstack makes it from an
 * image in build/guest, its console as text, timers, and a device model on a
 * thread of its own, which serves ports 0x500-0x50f, a serial port and
 * registers at 0xf1000000 and 0xa0000.
 */
#ifndef TESTS_TEST_ENGINE_H
#define TESTS_TEST_ENGINE_H

#include "fixture.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "../../xen/arch/hosted/engine/engine.h"

#include <hv/timer.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/save.h>
#include <xen/sched.h>

#include <x86/defns.h>

#define GUEST_PAGES 1024
#define START_INFO_GFN 9
#define DM_PORT 0x500
#define DM_MEMORY 0xf1000000UL
#define UART 0x3f8
#define VGA_START 0xa0000UL
#define VGA_LAST 0xbffffUL

/* The engine does not free its notes on pages with code that was changed. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libunicorn";
}

/* ---- the machine around the guest ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char text[65536];
    size_t len;
} out = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, "", 0 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool kicked, stop;
    uint64_t due;
    pthread_t timer_thread;
} outside = { .lock = PTHREAD_MUTEX_INITIALIZER,
              .changed = PTHREAD_COND_INITIALIZER };

static void console_hook(const char *s, size_t len)
{
    pthread_mutex_lock(&out.lock);
    if ( out.len + len < sizeof(out.text) )
    {
        memcpy(out.text + out.len, s, len);
        out.len += len;
        out.text[out.len] = '\0';
    }
    pthread_cond_broadcast(&out.changed);
    pthread_mutex_unlock(&out.lock);
}

static inline bool console_has(const char *text)
{
    bool found;

    pthread_mutex_lock(&out.lock);
    found = strstr(out.text, text) != NULL;
    pthread_mutex_unlock(&out.lock);
    return found;
}

/* Wait for the text on the console. */
static inline void await_console(const char *text)
{
    struct fixture_wait w = { 0 };

    while ( !console_has(text) )
        fixture_wait(&w, text);
}

static void kick_hook(struct vcpu *v)
{
    if ( v->domain != dom0 )
    {
        engine_kick(v);
        return;
    }
    pthread_mutex_lock(&outside.lock);
    outside.kicked = true;
    pthread_cond_broadcast(&outside.changed);
    pthread_mutex_unlock(&outside.lock);
}

static void timer_hook(uint64_t expires)
{
    pthread_mutex_lock(&outside.lock);
    outside.due = expires;
    pthread_cond_broadcast(&outside.changed);
    pthread_mutex_unlock(&outside.lock);
}

static void *timer_main(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    pthread_mutex_lock(&outside.lock);
    while ( !outside.stop )
    {
        struct timespec soon;

        if ( now_ns() >= outside.due )
        {
            outside.due = UINT64_MAX;
            pthread_mutex_unlock(&outside.lock);
            timer_run();
            pthread_mutex_lock(&outside.lock);
            continue;
        }
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 1000000;
        if ( soon.tv_nsec >= 1000000000 )
            soon.tv_sec++, soon.tv_nsec -= 1000000000;
        pthread_cond_timedwait(&outside.changed, &outside.lock, &soon);
    }
    pthread_mutex_unlock(&outside.lock);
    return NULL;
}

static inline int engine_setup(void **state)
{
    if ( fixture_setup(state) )
        return -1;
    engine_hooks(&hosted_hooks);
    hosted_hooks.kick = kick_hook;
    hosted_hooks.console = console_hook;
    hosted_hooks.timer = timer_hook;
    out.len = 0;
    out.text[0] = '\0';
    outside.kicked = outside.stop = false;
    outside.due = UINT64_MAX;
    return pthread_create(&outside.timer_thread, NULL, timer_main, NULL);
}

static struct device_model *device; /* the one that runs, if any */
static void device_stop(bool destroy);

static inline int engine_teardown(void **state)
{
    struct domain *d;

    device_stop(true); /* of a test that failed */
    /* Guests first: their timers need the thread that is about to go. */
    for ( domid_t id = 1; (d = domain_get_from(id)) != NULL; id++ )
    {
        id = d->domain_id;
        fixture_kill(d);
        domain_put(d);
    }
    pthread_mutex_lock(&outside.lock);
    outside.stop = true;
    pthread_cond_broadcast(&outside.changed);
    pthread_mutex_unlock(&outside.lock);
    pthread_join(outside.timer_thread, NULL);
    return fixture_teardown(state);
}

/* ---- a guest ---- */

/* With the hole that every PC has. */
static void guest_populate(struct domain *d)
{
    fixture_populate(d, 0, VGA_START >> PAGE_SHIFT);
    fixture_populate(d, 0x100, GUEST_PAGES - 0x100);
}

static void guest_write(struct domain *d, uint64_t gpa, const void *data,
                        size_t bytes)
{
    const char *from = data;

    for ( ; bytes; gpa++, from++, bytes-- )
    {
        char *page = fixture_gfn_to_virt(d, gpa >> PAGE_SHIFT);

        assert_non_null(page);
        page[gpa & ~PAGE_MASK] = *from;
    }
}

/* Load build/guest/NAME.elf; returns the entry point. */
static uint64_t guest_load(struct domain *d, const char *name)
{
    static char image[1 << 20];
    char path[256];
    const Elf64_Ehdr *ehdr = (void *)image;
    const char *dir = getenv("GUEST_DIR");
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s.elf", dir ? dir : "build/guest", name);
    f = fopen(path, "rb");
    if ( !f )
        fail_msg("cannot open %s", path);
    assert_true(fread(image, 1, sizeof(image), f) > sizeof(*ehdr));
    fclose(f);
    for ( unsigned int i = 0; i < ehdr->e_phnum; i++ )
    {
        const Elf64_Phdr *p = (void *)(image + ehdr->e_phoff +
                                       i * ehdr->e_phentsize);

        if ( p->p_type == PT_LOAD )
            guest_write(d, p->p_paddr, image + p->p_offset, p->p_filesz);
    }
    return ehdr->e_entry;
}

static inline struct hvm_hw_cpu pvh_context(uint64_t entry)
{
    return (struct hvm_hw_cpu){
        .rip = entry,
        .rbx = START_INFO_GFN << PAGE_SHIFT,
        .rflags = 2,
        .cr0 = CR0_ET | CR0_PE,
        .cs_limit = ~0U, .cs_arbytes = 0xc9b,
        .ds_limit = ~0U, .ds_arbytes = 0xc93,
        .es_limit = ~0U, .es_arbytes = 0xc93,
        .ss_limit = ~0U, .ss_arbytes = 0xc93,
        .tr_limit = 0x67, .tr_arbytes = 0x8b,
        .dr6 = DR6_RESET, .dr7 = DR7_RESET,
    };
}

/* Memory, image, command line and registers; still paused. */
static inline struct domain *guest_make(const char *name, const char *command_line,
                                 unsigned int vcpus, uint32_t emulation)
{
    struct xen_domctl_createdomain config = fixture_config(vcpus);
    struct hvm_start_info info = {
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .cmdline_paddr = (START_INFO_GFN << PAGE_SHIFT) + 256,
    };
    struct hvm_hw_cpu context;
    struct domain *d;

    config.arch.emulation_flags = emulation;
    d = fixture_guest_config(&config);
    guest_populate(d);
    guest_write(d, START_INFO_GFN << PAGE_SHIFT, &info, sizeof(info));
    guest_write(d, info.cmdline_paddr, command_line, strlen(command_line) + 1);
    context = pvh_context(guest_load(d, name));
    assert_int_equal(arch_vcpu_set_context(domain_vcpu(d, 0), &context), 0);
    vcpu_up(domain_vcpu(d, 0));
    return d;
}

/* The same with code instead of an image, at 1 MiB, in 32-bit mode. */
static inline struct domain *guest_of_code(const void *code, size_t bytes)
{
    struct domain *d = fixture_guest(1);
    struct hvm_hw_cpu context = pvh_context(0x100000);

    guest_populate(d);
    guest_write(d, 0x100000, code, bytes);
    context.rsp = 0x8000;
    assert_int_equal(arch_vcpu_set_context(domain_vcpu(d, 0), &context), 0);
    vcpu_up(domain_vcpu(d, 0));
    return d;
}

static inline void await_shutdown(struct domain *d, unsigned int code)
{
    fixture_await(domain_is_shut_down(d));
    if ( d->shutdown_code != code )
        fail_msg("shutdown code %u; console:\n%s", d->shutdown_code, out.text);
}

/* ---- a device model ---- */

struct device_model {
    struct domain *d;
    ioservid_t id;
    struct page *page[2]; /* ring, ioreq page */
    pthread_t thread;
    evtchn_port_t port[8];
    bool stop, answer;
    uint8_t ports[16], memory[64], vga[64];
    char serial[256];
    unsigned int serial_len, requests, wide, buffered;
};

static void device_access(struct device_model *m, ioreq_t *p)
{
    uint8_t *at = NULL;

    m->requests++;
    if ( p->type == IOREQ_TYPE_PIO && p->addr >= UART && p->addr < UART + 8 )
    {
        if ( p->addr == UART && p->dir == IOREQ_WRITE )
            m->serial[m->serial_len++ % 255] = (char)p->data;
        p->data = p->addr == UART + 5 ? 0x60 : 0;
        return;
    }
    if ( p->type == IOREQ_TYPE_PIO )
        at = m->ports + (p->addr - DM_PORT) % 16;
    else
        at = m->memory + (p->addr - DM_MEMORY) % 64;
    m->wide += p->size == 8;
    if ( p->dir == IOREQ_WRITE )
        memcpy(at, &p->data, p->size);
    else
    {
        p->data = 0;
        memcpy(&p->data, at, p->size);
    }
}

static void drain_ring(struct device_model *m)
{
    buffered_iopage_t *ring = page_to_virt(m->page[0]);

    while ( READ_ONCE(ring->ptrs.read_pointer) !=
            load_acquire(&ring->ptrs.write_pointer) )
    {
        uint32_t at = READ_ONCE(ring->ptrs.read_pointer);
        buf_ioreq_t e = ring->buf_ioreq[at % IOREQ_BUFFER_SLOT_NUM];

        memcpy(m->vga + (e.addr - VGA_START) % 64, &(uint32_t){ e.data },
               1U << e.size);
        m->buffered++;
        atomic_add_return(&ring->ptrs.read_pointer, 1);
    }
}

static void serve_slots(struct device_model *m)
{
    ioreq_t *slot = page_to_virt(m->page[1]);

    for ( unsigned int i = 0; i < m->d->max_vcpus; i++ )
    {
        uint8_t *state = (uint8_t *)&slot[i] + 30;

        if ( (load_acquire(state) & 15) != STATE_IOREQ_READY )
            continue;
        *state = (uint8_t)((*state & 0xf0) | STATE_IOREQ_INPROCESS);
        device_access(m, &slot[i]);
        store_release(state, (uint8_t)((*state & 0xf0) | STATE_IORESP_READY));
        evtchn_send(dom0, m->port[i]);
    }
}

static void *device_main(void *arg)
{
    struct device_model *m = arg;

    fixture_be_dom(dom0);
    for ( ;; )
    {
        pthread_mutex_lock(&outside.lock);
        while ( !outside.kicked && !m->stop )
            pthread_cond_wait(&outside.changed, &outside.lock);
        outside.kicked = false;
        pthread_mutex_unlock(&outside.lock);
        if ( m->stop )
            return NULL;
        atomic_xchg(&dom0->shared->vcpu_info[0].evtchn_upcall_pending, 0);
        atomic_xchg(&dom0->shared->vcpu_info[0].evtchn_pending_sel, 0);
        for ( unsigned int w = 0; w < 64; w++ )
            atomic_xchg(&dom0->shared->evtchn_pending[w], 0);
        drain_ring(m);
        if ( m->answer )
            serve_slots(m);
    }
}

static inline struct device_model *device_start(struct domain *d)
{
    struct device_model *m = calloc(1, sizeof(*m));

    m->d = d;
    m->answer = true;
    assert_int_equal(ioreq_server_create(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                         &m->id), 0);
    assert_int_equal(ioreq_server_map_range(d, m->id, XEN_DMOP_IO_RANGE_PORT,
                                            DM_PORT, DM_PORT + 15), 0);
    assert_int_equal(ioreq_server_map_range(d, m->id, XEN_DMOP_IO_RANGE_PORT,
                                            UART, UART + 7), 0);
    assert_int_equal(ioreq_server_map_range(d, m->id,
                                            XEN_DMOP_IO_RANGE_MEMORY,
                                            DM_MEMORY, DM_MEMORY + 63), 0);
    assert_int_equal(ioreq_server_map_range(d, m->id,
                                            XEN_DMOP_IO_RANGE_MEMORY,
                                            VGA_START, VGA_LAST), 0);
    assert_int_equal(ioreq_resource_get(d, m->id, 0, 2, m->page), 0);
    assert_int_equal(ioreq_server_set_state(d, m->id, true), 0);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        ioreq_t *slot = page_to_virt(m->page[1]);
        struct evtchn_bind_interdomain bind = {
            .remote_dom = d->domain_id,
            .remote_port = slot[i].vp_eport,
        };

        assert_int_equal(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
        m->port[i] = bind.local_port;
    }
    assert_int_equal(pthread_create(&m->thread, NULL, device_main, m), 0);
    device = m;
    return m;
}

/* End the thread, and its server unless the domain has gone. */
static void device_stop(bool destroy)
{
    struct device_model *m = device;

    if ( !m )
        return;
    device = NULL;
    pthread_mutex_lock(&outside.lock);
    m->stop = true;
    pthread_cond_broadcast(&outside.changed);
    pthread_mutex_unlock(&outside.lock);
    pthread_join(m->thread, NULL);
    if ( destroy )
        (void)!ioreq_server_destroy(m->d, m->id);
    page_put(m->page[0]);
    page_put(m->page[1]);
    free(m);
}

#endif
