/* SPDX-License-Identifier: MIT */
/*
 * A domain is destroyed while another process maps its ioreq pages, its grant
 * table and 512 pages of its memory.  The mapper goes on reading and writing
 * dead memory; the domain is dying until the mapper unmaps, or is killed; then
 * the domain is gone, and the host has all pages again.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/hvm/ioreq.h>

#include "ct.h"

enum { PAGES = 600, MAPPED = 512, FRAMES = 4, ROUNDS = 4 };

/* What the mapper does, in order; `told` says how far it may go. */
enum stage { START, MAPS, READ_DEAD, UNMAPPED };
static struct shared {
    volatile int told, done;
    volatile unsigned int bad;
} *shared;

static uint32_t mark(unsigned int page)
{
    return 0x5eed0000 + page;
}

static void await_told(enum stage stage)
{
    ct_eventually(shared->told >= (int)stage);
}

/* How many of the pages do not hold what was written there. */
static unsigned int wrong(const char *pages, uint32_t added)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < MAPPED; i++ )
        nr += *(const volatile uint32_t *)(pages + i * CT_PAGE) !=
              mark(i) + added;
    return nr;
}

static void fill(char *pages, uint32_t added)
{
    for ( unsigned int i = 0; i < MAPPED; i++ )
        *(volatile uint32_t *)(pages + i * CT_PAGE) = mark(i) + added;
}

static void mapper(uint32_t domid, ioservid_t server)
{
    struct ct_map io, table;
    volatile grant_entry_v1_t *entry;
    volatile shared_iopage_t *slots;
    char *pages;

    ct_reopen();
    pages = ct_map_foreign(domid, 0, MAPPED);
    if ( !pages ||
         ct_map_resource(&io, domid, XENMEM_resource_ioreq_server, server, 0,
                         2) ||
         ct_map_resource(&table, domid, XENMEM_resource_grant_table, 0, 0,
                         FRAMES) )
        _exit(2);
    entry = (volatile grant_entry_v1_t *)table.addr;
    slots = (volatile shared_iopage_t *)((char *)io.addr + CT_PAGE);
    fill(pages, 0);
    entry[511].frame = 0x1234;
    slots->vcpu_ioreq[0].data = 0x77;
    shared->done = MAPS;

    await_told(READ_DEAD);
    shared->bad = wrong(pages, 0) + (entry[511].frame != 0x1234) +
                  (slots->vcpu_ioreq[0].data != 0x77);
    fill(pages, 1);
    entry[511].frame = 0x4321;
    shared->bad += wrong(pages, 1) + (entry[511].frame != 0x4321);
    shared->done = READ_DEAD;

    await_told(UNMAPPED);
    if ( xenforeignmemory_unmap(ct.fmem, pages, MAPPED) ||
         ct_unmap_resource(&io) || ct_unmap_resource(&table) )
        _exit(3);
    shared->done = UNMAPPED;
    for ( ;; )
        pause(); /* until it is killed */
}

static void one_round(bool killed)
{
    ioservid_t server;
    uint32_t domid = ct_create(&(struct ct_config){
        .vcpus = 1, .pages = PAGES, .grant_frames = FRAMES });
    pid_t pid;

    ct_expect(0, xendevicemodel_create_ioreq_server(
                     ct.dmod, (domid_t)domid, HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                     &server), "an ioreq server");
    *shared = (struct shared){ 0 };
    pid = fork();
    if ( pid < 0 )
        ct_bail("no child: %s", strerror(errno));
    if ( pid == 0 )
        mapper(domid, server);
    ct_ok(ct_eventually(shared->done == MAPS), "another process maps it all");
    ct_expect(0, xc_domain_destroy(ct.xch, domid), "destroy");
    ct_ok(ct_domain_dying(domid), "the domain is dying");
    shared->told = READ_DEAD;
    ct_ok(ct_eventually(shared->done == READ_DEAD), "the mapper goes on");
    ct_equal(shared->bad, 0, "what it mapped is as it was, and can be written");
    ct_ok(ct_domain_exists(domid), "the domain has not gone yet");
    if ( !killed )
    {
        shared->told = UNMAPPED;
        ct_ok(ct_eventually(shared->done == UNMAPPED), "the mapper unmaps");
        ct_ok(ct_eventually(!ct_domain_exists(domid)), "the domain goes");
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if ( killed )
        ct_ok(ct_eventually(!ct_domain_exists(domid)),
              "the mapper is killed, the domain goes");
}

int main(void)
{
    uint64_t before = 0;

    ct_begin();
    shared = mmap(NULL, CT_PAGE, CT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( shared == MAP_FAILED )
        ct_bail("no memory");
    for ( unsigned int i = 0; i < ROUNDS; i++ )
    {
        one_round(i & 1);
        if ( !i )
            before = ct_free_pages(); /* what is kept is kept by now */
    }
    ct_no_leak(before, ROUNDS - 1, "after all");
    return ct_end();
}
