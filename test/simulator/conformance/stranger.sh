#!/bin/sh
# The device of test/stranger as one under examination: writes its configuration once, then becomes it.
#   stranger.sh PYTHON DEVICE.PY HOST PORT DEVICE SECRET TRUST FOLDER IMAGE VENDOR CLASS COMPONENT VERSION
# An image that begins with "unwell" does not come up.
set -e
folder=$8
if [ ! -e "$folder/device.json" ]; then
  cp "$9" "$folder/installed"
  cat > "$folder/device.json.new" <<END
{
  "deviceId": "$5",
  "host": "$3",
  "port": $4,
  "password": "$6",
  "vendorId": "${10}",
  "classId": "${11}",
  "dataDir": "data",
  "trustFile": "$7",
  "components": [{ "name": "${12}", "version": "${13}", "file": "installed", "reboot": ${RESTART:-true} }],
  "health": ["/bin/sh", "-c", "test \"\$(head -c 6 \"\$DROVER_IMAGE\")\" != unwell"],
  "reconnectSeconds": 0.1,
  "sessions": true,
  "storageBytesMax": 100000000
}
END
  mv "$folder/device.json.new" "$folder/device.json"
fi
exec "$1" "$2" --config "$folder/device.json"
