// Whether this machine can do what is asked of it, before anything is started: a fleet that stops at the 1,021st socket
// would be taken for a broker that stops there.
import { FleetFailed } from './failure.ts'

export interface MachineLimits {
  /** Undefined: not known. */
  readonly openFiles: number | undefined
  readonly localPorts: number | undefined
}

/** Beside the sockets: channel, libraries, timers. */
const filesBeside = 64
/** Of a broker on this machine: database, doors. */
const brokerFilesBeside = 512

/** Of the process that needs most. */
export function openFilesNeeded(sensorsMost: number, connectionsOfBroker: number | undefined): number {
  const ofBroker = connectionsOfBroker === undefined ? 0 : connectionsOfBroker + brokerFilesBeside
  return Math.max(sensorsMost + filesBeside, ofBroker)
}

/** Throws FleetFailed that names the limit and how to lift it. */
export function checkLimits(limits: MachineLimits, needed: number, sensors: number, sensorsMost: number): void {
  const { openFiles, localPorts } = limits
  if (openFiles !== undefined && needed > openFiles) {
    const more = sensorsMost + filesBeside > openFiles ? `, or share the sensors among more --processes` : ''
    throw new FleetFailed(
      `a process needs ${needed} open files, and this shell allows ${openFiles}: ulimit -n ${roundedUp(needed)} before the start ` +
        `(as root, or LimitNOFILE= of the service; the hard limit counts)${more}`,
    )
  }
  if (localPorts !== undefined && sensors > localPorts)
    throw new FleetFailed(
      `${sensors} sensors of one machine need as many local ports, and it has ${localPorts}: ` +
        `sysctl -w net.ipv4.ip_local_port_range="10000 65535", or more machines with --part`,
    )
}

function roundedUp(number: number): number {
  return 2 ** Math.ceil(Math.log2(number))
}
