# SPDX-License-Identifier: MIT
# The device model of the guest "exits": oriel-dm with other registers.
keep-dm-src := tests/vm/keep.c $(filter-out %/block.c,$(oriel-dm-src))

# That of the guest "many".
many-dm-src := tests/vm/many-dm.c $(ioreq-src)

hostile-dm-src := tests/vm/hostile-dm.c tests/guest/hostile.c \
    tests/contract/ct.c

$(B)/hosted/tests/vm/%.o: inc = $(inc-tool)
$(B)/hosted/tests/guest/%.o: inc = $(inc-tool)
