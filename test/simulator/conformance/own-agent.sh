#!/bin/sh
# drover-agent as a device under examination: writes its configuration once, then becomes boot.
#   own-agent.sh BOOT HOST PORT DEVICE SECRET TRUST FOLDER IMAGE VENDOR CLASS COMPONENT VERSION
# RESTART=false: a component that is installed without a restart.
set -e
folder=$7
if [ ! -e "$folder/agent.json" ]; then
  cat > "$folder/agent.json.new" <<END
{
  "deviceId": "$4",
  "url": "mqtt://$2:$3",
  "password": "$5",
  "vendorId": "$9",
  "classId": "${10}",
  "dataDir": "data",
  "trustFile": "$6",
  "components": [{ "name": "${11}", "version": "${12}", "image": "$8", "reboot": ${RESTART:-true} }],
  "health": { "command": ["/bin/sh", "-c", "! test -e unwell"], "timeoutMs": 5000 },
  "reconnect": { "baseMs": 50, "capMs": 500 },
  "chunkTimeoutMs": 700,
  "storageBytesMax": 100000000
}
END
  mv "$folder/agent.json.new" "$folder/agent.json"
fi
exec node "$1" --config "$folder/agent.json"
