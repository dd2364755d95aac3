/* SPDX-License-Identifier: MIT */
/* Accesses of guests, and the device model of core-ioreq.c that serves them. */
#ifndef BENCH_CORE_IOREQ_H
#define BENCH_CORE_IOREQ_H

#include "fixture.h"

#define NR_ACCESSES 4096

struct access_job {
    struct domain *d;
    struct vcpu *vcpu[NR_ACCESSES];
    uint8_t type; /* IOREQ_TYPE_* */
    uint64_t addr[NR_ACCESSES];
};

/* n accesses, each of which is sent, served and resumed; arg: an access_job. */
void send_and_resume(void *arg, unsigned long n);

/* A guest with one vcpu, whose servers have so many ranges each. */
struct domain *claimed(unsigned int servers, unsigned int ranges);
/* Its accesses of ports or memory, anywhere in nr ranges; free(). */
struct access_job *accesses(struct domain *d, uint8_t type, unsigned int nr);

/* A guest with so many vcpus, each of which uses one of the servers. */
struct domain *served(unsigned int servers, unsigned int vcpus);
/* Accesses of its last vcpu, or of any; free(). */
struct access_job *accesses_of(struct domain *d, unsigned int servers,
                               bool random_vcpu);

#endif
