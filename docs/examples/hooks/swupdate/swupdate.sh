# Shared by the hooks of this folder: a component that is the system of the device, installed by SWUpdate in two copies with
# U-Boot; its image is a .swu file. The component needs "restart": "device".
#
# It is taken for granted that the .swu has the collections stable,copy-a and stable,copy-b, each of which sets
# boot_slot to its copy, upgrade_available to 1 and bootcount to 0 in its bootenv section; that U-Boot starts boot_slot, and
# the other one when bootcount exceeds bootlimit while upgrade_available is 1; and that it tells the kernel boot_slot=a or b.
# The copy that ran when it began is remembered in drover_before.
set -eu
command_line=${DROVER_COMMAND_LINE:-/proc/cmdline}

# One word for the operators, and the end.
refuse() {
  echo "$1"
  exit 1
}

# The copy that runs: a or b.
running() {
  tr ' ' '\n' < "$command_line" | sed -n 's/^boot_slot=\([ab]\)$/\1/p'
}

variable() {
  fw_printenv -n "$1" 2> /dev/null || true
}

# Without a value the variable is removed. Each is written for itself, and whole.
set_variable() {
  fw_setenv "$@" >&2 || refuse fw-setenv
}
