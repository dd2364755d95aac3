# SPDX-License-Identifier: MIT
# The device model of the guest "exits": oriel-dm with other registers.
keep-dm-src := tests/vm/keep.c $(filter-out %/block.c,$(oriel-dm-src))

$(B)/hosted/tests/vm/%.o: inc = $(inc-tool)
