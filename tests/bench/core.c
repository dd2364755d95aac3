/* SPDX-License-Identifier: MIT */
/*
 * The core by itself: a machine in this process, the device model too.
 *
 * No thread sleeps and no process is switched: the rows measure the code that a
 * hypercall or an access executes.
 */
#include "fixture.h"

#include "bench.h"
#include "core.h"

/*
 * Hypercall buffers are copied as a hypervisor copies them, not by a system
 * call: all of this process may be named, and nothing here names a bad address.
 */
static void in_fixture(void (*groups)(void))
{
    if ( fixture_setup(NULL) )
        exit(1);
    hosted_local_window((void *)PAGE_SIZE, SIZE_MAX / 2);
    groups();
    hosted_local_window(NULL, 0);
    if ( fixture_teardown(NULL) )
        exit(1);
}

int main(int argc, char **argv)
{
    bench_clock = CLOCK_THREAD_CPUTIME_ID;
    bench_counting = argc > 1;
    if ( argc > 1 && !strcmp(argv[1], "--scale") )
    {
        for ( unsigned int i = 0; i < nr_scale_curves; i++ )
            in_fixture(scale_curves[i]);
        return 0;
    }
    in_fixture(bench_acquire);
    in_fixture(bench_routing);
    in_fixture(bench_pending);
    return 0;
}
