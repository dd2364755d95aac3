/* SPDX-License-Identifier: MIT */
/*
 * The first program of a Linux guest that tests/vm/xl.sh starts.  A line on the
 * console is a request; each answer is a line "guest: ...":
 *
 *   touch N   write to so many MiB and give them back: "touched N bad M"
 *   online N  use that vcpu
 *   read D    the first word of that disk: "D says WORD"
 *   report N  "report N cpus C total T MiB nets N disks N."
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
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

/* A module of the kernel, if the initramfs has it. */
static void load(const char *path)
{
    int fd = open(path, O_RDONLY);

    if ( fd < 0 )
        return;
    if ( syscall(SYS_finit_module, fd, "", 0) )
        printf("guest: %s: %m\n", path);
    close(fd);
}

static void read_disk(const char *name)
{
    char path[120], word[16] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/dev/%s", name);
    f = fopen(path, "r");
    if ( !f || fscanf(f, "%15s", word) != 1 )
        printf("guest: %s: %m\n", path);
    else
        printf("guest: %s says %s\n", name, word);
    if ( f )
        fclose(f);
}

/* Entries of the folder that begin so. */
static unsigned int entries(const char *path, const char *begin)
{
    DIR *folder = opendir(path);
    struct dirent *e;
    unsigned int n = 0;

    while ( folder && (e = readdir(folder)) )
        n += !strncmp(e->d_name, begin, strlen(begin));
    if ( folder )
        closedir(folder);
    return n;
}

static void report(unsigned long nr)
{
    struct sysinfo info = { 0 };

    sysinfo(&info);
    printf("guest: report %lu cpus %ld total %lu MiB nets %u disks %u.\n", nr,
           sysconf(_SC_NPROCESSORS_ONLN),
           (unsigned long)(info.totalram * info.mem_unit >> 20),
           entries("/sys/class/net", "eth"), entries("/sys/block", "xvd"));
}

static void answer(const char *line)
{
    if ( !strncmp(line, "touch ", 6) )
        touch(strtoul(line + 6, NULL, 0));
    else if ( !strncmp(line, "online ", 7) )
        online(strtoul(line + 7, NULL, 0));
    else if ( !strncmp(line, "read ", 5) )
        read_disk(line + 5);
    else if ( !strncmp(line, "report ", 7) )
        report(strtoul(line + 7, NULL, 0));
}

/* Linux runs /sbin/poweroff or /sbin/reboot when the toolstack asks for that. */
int main(int argc, char **argv)
{
    static char line[100];

    if ( argc && strstr(argv[0], "poweroff") )
        return reboot(RB_POWER_OFF);
    if ( argc && strstr(argv[0], "reboot") )
        return reboot(RB_AUTOBOOT);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    load("/xen-netfront.ko");
    load("/xen-blkfront.ko");
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("guest: ready\n");
    for ( ;; )
    {
        if ( fgets(line, sizeof(line), stdin) )
        {
            line[strcspn(line, "\r\n")] = 0;
            answer(line);
            continue;
        }
        clearerr(stdin);
        sleep(1); /* then look again */
    }
}
