/* SPDX-License-Identifier: MIT */
/*
 * vcpus, an emulator and a toolstack at once: servers are created and destroyed
 * while requests are in flight.  Run by the thread sanitizer as well.
 */
#include "test-ioreq.h"

#include <pthread.h>
#include <sched.h>

#define VCPUS 3
#define ROUNDS 2000
#define LEAST 100 /* answers before anybody stops, however threads are run */

static struct domain *d;
static unsigned int running; /* vcpus that have not finished */
static unsigned int answers;
static unsigned int rounds[VCPUS], answered[VCPUS], unhandled[VCPUS];

/* A guest's vcpu: one access after the other, each of which must end. */
static void *run_vcpu(void *arg)
{
    struct vcpu *v = arg;
    unsigned int n = v->vcpu_id;

    fixture_be(v);
    for ( unsigned int i = 0; i < ROUNDS || READ_ONCE(answers) < LEAST; i++ )
    {
        ioreq_t p = in(0x60 + i % 16, 1);
        enum io_result r = ioreq_send(v, &p);

        if ( i % 64 == 0 && r == IO_UNHANDLED )
            r = ioreq_invalidate_mapcache(v);
        while ( r == IO_PENDING )
        {
            sched_yield();
            r = ioreq_resume(v, &p);
        }
        rounds[n]++;
        if ( p.data == 0x51 )
        {
            answered[n]++;
            (void)atomic_add_return(&answers, 1);
        }
        else
            unhandled[n]++;
    }
    (void)atomic_sub_return(&running, 1);
    return NULL;
}

/* One pass of the emulator over the slots that it has mapped. */
static void emulate(ioreq_t *slots)
{
    for ( unsigned int i = 0; i < VCPUS; i++ )
    {
        uint8_t *state = (uint8_t *)&slots[i] + 30;
        uint8_t now = load_acquire(state);

        if ( (now & 0xf) != STATE_IOREQ_READY )
            continue;
        WRITE_ONCE(slots[i].data, 0x51UL);
        store_release(state, (uint8_t)((now & 0xf0) | STATE_IORESP_READY));
    }
}

/* The emulator: a server for a while, then another in its place. */
static void *run_emulator(void *arg)
{
    unsigned int life = 0;

    (void)arg;
    fixture_be_dom(dom0);
    while ( READ_ONCE(running) )
    {
        long id = create(d, life++ % 3);
        struct page *pg;

        if ( id < 0 ||
             map(d, (unsigned int)id, PORT, 0x60 + life % 8, 0x6f) ||
             ioreq_resource_get(d, (uint32_t)id, 1, 1, &pg) ||
             set_state(d, (unsigned int)id, true) )
            abort();
        for ( unsigned int i = 0; i < 30; i++ )
        {
            emulate(page_to_virt(pg));
            sched_yield();
        }
        /* What is in flight now is completed by the destruction. */
        if ( life % 2 && set_state(d, (unsigned int)id, false) )
            abort();
        if ( destroy(d, (unsigned int)id) )
            abort();
        page_put(pg);
    }
    return NULL;
}

static void test_every_access_ends(void **state)
{
    pthread_t vcpu[VCPUS], emulator[2];

    (void)state;
    d = fixture_guest(VCPUS);
    running = VCPUS;
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(pthread_create(&emulator[i], NULL, run_emulator,
                                        NULL), 0);
    for ( unsigned int i = 0; i < VCPUS; i++ )
        assert_int_equal(pthread_create(&vcpu[i], NULL, run_vcpu,
                                        domain_vcpu(d, i)), 0);
    for ( unsigned int i = 0; i < VCPUS; i++ )
        assert_int_equal(pthread_join(vcpu[i], NULL), 0);
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(pthread_join(emulator[i], NULL), 0);

    for ( unsigned int i = 0; i < VCPUS; i++ )
    {
        assert_in_range(rounds[i], ROUNDS, UINT32_MAX);
        assert_int_equal(answered[i] + unhandled[i], rounds[i]);
        assert_false(ioreq_in_flight(domain_vcpu(d, i)));
    }
    assert_in_range(answers, LEAST, UINT32_MAX);
    assert_false(domain_is_shut_down(d));
    for ( unsigned int i = 0; i < MAX_IOREQ_SERVERS; i++ )
        assert_null(d->ioreq.server[i]);
}

/* ---- the ring and the slot ---- */

#define WRITES 20000U

static buffered_iopage_t *ring;
static uint32_t next_write; /* that the emulator must see */

/*
 * Numbered writes: to the window, of two sizes, and to a port; at the end so
 * seldom that entries of the ring are used again without an answer in between.
 */
static void *run_writer(void *arg)
{
    struct vcpu *v = arg;

    fixture_be(v);
    for ( uint32_t i = 0; i < WRITES; i++ )
    {
        uint64_t data = (uint64_t)~i << 32 | i;
        ioreq_t p = i % (i < WRITES / 2 ? 16 : 4096) == 15
                        ? out(0x60, 4, i)
                        : store(0xa0000 + i % 64 * 8, i & 1 ? 8 : 4, data);
        enum io_result r = ioreq_send(v, &p);

        while ( r == IO_PENDING )
        {
            sched_yield();
            r = ioreq_resume(v, &p);
        }
        if ( r != IO_DONE )
            abort();
    }
    return NULL;
}

/* One load for both pointers: the hypervisor may reduce both at any time. */
static void drain(void)
{
    for ( ;; )
    {
        union bufioreq_pointers at = { .full = READ_ONCE(ring->ptrs.full) };
        const buf_ioreq_t *e =
            &ring->buf_ioreq[at.read_pointer % IOREQ_BUFFER_SLOT_NUM];
        const buf_ioreq_t *high =
            &ring->buf_ioreq[(at.read_pointer + 1) % IOREQ_BUFFER_SLOT_NUM];

        if ( at.read_pointer == at.write_pointer )
            return;
        /* The thread sanitizer pairs this, by its address, with the release. */
        (void)load_acquire(&ring->ptrs.write_pointer);
        assert_int_equal(e->data, next_write);
        assert_int_equal(e->size, next_write & 1 ? 3 : 2);
        if ( e->size == 3 )
            assert_int_equal(high->data, ~next_write);
        next_write++;
        __atomic_fetch_add(&ring->ptrs.read_pointer, e->size == 3 ? 2 : 1,
                           __ATOMIC_RELEASE);
    }
}

/*
 * The vcpu's writes arrive in its order, if the emulator looks at the slot
 * first, then serves the ring, then what it has seen in the slot.
 *
 * Seen failing with an emulator that serves the ring before it looks.
 */
static void writes_in_order(unsigned int mode)
{
    struct xen_domctl_createdomain config = fixture_config(1);
    unsigned int id;
    pthread_t writer;
    ioreq_t *slot;

    config.arch.emulation_flags |= XEN_X86_EMU_VGA;
    d = fixture_guest_config(&config);
    id = serve(d, mode, MEMORY, 0, UINT64_MAX);
    assert_int_equal(map(d, id, PORT, 0x60, 0x63), 0);
    ring = frame_virt(d, id, 0);
    slot = slot_of(d, id, 0);
    next_write = 0;
    assert_int_equal(pthread_create(&writer, NULL, run_writer,
                                    domain_vcpu(d, 0)), 0);
    while ( next_write < WRITES )
    {
        uint8_t *state = (uint8_t *)slot + 30, now = load_acquire(state);

        drain();
        if ( (now & 0xf) != STATE_IOREQ_READY )
        {
            sched_yield();
            continue;
        }
        assert_int_equal((uint32_t)slot->data, next_write);
        next_write++;
        store_release(state, (uint8_t)((now & 0xf0) | STATE_IORESP_READY));
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    fixture_kill(d);
}

static void test_writes_in_order(void **state)
{
    (void)state;
    writes_in_order(LEGACY);
    writes_in_order(ATOMIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_every_access_ends),
        T(test_writes_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
