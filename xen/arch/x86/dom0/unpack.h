/* SPDX-License-Identifier: MIT */
/* Unpacking dom0's kernel with Debian's liblzma and zlib. */
#ifndef DOM0_UNPACK_H
#define DOM0_UNPACK_H

#include <emul/bzimage.h>

/* Can unpack() do this one? */
bool unpack_knows(enum bzimage_packer packer);

/*
 * unpack.c: unpack what bzimage_check() found, by a packer that is known, to
 * out[bz->size].  NULL, or what is wrong, for people: then out holds anything.
 * Runs the libraries, so between library_enter() and library_leave().
 */
const char *unpack(const struct bzimage *bz, void *out) must_check;

/*
 * library.c: the libraries may run, on this CPU, with size bytes to allocate
 * from; none of their memory is in use any more after library_leave().
 * Needs vector registers that work and nobody's state in them.
 */
void library_enter(void *memory, size_t size);
void library_leave(void);

#endif
