/* SPDX-License-Identifier: MIT */
/*
 * acquire_resource, ns per frame: what a frame costs must not grow with their
 * number.  A PV caller gets numbers; a translated one has the frames mapped,
 * and unmaps them.
 */
#include "test-acquire.h"

#include "bench.h"
#include "core.h"

struct job {
    struct domain *caller, *d;
    uint16_t type;
    uint32_t id, frame, nr;
};

static void acquire_numbers(void *arg, unsigned long n)
{
    const struct job *j = arg;

    fixture_be_dom(j->caller);
    while ( n-- )
        MUST(!acquire(j->d, j->type, j->id, j->frame, j->nr));
}

static void acquire_mapped(void *arg, unsigned long n)
{
    const struct job *j = arg;

    fixture_be_dom(j->caller);
    while ( n-- )
    {
        MUST(!acquire(j->d, j->type, j->id, j->frame, j->nr));
        for ( uint32_t i = 0; i < j->nr; i++ )
            MUST(!unmap(MAP_GFN + i));
    }
}

static void grant_frames(struct domain *caller, struct domain *d,
                         const char *group,
                         void (*op)(void *arg, unsigned long n))
{
    struct job j[] = {
        { caller, d, GRANT, 0, 0, 1 },
        { caller, d, GRANT, 0, 0, 32 },
        { caller, d, GRANT, 0, 0, 64 },
    };
    struct bench_row rows[] = {
        { "1 frame", op, &j[0], 1, 0 },
        { "32 frames", op, &j[1], 32, 0 },
        { "64 frames", op, &j[2], 64, 0 },
    };

    bench_group(group, rows, 3, 400);
    bench_ratio(group, "64 frames / 1 frame", rows[2].median / rows[0].median,
                1);
}

static void ioreq_frames(struct domain *caller, struct domain *d,
                         const char *group, ioservid_t id,
                         void (*op)(void *arg, unsigned long n))
{
    static const char *const labels[] = { "1 frame", "2 frames", "3 frames",
                                          "4 frames", "5 frames" };
    struct bench_row rows[5];
    struct job j[5];

    for ( uint32_t i = 0; i < 5; i++ )
    {
        j[i] = (struct job){ caller, d, IOREQ, id, 0, i + 1 };
        rows[i] = (struct bench_row){ labels[i], op, &j[i], i + 1, 0 };
    }
    bench_group(group, rows, 5, 400);
    bench_ratio(group, "5 frames / 1 frame", rows[4].median / rows[0].median,
                1);
}

void bench_acquire(void)
{
    struct domain *d = fixture_guest(512), *pvh = fixture_pvh_dom0();
    ioservid_t of_pv = new_server(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC), of_pvh;

    fixture_be_dom(pvh);
    of_pvh = new_server(d, HVM_IOREQSRV_BUFIOREQ_ATOMIC);
    grant_frames(dom0, d, "acquire grant table, numbers", acquire_numbers);
    grant_frames(pvh, d, "acquire grant table, map and unmap",
                 acquire_mapped);
    ioreq_frames(dom0, d, "acquire ioreq pages, numbers", of_pv,
                 acquire_numbers);
    ioreq_frames(pvh, d, "acquire ioreq pages, map and unmap", of_pvh,
                 acquire_mapped);
    fixture_be_dom(dom0);
}
