/* SPDX-License-Identifier: MIT */
/*
 * The guest "many" and its device models (tests/vm/many-dm.c): each server has a
 * register of each vCPU, which counts how often it was read.  So an answer tells
 * which server gave it, to which vCPU, and whether a read was lost or repeated.
 */
#ifndef TESTS_GUEST_MANY_H
#define TESTS_GUEST_MANY_H

#include <stdint.h>

#define MANY_SERVERS 8U
#define MANY_VCPUS 512U

/*
 * Of each server: eight bytes for each vCPU, then eight that are 0; two bytes at
 * ports for each vCPU.
 */
#define MANY_MEMORY 0xf1000000UL
#define MANY_STRIDE 0x2000UL
#define MANY_MEMORY_BYTES (8 * MANY_VCPUS + 8)
#define MANY_PORT 0x4000U
#define MANY_PORTS (2 * MANY_VCPUS)

static inline unsigned long many_memory(unsigned int server, unsigned int vcpu)
{
    return MANY_MEMORY + MANY_STRIDE * server + 8UL * vcpu;
}

static inline uint16_t many_port(unsigned int server, unsigned int vcpu)
{
    return (uint16_t)(MANY_PORT + MANY_PORTS * server + 2 * vcpu);
}

static inline uint64_t many_answer(unsigned int server, unsigned int vcpu,
                                   uint32_t reads)
{
    return (uint64_t)server << 48 | (uint64_t)vcpu << 32 | reads;
}

static inline uint16_t many_short_answer(unsigned int server, uint32_t reads)
{
    return (uint16_t)(server << 12 | (reads & 0xfff));
}

#endif
