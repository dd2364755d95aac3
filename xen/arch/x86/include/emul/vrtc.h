/* SPDX-License-Identifier: MIT */
/*
 * The real time clock (MC146818): its 14 registers at ports 0x70 and 0x71.  CMOS
 * memory above them is the device model's, so accesses with a higher index are
 * declined.
 *
 * The time is not kept here: utc() tells the domain's time of day, and a guest
 * that sets the clock moves this time.  While SET is on, the time registers have
 * what was written.  Events since the last look are flags of register C.  A new
 * flag whose enable bit of register B is on gives the line an edge, also when
 * register C was not read since the last one: the WAET table of Xen's firmware
 * promises that to guests.  Reading register C deasserts the line.
 */
#ifndef EMUL_VRTC_H
#define EMUL_VRTC_H

#include <emul/vline.h>
#include <hv/lock.h>
#include <hv/types.h>

struct hvm_hw_rtc;

#define VRTC_INDEX 0x70
#define VRTC_DATA 0x71
#define VRTC_REGISTERS 14

struct vrtc {
    spinlock_t lock; /* LOCK_DEVICE */
    struct vline line;
    uint64_t (*utc)(void *arg); /* [I] ns since 1970 of line.arg's domain */
    uint8_t index;              /* [d] */
    uint8_t reg[VRTC_REGISTERS]; /* [d] those of time: while SET is on */
    uint64_t ticked;            /* [d] periods of rate that are in PF         */
    uint64_t second;            /* [d] utc in s up to which UF, AF are right  */
};
/* [I] immutable  [d] r->lock */

/*
 * set(arg, 0, level): the line.  utc(arg) is called with the lock held, and only
 * after vrtc_init().
 */
void vrtc_init(struct vrtc *r,
               void (*set)(void *arg, unsigned int line, bool asserted),
               uint64_t (*utc)(void *arg), void *arg);
void vrtc_stop(struct vrtc *r); /* as vpit_stop() */
void vrtc_destroy(struct vrtc *r);
/* A vcpu enters the guest, and the line may rest: emul/vline.h. */
void vrtc_resume(struct vrtc *r);

/*
 * Byte accesses.  False: the index is one of the device model's registers, and
 * the access is for the device model.  *moved: seconds by which the guest has
 * set its clock forward; the caller adds them to what utc() says.
 */
bool vrtc_read(struct vrtc *r, uint16_t port, uint32_t *value);
bool vrtc_write(struct vrtc *r, uint16_t port, uint8_t value, int64_t *moved);

/* All but rtc_offset.  vrtc_load(): -EINVAL, and nothing has changed. */
void vrtc_save(struct vrtc *r, struct hvm_hw_rtc *hw);
int vrtc_load(struct vrtc *r, const struct hvm_hw_rtc *hw);

#endif
