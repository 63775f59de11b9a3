// What the doctor says about who is believed and who the device is: the trust document and the MQTT password.
import { readFile } from 'node:fs/promises'
import { EnvelopeError, parseTrustDocument, roleFor, type TrustDocument } from '../../proto/envelope.ts'
import { envelopeBytesMax } from '../../proto/limits.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { readPassword } from '../settings/config.ts'
import type { Check, Finding } from './doctor.ts'
import { codeOf } from './doctor-device.ts'
import { timeText } from './print.ts'

const dayMs = 86_400_000
/** From then on somebody should make a new one. */
const expiresSoonMs = 30 * dayMs

export const checkTrust: Check = async ({ config, request: { clock } }) => {
  const findings: Finding[] = []
  const trust = await trustOf(config.trustFile, findings)
  if (trust !== undefined) findings.push(...expiry(trust, clock.wallMs()), ...keys(trust))
  const check = 'password'
  try {
    const password = await readPassword(config)
    if (password === undefined && config.tls?.certFile !== undefined)
      findings.push({ check, level: 'ok', text: 'none: the device has a certificate' })
    else
      findings.push(
        password === undefined || password === ''
          ? { check, level: 'warn', text: 'none is set', remedy: 'drover devices enroll issues one; set passwordFile' }
          : { check, level: 'ok', text: `for the user ${config.username}` },
      )
  } catch (error) {
    findings.push({
      check,
      level: 'fail',
      text: (error as Error).message,
      remedy: 'make the file readable for the agent',
    })
  }
  return findings
}

async function trustOf(trustFile: string, findings: Finding[]): Promise<TrustDocument | undefined> {
  const check = 'trust'
  try {
    const bytes = await readFile(trustFile)
    if (bytes.length > envelopeBytesMax) throw new EnvelopeError('MALFORMED', `${bytes.length} bytes`)
    return parseTrustDocument(bytes)
  } catch (error) {
    const isOurs = error instanceof EnvelopeError
    const text = isOurs ? `${trustFile} is no trust document: ${error.message}` : `${trustFile}: ${codeOf(error)}`
    const code = isOurs ? 'UPD4_FAIL_43' : 'UPD4_FAIL_44'
    const remedy = `put the trust.bin of your fleet there (drover keys create): every offer ends with ${code} until then`
    findings.push({ check, level: 'fail', text, remedy })
    return undefined
  }
}

function expiry({ version, expiresAt }: TrustDocument, now: number): readonly Finding[] {
  const check = 'trust'
  const text = `version ${version}, good until ${timeText(expiresAt)}`
  const remedy = 'bring the device a newer trust document, signed by the root keys'
  if (expiresAt <= now)
    return [{ check, level: 'fail', text: `${text}: expired, every offer ends with UPD4_FAIL_23`, remedy }]
  return [
    {
      check,
      level: expiresAt - now < expiresSoonMs ? 'warn' : 'ok',
      text,
      ...(expiresAt - now < expiresSoonMs ? { remedy } : {}),
    },
  ]
}

function keys(trust: TrustDocument): readonly Finding[] {
  const check = 'keys'
  try {
    const { name, keyIds, threshold } = roleFor(firmwareUpdate, trust)
    const text = `firmware needs ${threshold} of ${keyIds.length} keys of the role ${name}; ${trust.keys.size} keys in all`
    return [{ check, level: 'ok', text }]
  } catch (error) {
    const remedy = 'the trust document names no usable role for firmware-update: make another one'
    return [{ check, level: 'fail', text: (error as Error).message, remedy }]
  }
}
