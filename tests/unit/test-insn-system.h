/* SPDX-License-Identifier: MIT */
/* Instructions of systems: a machine whose stack and tables are a device's. */
#ifndef TEST_INSN_SYSTEM_H
#define TEST_INSN_SYSTEM_H

#include "test-insn.h"

#define BASE 0x10000000UL
#define DEV (BASE + DEVICE_AT)
#define RAX regs->gpr[EMUL_RAX]
#define RBX regs->gpr[EMUL_RBX]
#define RSP regs->gpr[EMUL_RSP]
#define RBP regs->gpr[EMUL_RBP]
#define GDT 0x3000U
#define CODE(...) (const uint8_t[]){ __VA_ARGS__ }, \
                  sizeof((const uint8_t[]){ __VA_ARGS__ })

static struct box box;
static const char *what = ""; /* for messages */
static struct emul_regs *const regs = &box.e.regs;

/* Descriptors; in 32-bit mode, ring 0. */
enum {
    D_NULL, D_CODE, D_DATA, D_READ_ONLY, D_ABSENT, D_DATA3, D_EXECUTE_ONLY,
    D_CONFORMING, D_LDT, D_TSS, D_GATE, D_SMALL, D_CODE64, D_NR
};
static const uint64_t descriptors[D_NR + 1] = {
    [D_CODE] = 0x00cf9a000000ffff, [D_DATA] = 0x00cf92000000ffff,
    [D_READ_ONLY] = 0x00cf90000000ffff, [D_ABSENT] = 0x00cf12000000ffff,
    [D_DATA3] = 0x00cff2000000ffff, [D_EXECUTE_ONLY] = 0x00cf98000000ffff,
    [D_CONFORMING] = 0x00cf9e000000ffff, [D_LDT] = 0x1200823456789abc,
    [D_TSS] = 0x12008b3456780067, [D_GATE] = 0x00008c0000080000,
    [D_SMALL] = 0x12409234567800ff, [D_CODE64] = 0x00af9a000000ffff,
};
#define SEL(d) ((d) * 8U)

static inline uint8_t *at(uint64_t address)
{
    return box.arena + (address - BASE);
}

static inline uint64_t get(uint64_t address, unsigned int bytes)
{
    uint64_t v = 0;

    memcpy(&v, at(address), bytes);
    return v;
}

static inline void set(uint64_t address, uint64_t v, unsigned int bytes)
{
    memcpy(at(address), &v, bytes);
}

static inline uint64_t descriptor(unsigned int d)
{
    uint64_t v;

    memcpy(&v, box.tables + GDT + d * 8, 8);
    return v;
}

/* rbx and, one KiB above it, rsp are a device's; half of the accesses wait. */
static inline void begin(unsigned int mode, const uint8_t *code, unsigned int len)
{
    box_init(&box, mode, mode == 2 ? 0x10000 : BASE, 1);
    if ( mode == 2 ) /* CS is where the code is, the others reach all */
    {
        box.base = BASE;
        for ( unsigned int i = 0; i < EMUL_NR_SEGS; i++ )
        {
            regs->seg[i].base = BASE;
            regs->seg[i].limit = 0xffffffff;
        }
        regs->seg[EMUL_CS].limit = 0xffff;
    }
    box_code(&box, code, len);
    memcpy(box.tables + GDT, descriptors, sizeof(descriptors));
    regs->gdt = (struct emul_table){ GDT, D_NR * 8 - 1 };
    RBX = (mode == 2 ? 0 : BASE) + DEVICE_AT;
    RSP = RBX + 1024;
    box.pending_in_8 = 4;
}

static inline void done(void)
{
    enum emul_result r = box_run(&box);

    if ( r != EMUL_DONE )
        fail_msg("%s: result %u, vector %u, error %x", what, r, box.e.vector,
                 box.e.error);
}

static inline void done_in(unsigned int len)
{
    uint64_t rip = regs->rip;

    done();
    assert_int_equal(regs->rip, rip + len);
}

static inline void again(const uint8_t *code, unsigned int len)
{
    box_code(&box, code, len);
    regs->rip = regs->rip > BASE ? BASE + CODE_AT : CODE_AT;
    done_in(len);
}

static inline void faults(unsigned int vector, unsigned int error)
{
    struct emul_regs before = *regs;
    enum emul_result r = box_run(&box);

    if ( r != EMUL_EXCEPTION || box.e.vector != vector ||
         box.e.error != error )
        fail_msg("%s: result %u, vector %u, error %x", what, r, box.e.vector,
                 box.e.error);
    assert_memory_equal(&before, regs, sizeof(before));
    assert_int_equal(box.nr_puts, 0);
}

#endif
