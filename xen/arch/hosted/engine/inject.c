/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and exceptions of the guest: the engine delivers none, so this
 * file does what a processor would do: find the gate, push the frame, jump to
 * the handler.  Ring 0 to ring 0 only, in 64-bit, flat 32-bit and real-mode code.
 */
#include <string.h>

#include <hv/lib.h>

#include "engine-private.h"

#define DESCRIPTOR_L (1UL << 53)

/* ---- the guest's memory, by its page tables ---- */

bool guest_read_phys(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    struct hosted_vcpu *h = arg;
    struct page *pg = p2m_get_page(h->v->domain, _gfn(gpa >> PAGE_SHIFT),
                                   NULL);

    if ( !pg )
        return false;
    memcpy(buf, (char *)page_to_virt(pg) + (gpa & ~PAGE_MASK), bytes);
    page_put(pg);
    return true;
}

struct guest_paging guest_paging_of(struct hosted_vcpu *h)
{
    return (struct guest_paging){
        .cr0 = engine_reg(h, UC_X86_REG_CR0),
        .cr3 = engine_reg(h, UC_X86_REG_CR3),
        .cr4 = engine_reg(h, UC_X86_REG_CR4),
        .efer = engine_msr(h, MSR_EFER),
    };
}

/* A part of the copy that lies within one page. */
static int copy_piece(struct hosted_vcpu *h, const struct guest_paging *paging,
                      uint64_t va, void *buf, size_t bytes, bool write)
{
    unsigned int error;
    enum p2m_type type;
    struct page *pg;
    uint64_t gpa;
    int rc = 0;

    if ( !guest_walk(paging, va, write ? WALK_WRITE : 0, guest_read_phys, h,
                     &gpa, &error) )
        return -EFAULT;
    pg = p2m_get_page(h->v->domain, _gfn(gpa >> PAGE_SHIFT), &type);
    if ( !pg )
        return -EFAULT;
    if ( write && !p2m_is_writable(type) )
        rc = -EFAULT;
    else if ( write )
    {
        memcpy((char *)page_to_virt(pg) + (gpa & ~PAGE_MASK), buf, bytes);
        log_dirty_mark(h->v->domain, gpa >> PAGE_SHIFT);
    }
    else
        memcpy(buf, (char *)page_to_virt(pg) + (gpa & ~PAGE_MASK), bytes);
    page_put(pg);
    return rc;
}

int guest_virt_copy(struct hosted_vcpu *h, uint64_t va, void *buf,
                    size_t bytes, bool write)
{
    struct guest_paging paging = guest_paging_of(h);

    while ( bytes )
    {
        size_t n = min(bytes, PAGE_SIZE - (va & ~PAGE_MASK));
        int rc = copy_piece(h, &paging, va, buf, n, write);

        if ( rc )
            return rc;
        va += n;
        buf = (char *)buf + n;
        bytes -= n;
    }
    return 0;
}

bool guest_is_64bit(struct hosted_vcpu *h)
{
    uint64_t cs = engine_reg(h, UC_X86_REG_CS), descriptor;
    uc_x86_mmr gdtr = { 0 };

    if ( !(engine_msr(h, MSR_EFER) & EFER_LMA) )
        return false;
    uc_reg_read(h->uc, UC_X86_REG_GDTR, &gdtr);
    /* Without a table the guest is still in the segment of its start. */
    return (cs | 7) > gdtr.limit ||
           guest_virt_copy(h, gdtr.base + (cs & ~7UL), &descriptor, 8,
                           false) ||
           (descriptor & DESCRIPTOR_L);
}

/* ---- gates and frames ---- */

struct gate {
    uint64_t offset;
    uint16_t selector;
    uint8_t ist, type;
};

static bool read_gate(struct hosted_vcpu *h, unsigned int vector, bool wide,
                      struct gate *gate)
{
    unsigned int size = wide ? 16 : 8;
    uc_x86_mmr idtr = { 0 };
    uint32_t w[4] = { 0 };

    uc_reg_read(h->uc, UC_X86_REG_IDTR, &idtr);
    if ( (vector + 1) * size - 1 > idtr.limit ||
         guest_virt_copy(h, idtr.base + vector * size, w, size, false) )
        return false;
    *gate = (struct gate){
        .offset = (w[0] & 0xffff) | (w[1] & 0xffff0000U) |
                  (uint64_t)w[2] << 32,
        .selector = (uint16_t)(w[0] >> 16),
        .ist = wide ? w[1] & 7 : 0,
        .type = (w[1] >> 8) & 0x1f,
    };
    /* Present, and an interrupt (14) or trap (15) gate. */
    return (w[1] & 0x8000) && (gate->type | 1) == 15;
}

/* The handler's stack: the current one, or one of the task state segment. */
static bool find_stack(struct hosted_vcpu *h, unsigned int ist, uint64_t *sp)
{
    uc_x86_mmr tr = { 0 };

    *sp = engine_reg(h, UC_X86_REG_RSP);
    if ( !ist )
        return true;
    uc_reg_read(h->uc, UC_X86_REG_TR, &tr);
    return !guest_virt_copy(h, tr.base + 0x1c + ist * 8UL, sp, 8, false);
}

static unsigned int ring_of(struct hosted_vcpu *h)
{
    return in_real_mode(h) ? 0 : engine_reg(h, UC_X86_REG_CS) & 3;
}

/* Where the code is that the vcpu executes. */
static uint64_t code_address(struct hosted_vcpu *h)
{
    return engine_reg(h, UC_X86_REG_RIP) +
           (in_real_mode(h) ? engine_reg(h, UC_X86_REG_CS) << 4 : 0);
}

/* False when the guest has no usable gate or stack for the event. */
static bool deliver(struct hosted_vcpu *h, unsigned int vector, bool has_error,
                    uint32_t error)
{
    bool wide = engine_msr(h, MSR_EFER) & EFER_LMA;
    uint64_t flags = engine_reg(h, UC_X86_REG_RFLAGS);
    uint64_t frame[6], sp, start;
    uint32_t narrow[4];
    unsigned int n = 0;
    struct gate gate;

    if ( in_real_mode(h) )
        return real_mode_deliver(h, vector); /* no error code */
    if ( ring_of(h) || !read_gate(h, vector, wide, &gate) ||
         !find_stack(h, gate.ist, &sp) )
        return false;

    start = sp;
    if ( has_error )
        frame[n++] = error;
    frame[n++] = engine_reg(h, UC_X86_REG_RIP);
    frame[n++] = engine_reg(h, UC_X86_REG_CS);
    frame[n++] = flags;
    if ( wide )
    {
        frame[n++] = engine_reg(h, UC_X86_REG_RSP);
        frame[n++] = engine_reg(h, UC_X86_REG_SS);
        start = (sp & ~15UL) - n * 8;
        if ( guest_virt_copy(h, start, frame, n * 8, true) )
            return false;
    }
    else
    {
        for ( unsigned int i = 0; i < n; i++ )
            narrow[i] = (uint32_t)frame[i];
        start = (uint32_t)(sp - n * 4);
        if ( guest_virt_copy(h, start, narrow, n * 4, true) )
            return false;
    }
    flags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF |
               (gate.type == 14 ? RFLAGS_IF : 0));
    engine_set_reg(h, UC_X86_REG_RSP, start);
    engine_set_reg(h, UC_X86_REG_CS, gate.selector);
    engine_set_reg(h, UC_X86_REG_RFLAGS, flags);
    engine_set_reg(h, UC_X86_REG_RIP, gate.offset);
    return true;
}

/* ---- events ---- */

/* The vector that this vcpu registered for events; 0: none. */
static unsigned int upcall_vector(const struct vcpu *v)
{
    uint64_t via = READ_ONCE(v->domain->params[HVM_PARAM_CALLBACK_IRQ]);

    if ( v->upcall_vector )
        return v->upcall_vector;
    return via >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR ? via & 0xff : 0;
}

void inject_events(struct hosted_vcpu *h)
{
    struct vcpu *v = h->v;
    unsigned int vector = upcall_vector(v);

    h->want_window = false;
    if ( !vector || !vcpu_event_pending(v) )
        return;
    if ( ring_of(h) || !(engine_reg(h, UC_X86_REG_RFLAGS) & RFLAGS_IF) )
    {
        h->want_window = true;
        return;
    }
    /*
     * STI takes effect after the next instruction.  A guest relies on that
     * before HLT, which then ends at once.
     */
    {
        uint64_t rip = engine_reg(h, UC_X86_REG_RIP);
        uint8_t code[2];

        if ( !guest_virt_copy(h, code_address(h) - 1, code, 2, false) &&
             code[0] == 0xfb && code[1] == 0xf4 )
            engine_set_reg(h, UC_X86_REG_RIP, rip + 1);
    }
    if ( !deliver(h, vector, false, 0) )
        domain_crash(v->domain, "vcpu %u: cannot take vector %u at rip %lx",
                     v->vcpu_id, vector,
                     (unsigned long)engine_reg(h, UC_X86_REG_RIP));
}

/* ---- exceptions ---- */

/* The engine does not report the error code: walk the page tables again. */
static uint32_t page_fault_error(struct hosted_vcpu *h)
{
    uint64_t va = engine_reg(h, UC_X86_REG_CR2), gpa;
    struct guest_paging paging = guest_paging_of(h);
    unsigned int access = 0, error;

    if ( h->access.valid && h->access.va == va && h->access.write )
        access = WALK_WRITE;
    else if ( va == engine_reg(h, UC_X86_REG_RIP) )
        access = WALK_FETCH;
    if ( guest_walk(&paging, va, access, guest_read_phys, h, &gpa, &error) &&
         guest_walk(&paging, va, WALK_WRITE, guest_read_phys, h, &gpa,
                    &error) )
        return 0;
    return error;
}

static bool pushes_error(unsigned int vector)
{
    return vector == VECTOR_DF || (vector >= 10 && vector <= VECTOR_PF) ||
           vector == 17;
}

/* An INT instruction, which goes on after it, pushes no error code. */
static bool is_software(struct hosted_vcpu *h, unsigned int vector)
{
    uint8_t code[2];

    return !guest_virt_copy(h, code_address(h) - 2, code, 2, false) &&
           code[0] == 0xcd && code[1] == vector;
}

/*
 * After a fault of these kinds the engine turns the next one into a double
 * fault, unless it delivered the first itself, which it never does here: use a
 * new engine.
 */
static void forget_fault(struct hosted_vcpu *h)
{
    struct hvm_hw_cpu context;

    context_store(h, &context);
    pthread_mutex_lock(&h->lock);
    if ( !h->new_context )
        h->context = context;
    h->new_context = true;
    pthread_mutex_unlock(&h->lock);
}

void inject_exception(struct hosted_vcpu *h, unsigned int vector)
{
    uint64_t rip = engine_reg(h, UC_X86_REG_RIP);
    uint32_t error = vector == VECTOR_PF ? page_fault_error(h) : 0;

    if ( vector < 256 &&
         deliver(h, vector, pushes_error(vector) && !is_software(h, vector),
                 error) )
    {
        if ( !vector || (vector >= 10 && vector <= VECTOR_PF) )
            forget_fault(h);
        return;
    }
    domain_crash(h->v->domain,
                 "vcpu %u: triple fault: vector %u (error %x) at rip %lx",
                 h->v->vcpu_id, vector, error, (unsigned long)rip);
}
