// Where the certificates of a device are, those that followed the provisioned one included: told once, for the agent and for
// the doctor.
import { join } from 'node:path'
import { DeviceCertificate } from './adapters/device-certificate/device-certificate.ts'
import { systemDisk } from './adapters/system-disk.ts'
import type { Log } from './ports.ts'
import type { AgentConfig } from './settings/config.ts'

/** The newest that followed: key and certificate. */
export function renewedFile(dataDir: string): string {
  return join(folderOf(dataDir), 'renewed.pem')
}

/** Undefined: the device has none. */
export async function openDeviceCertificate(
  { dataDir, deviceId: device, tls }: Pick<AgentConfig, 'dataDir' | 'deviceId' | 'tls'>,
  log: Log,
): Promise<DeviceCertificate | undefined> {
  if (tls?.certFile === undefined) return undefined
  return DeviceCertificate.open({ disk: systemDisk, log }, { device, folder: folderOf(dataDir) })
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'certificate')
}
