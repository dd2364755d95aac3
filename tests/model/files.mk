# SPDX-License-Identifier: MIT
# The model test: one program on the hosted machine.
model-src := $(addprefix tests/model/,model.c ref.c check.c ops-memory.c \
    ops-resource.c ops-grant.c ops-domain.c)
model-check-ops := 20000
