/* SPDX-License-Identifier: MIT */
/* From head.S to the run loop, on the boot CPU. */
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/lib.h>
#include <hv/timer.h>
#include <hv/trace.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/dom0.h>
#include <x86/fpu.h>
#include <x86/hvm.h>
#include <x86/irq.h>
#include <x86/platform.h>
#include <x86/pv.h>
#include <x86/sched.h>
#include <x86/smp.h>

static void start_interrupts_and_time(void)
{
    acpi_init();
    lapic_init_boot();
    acpi_drop_unreachable(lapic_is_x2apic());
    iommu_off();
    lapic_init_cpu();
    cpu_alloc(0, lapic_id());
    clocks_init();
    time_init();
    lapic_timer_calibrate();
    ioapic_init();
    pci_init();
}

/* On each CPU: it can run guests from then on. */
static void cpu_up(struct cpu *c)
{
    fpu_cpu_up();
    if ( pv_wanted() )
        pv_cpu_up(c); /* SVM keeps for the hypervisor what this sets */
    hvm_cpu_up(c);
    sched_cpu_init(c);
}

static void start_virtualisation(void)
{
    hvm_find_vendor();
    cpu_up(this_cpu());
    hvm_init();
    if ( pv_wanted() )
        pv_init();
}

static void start_other_cpus(void)
{
    static struct smp_start how;

    how = (struct smp_start){
        .tables = virt_to_phys(boot_pml4),
        .lacks = hvm_cpu_lacks,
        .up = cpu_up,
        .run = run_loop,
    };
    smp_boot(option_uint("maxcpus", MAX_CPUS), &how);
}

static void set_console_options(void)
{
    static const char *const names[] = {
        "loglvl", "guest_loglvl", "console_timestamps", "conswitch",
    };
    char value[32];

    for ( unsigned int i = 0; i < ARRAY_SIZE(names); i++ )
        if ( option_get(names[i], value, sizeof(value)) &&
             console_set_option(names[i], value) )
            printk(XENLOG_WARNING, "%s=%s means nothing: ignored\n", names[i],
                   value);
    if ( !option_bool("guest_rate_limit", true) )
        guest_loglvl.always = guest_loglvl.limited;
}

void boot_main(uint32_t magic, uint64_t info)
{
    crash_init(machine_begin_crash, machine_end_of_crash);
    traps_init(irq_handle);
    cpu_init_boot();
    console_init();
    loader_parse(magic, info);
    hv_command_line = boot_info.cmdline;
    serial_init();
    set_console_options();

    printk(XENLOG_INFO, "Oriel version 4.17.7-oriel\n");
    printk(XENLOG_INFO, "Command line: %s\n", boot_info.cmdline);
    memory_init();
    paging_init();
    paging_frames(FRAME_MAP, sizeof(struct page), 0, memory_place_table);
    memory_start();
    paging_release();
    domain_list_init();
    timer_system_init();
    trace_init(option_size("trace_size", TRACE_SIZE));
    ioreq_look_set_limit(option_uint("ioreq_look_us", IOREQ_LOOK_US));
    wallclock_init();

    start_interrupts_and_time();
    start_virtualisation();
    start_other_cpus();
    dom0_build(pv_wanted() ? &dom0_pv : &dom0_pvh);
    console_poll_init();
    smp_release();
    cpu_switch_stack(this_cpu(), run_loop);
}
