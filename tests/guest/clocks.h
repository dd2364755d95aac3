/* SPDX-License-Identifier: MIT */
/* Between the files of the guest "clocks". */
#ifndef TESTS_GUEST_CLOCKS_H
#define TESTS_GUEST_CLOCKS_H

#include "smp.h"

/* ---- clocks.c ---- */

#define PM_HZ 3579545U
#define PM_EVENT 0x1f40
#define PM_TIMER 0x1f48

static inline uint32_t pm(void) { return inl(PM_TIMER); }

/*
 * Does it come?  Looked for, with interrupts enabled, until the PM timer has
 * counted `limit`, and LOOKS times more: a pause of the whole machine may be the
 * end of that time, and what was due meanwhile comes at the looks behind it.
 */
#define LOOKS 200U
#define COMES(condition, limit)                                              \
    ({                                                                       \
        uint32_t start_ = pm(), looks_ = 0;                                  \
        bool come_ = false;                                                  \
                                                                             \
        interrupts_on();                                                     \
        while ( !(come_ = (condition)) &&                                    \
                (pm() - start_ < (limit) || looks_++ < LOOKS) ) /* look again */ \
            ;                                                                \
        interrupts_off();                                                    \
        come_;                                                               \
    })
#define SOON (PM_HZ / 10)   /* many periods of those that are counted */
#define SECONDS(n) (PM_HZ * (n))
#define LONG SECONDS(2)     /* what is to come has come, however busy */

void wait_pm(uint32_t ticks); /* interrupts disabled */

/*
 * What must not last longer, by the PM timer, to be told: it is done again when
 * it did, which only a pause of the whole machine explains.  Where it begins
 * later than with the first statement, one of them is begun_ = pm().
 */
#define WITHIN(limit, ...)                                                   \
    do                                                                       \
    {                                                                        \
        uint32_t begun_;                                                     \
                                                                             \
        do                                                                   \
        {                                                                    \
            begun_ = pm();                                                   \
            __VA_ARGS__                                                      \
        } while ( pm() - begun_ >= (limit) ); /* look again */               \
    } while ( 0 )

/*
 * The I/O APIC's pins: masked, an edge, or a level, which is not ended before
 * eoi().  Interrupts since the pin was set are counted, up to ENOUGH, which
 * masks the pin.
 */
#define NR_PINS 24
#define ENOUGH 6U
enum pin_mode { PIN_MASKED, PIN_EDGE, PIN_LEVEL };
extern volatile unsigned int count[NR_PINS];
void set_pin(unsigned int pin, enum pin_mode mode);
void eoi(void);
/*
 * "name: none", "once", "twice" or "again and again": as many as are expected
 * are waited for long, and then some time for more.
 */
enum { NONE, ONCE, AGAIN = 3 };
void say_count(const char *name, unsigned int pin, unsigned int expected);
void say_whether(const char *name, bool yes);

/* ---- the clocks ---- */

void test_pit(void);  /* clocks-pit.c */
void test_rtc(void);  /* clocks-rtc.c */
void test_hpet(void); /* clocks-hpet.c */
void test_acpi(void); /* clocks-acpi.c */
void test_mtrr(void); /* clocks-acpi.c */
void pit_program(uint8_t control, uint16_t n); /* and the count, two bytes */

#endif
