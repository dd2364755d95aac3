/* SPDX-License-Identifier: MIT */
/*
 * The address ranges that clients have reserved by mmap() of a file, as Linux'
 * VMAs: a sorted list of disjoint ranges for each address space.
 */
#ifndef VMA_H
#define VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vma {
    uint64_t start, end; /* bytes, page aligned, end exclusive */
    int prot;            /* PROT_* for what is mapped next      */
    struct file *file;   /* counts its ranges in nr_vmas        */
    uint64_t offset, nr; /* of the mmap(): bytes, and pages     */
    bool used;           /* an ioctl has mapped into it         */
    bool read_only;      /* a frame in it must not be written   */
    struct vma *next;
};

struct file;

/*
 * Add a copy of *new: -EEXIST, -ENOMEM; the caller has the file's lock, as for
 * vma_remove().
 */
int vma_add(struct vma **list, const struct vma *new);
/* Cut [start, start + len), which is a part of v, out of it. */
void vma_remove(struct vma **list, struct vma *v, uint64_t start, size_t len);
/* A range of the file that overlaps [start, start + len), or NULL. */
struct vma *vma_of_file(struct vma *list, const struct file *f,
                        uint64_t start, size_t len);
/* The range that contains [start, start + len) as a whole, or NULL. */
struct vma *vma_find(struct vma *list, uint64_t start, size_t len);

#endif
