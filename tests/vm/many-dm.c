/* SPDX-License-Identifier: MIT */
/*
 * A device model of the guest "many": many-dm DOMID FIRST NR [LOOKS] opens NR ioreq
 * servers, those with the numbers from FIRST on, by liboriel-ioreq, each served by
 * a thread.  A request of a vCPU for another one's register is an error.  Ends with
 * the guest, and prints how many requests it had.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <oriel-ioreq.h>

#include "../guest/many.h"

struct registers {
    unsigned int server;
    ioserver *io;
    uint32_t reads[MANY_VCPUS];
    unsigned int reader; /* whose register was read */
    unsigned long nr, nr_wrong;
};

static uint32_t count_read(struct registers *r, unsigned int vcpu)
{
    r->nr++;
    r->reader = vcpu;
    return r->reads[vcpu]++;
}

static uint64_t read_memory(void *data, uint64_t offset, unsigned int size)
{
    struct registers *r = data;
    unsigned int vcpu = (unsigned int)offset / 8;

    (void)size;
    if ( vcpu == MANY_VCPUS )
    {
        r->reader = MANY_VCPUS;
        return 0;
    }
    return many_answer(r->server, vcpu, count_read(r, vcpu));
}

static uint64_t read_port(void *data, uint64_t offset, unsigned int size)
{
    struct registers *r = data;

    (void)size;
    return many_short_answer(r->server,
                             count_read(r, (unsigned int)offset / 2));
}

static void see_whose(void *data, int vcpu, const ioreq_t *req,
                      const struct ioserver_range *range,
                      enum ioserver_outcome outcome)
{
    struct registers *r = data;

    (void)req, (void)range;
    if ( outcome != IOSERVER_SERVED ||
         (r->reader != MANY_VCPUS && (int)r->reader != vcpu) )
        r->nr_wrong++;
}

static bool claim(struct registers *r)
{
    struct ioserver_range memory = {
        .type = XEN_DMOP_IO_RANGE_MEMORY, .start = many_memory(r->server, 0),
        .end = many_memory(r->server, 0) + MANY_MEMORY_BYTES - 1, .data = r,
        .read = read_memory };
    struct ioserver_range ports = {
        .type = XEN_DMOP_IO_RANGE_PORT, .start = many_port(r->server, 0),
        .end = many_port(r->server, 0) + MANY_PORTS - 1, .data = r,
        .read = read_port };

    return !ioserver_claim(r->io, &ports) && !ioserver_claim(r->io, &memory);
}

static void on_failure(void *data, const char *what, const char *hint)
{
    (void)data, (void)hint;
    fprintf(stderr, "many-dm: %s: %s\n", what, strerror(errno));
}

static void *serve(void *data)
{
    struct registers *r = data;

    while ( ioserver_alive(r->io) )
        if ( ioserver_run(r->io) && errno != ESRCH )
            perror("many-dm");
    return NULL;
}

int main(int argc, char **argv)
{
    static struct registers registers[MANY_SERVERS];
    pthread_t thread[MANY_SERVERS];
    unsigned int first, nr;
    unsigned long total = 0, wrong = 0;

    if ( argc < 4 )
        return 2;
    first = (unsigned int)atoi(argv[2]);
    nr = (unsigned int)atoi(argv[3]);
    for ( unsigned int i = 0; i < nr && i < MANY_SERVERS; i++ )
    {
        struct registers *r = &registers[i];
        struct ioserver_config config = {
            .domid = (domid_t)atoi(argv[1]), .data = r, .failed = on_failure,
            .looks = argc > 4 ? (unsigned int)atoi(argv[4]) : 0,
            .observe = see_whose };

        r->server = first + i;
        r->io = ioserver_open(&config);
        if ( !r->io || !claim(r) ||
             pthread_create(&thread[i], NULL, serve, r) )
        {
            perror("many-dm");
            return 1;
        }
    }
    for ( unsigned int i = 0; i < nr; i++ )
    {
        pthread_join(thread[i], NULL);
        ioserver_close(registers[i].io);
        total += registers[i].nr;
        wrong += registers[i].nr_wrong;
    }
    printf("servers %u to %u: %lu requests, %lu of another vcpu\n", first,
           first + nr - 1, total, wrong);
    return wrong != 0;
}
