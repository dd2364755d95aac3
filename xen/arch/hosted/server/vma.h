/* SPDX-License-Identifier: MIT */
/*
 * The address ranges that clients have reserved by mmap() of a file: what the
 * kernel keeps as VMAs.  A sorted list of disjoint ranges per file.
 */
#ifndef VMA_H
#define VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vma {
    uint64_t start, end; /* bytes, page aligned, end exclusive */
    int prot;            /* PROT_* of the mmap()                */
    bool used;           /* an ioctl has mapped into it         */
    struct vma *next;
};

int vma_add(struct vma **list, uint64_t start, size_t len, int prot); /* -ENOMEM */
/* Forget a range, cutting ranges that overlap it. */
void vma_remove(struct vma **list, uint64_t start, size_t len);
/* The range that contains [start, start + len) as a whole, or NULL. */
struct vma *vma_find(struct vma *list, uint64_t start, size_t len);

#endif
