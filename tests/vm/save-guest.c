/* SPDX-License-Identifier: MIT */
/*
 * The first program of a Linux guest that is saved and restored: tests/vm/save.sh.
 *
 * A worker on each vcpu writes page after page of its memory: each page has
 * words that follow from the worker, the page and how often the page was
 * written, which the worker checks before it writes the page again.  A line on
 * the console is a request:
 *
 *   report   every worker checks all of its pages once: "guest: NAME ..." lines
 *   end      switch the guest off
 *
 * The time that a worker reads must not go back.  With pace=N on the kernel's
 * command line a worker sleeps for N us behind each page.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 2
#define PAGES 2048 /* of each worker: 8 MiB */
#define PAGE_WORDS 512

struct worker {
    unsigned int nr;
    pthread_t thread;
    uint64_t (*memory)[PAGE_WORDS];
    uint64_t written; /* pages, since the start */
    uint64_t bad, back;
    unsigned int reports; /* how many requests the worker has answered */
    uint64_t checked;
};

static struct worker workers[WORKERS];
static unsigned int requests;
static struct timespec pace;

static uint64_t word(const struct worker *w, uint64_t page, uint64_t round,
                     uint64_t at)
{
    uint64_t x = (w->nr * PAGES + page) * 0x9e3779b97f4a7c15UL +
                 round * 0xbf58476d1ce4e5b9UL + at;

    return (x ^ x >> 29) * 0x94d049bb133111ebUL;
}

/* How often this page was written when `written` pages were. */
static uint64_t rounds(uint64_t written, uint64_t page)
{
    return written / PAGES + (page < written % PAGES);
}

static void fill(struct worker *w, uint64_t page, uint64_t round)
{
    for ( uint64_t i = 0; i < PAGE_WORDS; i++ )
        w->memory[page][i] = round ? word(w, page, round, i) : 0;
}

static void examine(struct worker *w, uint64_t page, uint64_t round)
{
    for ( uint64_t i = 0; i < PAGE_WORDS; i++ )
        w->bad += w->memory[page][i] != (round ? word(w, page, round, i) : 0);
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void answer(struct worker *w, unsigned int asked)
{
    uint64_t written = w->written;

    for ( uint64_t page = 0; page < PAGES; page++ )
        examine(w, page, rounds(written, page));
    w->checked = written;
    __atomic_store_n(&w->reports, asked, __ATOMIC_RELEASE);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    uint64_t last = now();
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(w->nr, &set);
    sched_setaffinity(0, sizeof(set), &set);
    for ( ;; )
    {
        uint64_t page = w->written % PAGES, t = now();
        unsigned int asked = __atomic_load_n(&requests, __ATOMIC_ACQUIRE);

        w->back += t < last;
        last = t;
        examine(w, page, rounds(w->written, page));
        fill(w, page, rounds(w->written, page) + 1);
        w->written++;
        if ( asked != w->reports )
            answer(w, asked);
        if ( pace.tv_nsec )
            nanosleep(&pace, NULL); /* no verdict waits for that */
    }
    return NULL;
}

static void report(void)
{
    unsigned int asked = __atomic_add_fetch(&requests, 1, __ATOMIC_RELEASE);

    for ( unsigned int i = 0; i < WORKERS; i++ )
    {
        struct worker *w = &workers[i];
        struct timespec little = { 0, 1000000 };

        while ( __atomic_load_n(&w->reports, __ATOMIC_ACQUIRE) != asked )
            nanosleep(&little, NULL); /* look again */
        printf("guest: report %u worker %u written %lu bad %lu back %lu\n",
               asked, i, w->checked, w->bad, w->back);
    }
}

static void start(void)
{
    for ( unsigned int i = 0; i < WORKERS; i++ )
    {
        struct worker *w = &workers[i];

        w->nr = i;
        w->memory = mmap(NULL, (size_t)PAGES * sizeof(*w->memory),
                         PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if ( w->memory == MAP_FAILED ||
             pthread_create(&w->thread, NULL, work, w) )
            printf("guest: no worker %u\n", i);
    }
}

int main(void)
{
    char line[64];

    setvbuf(stdout, NULL, _IOLBF, 0);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    if ( getenv("pace") ) /* Linux puts it there */
        pace.tv_nsec = 1000 * atol(getenv("pace"));
    printf("guest: %ld vcpus\n", sysconf(_SC_NPROCESSORS_ONLN));
    start();
    printf("guest: ready\n");
    while ( fgets(line, sizeof(line), stdin) )
    {
        if ( !strncmp(line, "report", 6) )
            report();
        else if ( !strncmp(line, "end", 3) )
            break;
    }
    printf("guest: the end\n");
    sync();
    return reboot(RB_POWER_OFF);
}
