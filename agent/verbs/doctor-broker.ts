// What the doctor says about the broker: with --connect a TCP connection and a CONNECT with the device's own credentials. A
// running agent would lose its connection to the second one of its name, so then the CONNECT is left out.
import { probeBroker } from '../adapters/mqtt/probe.ts'
import { systemBootId } from '../adapters/system-reboot.ts'
import { openDeviceCertificate } from '../device-certificate.ts'
import { endOf } from '../process-facts.ts'
import { readPassword } from '../settings/config.ts'
import { readStatus } from '../status.ts'
import type { Check } from './doctor.ts'

const probeTimeMs = 10_000
/** What is wrong with the files is another check's to tell. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export const checkBroker: Check = async ({ config, request: { connect, clock } }) => {
  const check = 'broker'
  const { host, port, tls, deviceId, username } = config
  const where = `${host}:${port}${tls === undefined ? '' : ' (TLS)'}`
  if (!connect) return [{ check, level: 'ok', text: `${where}; not asked without --connect` }]
  const status = await readStatus(config.dataDir).catch(() => undefined)
  const runs = status !== undefined && (await endOf(status, await systemBootId())) === undefined
  const password = await readPassword(config).catch(() => undefined)
  const credentials = { clientId: deviceId, username, ...(password === undefined ? {} : { password }) }
  const keeper = await openDeviceCertificate(config, silent)
  const outcome = await probeBroker(clock, {
    ...{ host, port, timeoutMs: probeTimeMs },
    ...(tls === undefined ? {} : { tls: { ...tls, ...(keeper === undefined ? {} : { keeper }) } }),
    ...(runs ? {} : { credentials }),
  })
  switch (outcome.kind) {
    case 'accepted':
      return [{ check, level: 'ok', text: `${where} takes us as ${username}` }]
    case 'reached': {
      const link = status?.link.connected === true ? 'it is connected' : 'it is not connected'
      return [
        { check, level: 'ok', text: `${where} answers; the agent runs, so no second connection was made: ${link}` },
      ]
    }
    case 'unreachable': {
      const certificates = tls === undefined ? '' : ' Is tls.caFile the authority of its certificate?'
      const remedy = `is the broker running, the address right (url), the network there, the port open on the way?${certificates}`
      return [{ check, level: 'fail', text: `${where}: ${outcome.reason}`, remedy }]
    }
    case 'refused': {
      const remedy =
        tls?.certFile === undefined
          ? 'the password or the device id is not what the broker knows: drover devices secret renew ID'
          : 'the certificate or the device id is not what the broker knows, or it was revoked: drover devices show ID'
      return [{ check, level: 'fail', text: `${where} refuses us: ${outcome.reason}`, remedy }]
    }
  }
}
