# Shared by the hooks of this folder: a component that is the system of the device, installed by RAUC; its image is a bundle.
# The component needs "restart": "device". RAUC keeps the slots and speaks with the boot loader; what has to be remembered
# over the restart is the slot that ran when it began.
set -eu
state=${DROVER_RAUC_STATE:-/var/lib/drover-rauc}
from="$state/$DROVER_SHA256.from"

# One word for the operators, and the end.
refuse() {
  echo "$1"
  exit 1
}

# The bootname of the slot that runs.
booted() {
  rauc status --output-format=shell | sed -n "s/^RAUC_SYSTEM_BOOTED_BOOTNAME='\(.*\)'\$/\1/p"
}

# Durable: after a power cut all of it or nothing.
remember() {
  mkdir -p "$state"
  printf '%s\n' "$1" > "$from.new"
  sync "$from.new"
  mv "$from.new" "$from"
  sync "$state"
}
