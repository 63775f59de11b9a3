// drover audit: who did what, exported as a chain that anyone can verify without the broker.
import type { Command } from 'commander'
import type { AuditVerdict } from '../../proto/audit.ts'
import type { AuditView } from '../../proto/http-admin.ts'
import { operationId } from '../../proto/ids.ts'
import { verifyAuditFile } from '../audit-file.ts'
import type { OperatorClient } from '../client.ts'
import { badFlag, ServerFailed } from '../errors.ts'
import { detailsOf } from './audit-details.ts'
import type { Call, Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { save } from './download.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { parsedBy, whole, word } from './values.ts'

interface Head {
  readonly number?: number
  readonly hash: string
}

export function addAuditCommands(program: Command, finish: Finish): void {
  const audit = program.command('audit').description('who did what, in a chain of hashes')
  const list = addPaging(audit.command('list').description('the audit log, newest first'))
    .option('--operation <id>', 'only of this operation', parsedBy(operationId))
    .option('--order <order>', 'ASC or DESC by number (default DESC)', word(['ASC', 'DESC']), 'DESC' as const)
  finish(list, {
    flags: { operation: '--operation', after: '--after' },
    run: async (context, call) => {
      const { operation, order, ...paging } = call.options as unknown as PagingOptions & {
        readonly operation?: string
        readonly order: 'ASC' | 'DESC'
      }
      const wanted = { order, ...(operation === undefined ? {} : { operation }) }
      const client = await context.client()
      await showList(context, paging, {
        pageOf: page => client.audit({ ...page, ...wanted }),
        keyOf: ({ number }) => String(number),
        columns,
        whenEmpty: 'No records.',
      })
    },
  })

  const exported = audit
    .command('export')
    .description('the whole chain as lines of JSON, for drover audit verify and for your archive')
    .option('-o, --out <file>', 'write there, whole or not at all, instead of to standard output')
    .option('--from <number>', 'begin at this record', whole(1, Number.MAX_SAFE_INTEGER))
  finish(exported, {
    flags: { from: '--from' },
    run: async (context, { options }) => {
      const { out, from } = options as { readonly out?: string; readonly from?: number }
      const client = await context.client()
      await save(context, await client.exportAudit(from), out, { object: 'audit-export' }, { mode: 0o600 })
    },
  })

  const verify = audit
    .command('verify')
    .argument('<file>', 'made by audit export')
    .description('check every hash of an export, without a broker; exit code 1 names the first broken record')
    .option(
      '--head <hash>',
      'the file must end in this record, HASH or NUMBER:HASH, as it was written down elsewhere',
      parsedBy(headOf),
    )
    .option('--live', 'its last record must stand in the chain of the broker, which may have newer ones')
  const status = audit
    .command('status')
    .description('what the broker itself finds about its chain, in the background; exit code 1 when it is broken')
  finish(status, {
    run: async (context, _call) => {
      const client = await context.client()
      const found = await client.auditVerification()
      const { state, checkedTo, head, checkedAt, firstBroken } = found
      context.out.item({ object: 'audit-verification', ...found }, [
        ['state', state],
        ['checked', `records 1 to ${checkedTo} of ${head}`],
        ['last check', timeOf(checkedAt)],
        ...(firstBroken === null ? [] : [['first broken', `record ${firstBroken}`] as const]),
      ])
      return state === 'broken' ? 1 : undefined
    },
  })
  finish(verify, { run: (context, { args, options }) => runVerify(context, args[0] ?? '', options) })
}

async function runVerify(context: CliContext, path: string, options: Call['options']): Promise<number | undefined> {
  const { head, live } = options as { readonly head?: Head; readonly live?: boolean }
  if (head !== undefined && live === true) throw badFlag('--head', 'cannot stand beside --live; leave one of them out')
  const client = live === true ? await context.client() : undefined
  const found: Verdict = await verifyAuditFile(path)
  const verdict: Verdict = !found.intact
    ? found
    : client !== undefined
      ? await comparedWith(client, found)
      : head !== undefined
        ? compared(found, head)
        : found
  const { out } = context
  if (out.json) {
    out.record({ object: 'audit-verdict', ...verdict })
    return verdict.intact ? undefined : 1
  }
  if (!verdict.intact) {
    out.line(`Broken at record ${verdict.record} (${verdict.problem}).`, 'bad')
    out.line(verdict.message)
    return 1
  }
  const { first, last, hash, newer } = verdict
  out.item({}, [
    ['intact', last < first ? 'no records' : `records ${first} to ${last}`],
    ['head', `${last}:${hash}`],
    ...(newer === undefined ? [] : [['since then', `${newer} newer records at the broker`] as const]),
  ])
  if (live !== true && head === undefined)
    out.hint(
      'Whole in itself. That nothing is missing at its end, only --live or a --head written down elsewhere tells.',
    )
  return undefined
}

type Intact = Extract<AuditVerdict, { intact: true }> & { readonly newer?: number }
type Verdict = Exclude<AuditVerdict, { intact: true }> | Intact

/** With a head that was written down when the file was made. */
function compared(found: Intact, { number, hash }: Head): Verdict {
  if ((number ?? found.last) === found.last && hash === found.hash) return found
  const named = number === undefined ? hash : `record ${number} with ${hash}`
  return broken(
    found,
    number ?? found.last,
    `the file ends in record ${found.last} with ${found.hash}, not in ${named}`,
  )
}

/** With the chain of the broker, which may have grown since the file was made. */
async function comparedWith(client: OperatorClient, found: Intact): Promise<Verdict> {
  const { last } = found
  const head = await client.auditHead()
  if (head.number < last) return broken(found, head.number + 1, `the chain of the broker ends in record ${head.number}`)
  const own = head.number === last ? head : await recordOf(client, last)
  if (own !== undefined && own.hash !== found.hash)
    return broken(found, last, `record ${last} of the broker is ${own.hash}, that of the file ${found.hash}`)
  return head.number === last ? found : { ...found, newer: head.number - last }
}

/** Undefined for record 0, before the first one. */
async function recordOf(client: OperatorClient, number: number): Promise<AuditView | undefined> {
  if (number === 0) return undefined
  const after = number === 1 ? {} : { after: String(number - 1) }
  const { data } = await client.audit({ order: 'ASC', limit: 1, ...after })
  const [record] = data
  if (record?.number === number) return record
  throw new ServerFailed('UNEXPECTED_ANSWER', `the broker does not show its record ${number}`)
}

function broken({ last }: Intact, record: number, message: string): Verdict {
  return { intact: false, problem: 'other-head', record, line: last + 1, message }
}

const columns = [
  { head: 'number', rank: 2, of: ({ number }: AuditView) => number },
  { head: 'time', of: ({ at }: AuditView) => timeOf(at) },
  { head: 'who', of: ({ actor }: AuditView) => actor },
  { head: 'what', of: ({ action }: AuditView) => action },
  { head: 'to', rank: 1, of: ({ subject }: AuditView) => subject },
  { head: 'details', rank: 3, of: detailsOf },
]

function headOf(text: string): Head {
  const [, number, hash] = /^(?:(\d{1,16}):)?([0-9a-f]{64})$/.exec(text) ?? []
  if (hash === undefined || (number !== undefined && !Number.isSafeInteger(Number(number))))
    throw new RangeError('Expected HASH or NUMBER:HASH, as drover audit verify shows it: 64 lower-case hex digits.')
  return { hash, ...(number === undefined ? {} : { number: Number(number) }) }
}
