// drover devices: certificates in place of passwords. The key of a device is made on the device and stays there; what
// travels is a request for a certificate (openssl req -new), or a token with which the device asks by itself.
import type { Command } from 'commander'
import { badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'
import type { Finish } from './command.ts'
import { confirmed } from './confirm.ts'
import type { CliContext } from './context.ts'
import type { EnrollOptions } from './enroll.ts'
import { timeOf } from './output.ts'
import { withSecretFile } from './secret-file.ts'

const csrBytesMax = 8 * 1024

/** Throws BadInput, and what the client throws. */
export async function certify(
  context: CliContext,
  ids: readonly string[],
  { csr, out, outDir }: EnrollOptions & { readonly csr: string },
): Promise<void> {
  const [id = ''] = ids
  if (ids.length > 1) throw badFlag('--csr', `is the request of one device, and there are ${ids.length}`)
  if (outDir !== undefined) throw badFlag('--out-dir', 'is for passwords; take --out')
  const request = (await readSmallFile(csr, '--csr', csrBytesMax)).toString()
  const client = await context.client()
  const answer = await withSecretFile('--out', out, async () => {
    const made = await client.certifyDevice(id, request)
    return { ...made, text: made.certificate }
  })
  const { text: _, ...shown } = answer
  context.out.item(out === undefined ? shown : { ...shown, path: out }, [
    ['device', answer.device],
    ['good until', answer.expiresAt],
    ['serial', answer.serial],
    out === undefined ? ['certificate', answer.certificate] : ['certificate in', out],
  ])
}

export function addCertificateCommands(devices: Command, finish: Finish): void {
  const token = devices
    .command('enroll-token')
    .argument('<id>', 'device id')
    .description('issue a token with which this device gets one certificate by itself, within a day; shown once')
    .option('--out <file>', 'write it there (mode 0600, never overwritten) instead of showing it')
  finish(token, {
    flags: { id: '<id>' },
    run: async (context, { args, options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      const answer = await withSecretFile('--out', out, async () => {
        const made = await client.enrolmentToken(args[0] ?? '')
        return { ...made, text: `${made.token}\n` }
      })
      const { object, device, expiresAt, token } = answer
      context.out.item({ object, device, expiresAt, ...(out === undefined ? { token } : { path: out }) }, [
        ['device', device],
        ['good until', expiresAt],
        out === undefined ? ['token', token] : ['token in', out],
      ])
    },
  })

  const certificates = devices
    .command('certificates')
    .argument('<id>', 'device id')
    .description('its certificates that count, oldest first; two while a new one has not been used yet')
  finish(certificates, {
    flags: { id: '<id>' },
    run: async (context, { args }) => {
      const id = args[0] ?? ''
      const client = await context.client()
      const { data } = await client.deviceCertificates(id)
      context.out.items(
        data,
        [
          { head: 'serial', of: ({ serial }) => serial },
          { head: 'issued', rank: 1, of: ({ issuedAt }) => timeOf(issuedAt) },
          { head: 'good until', of: ({ expiresAt }) => timeOf(expiresAt) },
          { head: 'sha256', rank: 2, of: ({ sha256 }) => sha256 },
        ],
        `${id} has no certificate that counts: it comes by password, or not at all.`,
      )
    },
  })

  const revoke = devices
    .command('revoke')
    .argument('<id>', 'device id')
    .description('no certificate and no token of this device counts any more; its connection ends')
    .option('--yes', 'do not ask')
  finish(revoke, {
    flags: { id: '<id>' },
    run: async (context, { args, options }) => {
      const id = args[0] ?? ''
      await confirmed(context, options.yes === true, `Revoke the certificates of ${id}? It cannot connect with them.`)
      const client = await context.client()
      await client.revokeDevice(id)
      context.out.item({ object: 'revoked-device', device: id }, [['revoked', id]])
    },
  })
}
