// What the doctor says about the files of TLS: whether they can be read, belong together, are for this device, and how
// long they last.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { renewedFile } from '../device-certificate.ts'
import type { Check, Finding } from './doctor.ts'
import { timeText } from './print.ts'

const dayMs = 24 * 3_600_000
/** A certificate with less left than that is told about. */
const renewalDays = 14
const check = 'certificates'

export const checkCertificates: Check = async ({ config: { tls, host, deviceId, dataDir }, request: { clock } }) => {
  if (tls === undefined) {
    if (/^(localhost|::1|127\..*)$/.test(host))
      return [{ check, level: 'ok', text: 'none: the line is without TLS and stays on this machine' }]
    const remedy = 'take an address mqtts://… of the broker, where it has one'
    return [{ check, level: 'warn', text: 'the line is without TLS: whoever listens has the password', remedy }]
  }
  const { caFile, certFile, keyFile } = tls
  const findings: Finding[] = []
  if (caFile === undefined)
    findings.push({
      check,
      level: 'ok',
      text: 'tls.caFile: none, the broker needs a certificate from a public authority',
    })
  else findings.push(...(await lasting('tls.caFile', caFile, clock.wallMs())).findings)
  if (certFile === undefined || keyFile === undefined) return findings
  const renewed = renewedFile(dataDir)
  const [begin, given] = await Promise.all([renewed, certFile].map(beginOf))
  const isRenewed = begin !== undefined && begin >= (given ?? 0)
  const [setting, file] = isRenewed ? ['renewed by the agent', renewed] : ['tls.certFile', certFile]
  const { certificate, findings: found } = await lasting(setting, file, clock.wallMs())
  findings.push(...found)
  if (certificate === undefined) return findings
  // Names of several lines, or several of one kind, are no device's.
  const { CN: name } = certificate.toLegacyObject().subject as { readonly CN?: unknown }
  if (name !== deviceId) {
    const text = `${setting}: ${file} is for ${JSON.stringify(name ?? null)}, this device is ${deviceId}`
    findings.push({ check, level: 'fail', text, remedy: 'take the certificate of this device, or mend deviceId' })
  }
  return [...findings, ...(await ofCertificate(isRenewed ? renewed : keyFile, certificate))]
}

/** Milliseconds since 1970; undefined when there is no certificate. */
async function beginOf(file: string): Promise<number | undefined> {
  try {
    return Date.parse(new X509Certificate(await readFile(file)).validFrom)
  } catch {
    // What is wrong with it is told where it is used.
    return undefined
  }
}

async function lasting(
  setting: string,
  file: string,
  nowMs: number,
): Promise<{ readonly certificate?: X509Certificate; readonly findings: readonly Finding[] }> {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(await readFile(file))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' || code === 'EACCES' ? code : 'holds no certificate in PEM form'
    const remedy = 'put the file there again, readable for the user the agent runs as'
    return { findings: [{ check, level: 'fail', text: `${setting}: ${file}: ${why}`, remedy }] }
  }
  const endsMs = Date.parse(certificate.validTo)
  const text = `${setting}: ${file} lasts until ${timeText(endsMs)}`
  const remedy = 'renew it; the agent uses the new file from its next connection on'
  if (Date.parse(certificate.validFrom) > nowMs)
    return {
      certificate,
      findings: [{ check, level: 'fail', text: `${text}, and is not valid yet`, remedy: 'set the clock' }],
    }
  if (endsMs <= nowMs)
    return { certificate, findings: [{ check, level: 'fail', text: `${text}: it has ended`, remedy }] }
  if (endsMs - nowMs < renewalDays * dayMs) return { certificate, findings: [{ check, level: 'warn', text, remedy }] }
  return { certificate, findings: [{ check, level: 'ok', text }] }
}

async function ofCertificate(keyFile: string, certificate: X509Certificate): Promise<readonly Finding[]> {
  try {
    if (certificate.checkPrivateKey(createPrivateKey(await readFile(keyFile)))) return []
    const remedy = 'key and certificate come from one enrollment: put both there again'
    return [{ check, level: 'fail', text: `tls.keyFile: ${keyFile} is the key of another certificate`, remedy }]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' || code === 'EACCES' ? code : 'holds no private key in PEM form without a passphrase'
    const remedy = 'put the file there again, readable for the user the agent runs as and nobody else'
    return [{ check, level: 'fail', text: `tls.keyFile: ${keyFile}: ${why}`, remedy }]
  }
}
