# SPDX-License-Identifier: MIT
# Programs that use only the public libraries, run unchanged on every
# hypervisor.  Those in contract-ours need our libxenctrl; all others run with
# either set of libraries.
contract-both := $(addprefix ct-,resource-ioreq resource-grant resource-misc \
    dm-op evtchn files grant foreign domctl hvm hvm-context hvm-xsave save pod \
    killed teardown parallel)
contract-both += ct-sched ct-ioserver
contract-ours := ct-seed-ours
# Beside a xenstored.
contract-store := ct-xenbus
contract-progs := $(contract-both) $(contract-ours) $(contract-store)
contract-libs := -lxenctrl -lxenforeignmemory -lxencall -lxendevicemodel \
    -lxenevtchn -lxengnttab -lxentoollog -lxentoolcore
$(foreach p,$(contract-progs),$(eval \
    $(p)-src := $(addprefix tests/contract/,ct.c fence.c $(p).c)))
ct-files-src += $(addprefix tests/contract/ct-files-, evtchn.c fork.c full.c \
    grant.c memory.c modes.c paths.c places.c privcmd.c ranges.c share.c sets.c \
    stopped.c)

# With liboriel-ioreq in it, so that it runs beside either set of libraries.
ct-ioserver-src += $(ioreq-src)

# They see what any program sees: the public headers.
$(foreach v,hosted clang fortified,$(eval \
    $(B)/$(v)/tests/contract/%.o: inc = $$(inc-tool) $$(limits)))
