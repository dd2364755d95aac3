/* SPDX-License-Identifier: MIT */
/*
 * The first program of a Linux guest that tests/vm/xl.sh starts.  A line on the
 * console is a request; each answer is a line "guest: ...":
 *
 *   touch N   write to so many MiB and give them back: "touched N bad M"
 *   online N  use that vcpu
 *   report N  "report N cpus C total T MiB"
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE 4096

static void touch(size_t mib)
{
    size_t bytes = mib << 20;
    unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t bad = 0;

    if ( p == MAP_FAILED )
    {
        printf("guest: touched 0 bad 1\n");
        return;
    }
    for ( size_t i = 0; i < bytes; i += PAGE )
        memcpy(p + i, &i, sizeof(i));
    for ( size_t i = 0; i < bytes; i += PAGE )
        bad += memcmp(p + i, &i, sizeof(i)) || p[i + PAGE - 1];
    munmap(p, bytes);
    printf("guest: touched %zu bad %zu\n", mib, bad);
}

static void online(unsigned long cpu)
{
    char path[80];
    FILE *f;

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%lu/online", cpu);
    f = fopen(path, "w");
    if ( !f || fputs("1", f) < 0 || fclose(f) )
        printf("guest: cpu %lu cannot be used\n", cpu);
}

static void report(unsigned long nr)
{
    struct sysinfo info = { 0 };

    sysinfo(&info);
    printf("guest: report %lu cpus %ld total %lu MiB\n", nr,
           sysconf(_SC_NPROCESSORS_ONLN),
           (unsigned long)(info.totalram * info.mem_unit >> 20));
}

/* Linux calls /sbin/poweroff when it is told to shut down. */
int main(int argc, char **argv)
{
    static char line[100];

    if ( argc && strstr(argv[0], "poweroff") )
        return reboot(RB_POWER_OFF);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("guest: ready\n");
    for ( ;; )
    {
        if ( !fgets(line, sizeof(line), stdin) )
        {
            clearerr(stdin);
            sleep(1); /* then look again */
        }
        else if ( !strncmp(line, "touch ", 6) )
            touch(strtoul(line + 6, NULL, 0));
        else if ( !strncmp(line, "online ", 7) )
            online(strtoul(line + 7, NULL, 0));
        else if ( !strncmp(line, "report ", 7) )
            report(strtoul(line + 7, NULL, 0));
    }
}
