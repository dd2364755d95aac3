/* SPDX-License-Identifier: MIT */
/*
 * Traces: a CPU records while readers copy, and while events are switched on
 * for the first time by two at once.  Run by the thread sanitizer as well.
 *
 * Seen failing with: no second look at head after the copy (torn records).
 */
#include "test-trace.h"

#include <pthread.h>

#define READERS 2
#define LEAST 20000 /* records that each reader gets to see */
#define ROOM 24

static uint32_t reading;
static uint64_t written;

/* The only one that records on this CPU: the readers call nothing that does. */
static void *run_writer(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    for ( written = 0; READ_ONCE(reading); written++ )
        record_number(written);
    return NULL;
}

/* Every record is the one that its number says, or was counted as lost. */
static void *run_reader(void *arg)
{
    struct oriel_trace_record r[ROOM];
    uint64_t cursor = 0, lost = 0, seen = 0, *result = arg;

    fixture_be_dom(dom0);
    while ( seen < LEAST )
    {
        long nr = trace_copy(0, &cursor, &lost, r, ROOM);

        if ( nr < 0 )
            abort();
        for ( long i = 0; i < nr; i++ )
            if ( !is_number(&r[i], cursor - (uint64_t)(nr - i)) )
                result[1]++;
        seen += (uint64_t)nr;
        if ( seen + lost != cursor )
            abort();
    }
    result[0] = seen;
    (void)atomic_sub_return(&reading, 1);
    return NULL;
}

static void test_readers_and_writer(void **state)
{
    uint64_t result[READERS][2] = { { 0 } };
    pthread_t writer, reader[READERS];

    (void)state;
    trace_init(TRACE_MIN_SIZE); /* so that it is overwritten all the time */
    assert_int_equal(set_events(1U << ORIEL_TRACE_pick), 0);
    reading = READERS;
    assert_int_equal(pthread_create(&writer, NULL, run_writer, NULL), 0);
    for ( unsigned int i = 0; i < READERS; i++ )
        assert_int_equal(pthread_create(&reader[i], NULL, run_reader,
                                        result[i]), 0);
    for ( unsigned int i = 0; i < READERS; i++ )
        assert_int_equal(pthread_join(reader[i], NULL), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    for ( unsigned int i = 0; i < READERS; i++ )
    {
        assert_in_range(result[i][0], LEAST, UINT64_MAX);
        assert_int_equal(result[i][1], 0);
    }
}

static void *run_switch(void *arg)
{
    (void)arg;
    fixture_be_dom(dom0);
    for ( unsigned int i = 0; i < 200; i++ )
        if ( set_events(i & 1 ? 0 : ALL_EVENTS) )
            abort();
    return NULL;
}

/* Whoever sees an event wanted finds a ring. */
static void test_switched_by_two(void **state)
{
    pthread_t thread[2];

    (void)state;
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(pthread_create(&thread[i], NULL, run_switch, NULL),
                         0);
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(set_events(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
        T(test_readers_and_writer),
        T(test_switched_by_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
