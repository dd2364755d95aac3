/* SPDX-License-Identifier: MIT */
/*
 * What Unicorn 2.0 leaves to do in real mode: the delivery of interrupts, and far
 * returns.
 */
#include "engine-private.h"

bool in_real_mode(struct hosted_vcpu *h)
{
    return !(engine_reg(h, UC_X86_REG_CR0) & CR0_PE);
}

/* ---- interrupts ---- */

/*
 * By a pair of 16-bit words, offset and segment.  A segment begins at 16 times its
 * selector; the frame may wrap around in the stack's.  The handler must be in the
 * segment of the code: Unicorn, opened for 64-bit code, takes the selector of CS
 * without the base that belongs to it.
 */
bool real_mode_deliver(struct hosted_vcpu *h, unsigned int vector)
{
    uint64_t flags = engine_reg(h, UC_X86_REG_RFLAGS);
    uint64_t rsp = engine_reg(h, UC_X86_REG_RSP);
    uint64_t stack = engine_reg(h, UC_X86_REG_SS) << 4;
    uint16_t entry[2], sp = (uint16_t)rsp;
    uint16_t frame[] = { (uint16_t)flags,
                         (uint16_t)engine_reg(h, UC_X86_REG_CS),
                         (uint16_t)engine_reg(h, UC_X86_REG_RIP) };
    uc_x86_mmr idtr = { 0 };

    uc_reg_read(h->uc, UC_X86_REG_IDTR, &idtr);
    if ( vector * 4 + 3 > idtr.limit ||
         guest_virt_copy(h, idtr.base + vector * 4, entry, 4, false) )
        return false;
    for ( unsigned int i = 0; i < 3; i++ )
    {
        sp -= 2;
        if ( guest_virt_copy(h, stack + sp, &frame[i], 2, true) )
            return false;
    }
    engine_set_reg(h, UC_X86_REG_RSP, (rsp & ~0xffffUL) | sp);
    engine_set_reg(h, UC_X86_REG_RFLAGS, flags & ~(RFLAGS_TF | RFLAGS_IF));
    engine_set_reg(h, UC_X86_REG_CS, entry[1]);
    engine_set_reg(h, UC_X86_REG_RIP, entry[0]);
    return true;
}

/* ---- far returns ---- */

/*
 * Unicorn 2.0 sets the instruction pointer to the offset from the stack, reads the
 * segment, and before this read writes the instruction's own address there,
 * because reads are hooked.  The vcpu then is in the right segment, at the linear
 * address of the RET.  Such a place is recognised before the block there is
 * executed; the stack still has the offset, below the stack pointer.
 */
#define REAL_MODE_END 0x110000UL /* with the 64 KiB behind 1 MiB */

#define OPERAND_SIZE 0x66
#define RET_FAR 0xcb
#define RET_FAR_POP 0xca /* and bytes to pop, a word */

bool real_mode_return_possible(uint64_t last_end, uint64_t address)
{
    return last_end <= REAL_MODE_END &&
           address + 4 - last_end <= REAL_MODE_END;
}

/* A RET, from its first byte to `end`. */
struct ret {
    unsigned int length, offset_bytes, pops;
};

/* What is the last instruction of code that ends so, if it has this length? */
static bool decode(const uint8_t end[4], unsigned int length, struct ret *ret)
{
    const uint8_t *p = end + 4 - length;
    bool prefix = *p == OPERAND_SIZE;
    unsigned int left = length - prefix;

    p += prefix;
    if ( !(left == 1 && *p == RET_FAR) && !(left == 3 && *p == RET_FAR_POP) )
        return false;
    *ret = (struct ret){ .length = length, .offset_bytes = prefix ? 4 : 2,
                         .pops = left == 3 ? p[1] | (unsigned int)p[2] << 8 : 0 };
    return true;
}

bool real_mode_return_lost(struct hosted_vcpu *h, uint64_t last_end,
                           uint64_t address)
{
    uint64_t base, stack;
    uint8_t end[4];
    struct ret ret;

    if ( !in_real_mode(h) ||
         guest_virt_copy(h, last_end - sizeof(end), end, sizeof(end), false) )
        return false;
    base = engine_reg(h, UC_X86_REG_CS) << 4;
    stack = engine_reg(h, UC_X86_REG_SS) << 4;
    for ( unsigned int length = 1; length <= sizeof(end); length++ )
    {
        uint16_t sp = (uint16_t)engine_reg(h, UC_X86_REG_RSP);
        uint32_t offset = 0;

        if ( !decode(end, length, &ret) ||
             address != base + last_end - ret.length )
            continue;
        sp = (uint16_t)(sp - ret.pops - 2 * ret.offset_bytes);
        if ( guest_virt_copy(h, stack + sp, &offset, ret.offset_bytes, false) )
            return false;
        h->return_to = offset;
        return true;
    }
    return false;
}

void real_mode_return_finish(struct hosted_vcpu *h)
{
    engine_set_reg(h, UC_X86_REG_RIP, h->return_to);
}
