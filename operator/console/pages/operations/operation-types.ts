// The types of operations that every broker knows, with the words of the operations page. Plugins register more.
export const operationTypes = [
  { type: 'firmware-update', title: 'Firmware Update', does: 'Brings devices to a signed release.' },
  { type: 'config-backup', title: 'Backup', does: 'Fetches the present configuration of each device.' },
  { type: 'config-restore', title: 'Restore', does: 'Puts back a configuration that a device sent in a backup.' },
  { type: 'config-change', title: 'Configuration Change', does: 'Changes parts of the configuration by a patch.' },
  { type: 'reboot', title: 'Reboot', does: 'Restarts devices; done when each has come back with a new boot.' },
  { type: 'command', title: 'Command', does: 'Runs a command the devices know, signed by people.' },
] as const

export function isKnownType(type: string): boolean {
  return operationTypes.some(known => known.type === type)
}
