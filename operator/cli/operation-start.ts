// drover operation start: one thing to do, to these devices, under this policy. With --dry-run the broker only says whom
// it would touch.
import type { Command } from 'commander'
import type { OperationRequest, OperationView } from '../../proto/http-api.ts'
import { badFlag, ServerFailed } from '../errors.ts'
import type { Call, Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { showOperation, showPlan } from './operation-view.ts'
import { addWorkFlags, type WorkOptions, workFlagNames, workOf } from './operation-work.ts'
import { addPolicyFlags, type PolicyOptions, policyFlagNames, policyOf } from './policy-flags.ts'
import { uploadedHint } from './releases.ts'
import { type Aim, addTargetFlags, aimOf, type TargetOptions, targetFlagNames } from './target-flags.ts'
import { parsedBy } from './values.ts'
import { watchOperation } from './watch.ts'

interface StartOptions extends WorkOptions, TargetOptions, PolicyOptions {
  readonly name?: string
  readonly dryRun?: boolean
  readonly requestId?: string
  readonly wait?: boolean
}

/** The request of an import travels in the address. */
const importRequestBytesMax = 16 * 1024
const signHint = 'a command is signed by people: --key release.pem, or --signer'

export function addOperationStart(operation: Command, finish: Finish): void {
  const create = operation
    .command('start')
    .alias('create')
    .description('start an operation: an update to a release, or another type of work')
    .option('--name <text>', 'what people see in lists')
  addPolicyFlags(addTargetFlags(addWorkFlags(create)))
    .optionsGroup('The command itself:')
    .option('--dry-run', 'show whom it would touch and why not the others; make nothing')
    .option(
      '--request-id <id>',
      'the same id again answers as the first time: makes a repetition safe',
      parsedBy(requestIdOf),
    )
    .option('--wait', 'watch it until it has ended; exit code 1 when it ended with errors')
  finish(create, {
    flags: options => ({ name: '--name', ...workFlagNames(options), ...targetFlagNames, ...policyFlagNames(options) }),
    hints: { release: uploadedHint, signed: signHint },
    run: (context, call) => start(context, call.options as unknown as StartOptions & Call['options']),
  })
}

async function start(context: CliContext, options: StartOptions): Promise<number | undefined> {
  const { name, dryRun, wait } = options
  const { clock } = context.world
  const aim = await aimOf(options)
  const policy = await policyOf(options, clock.now())
  // Last: somebody may have to find a token for it.
  const work = await workOf(context, options)
  const request = { ...work, ...(name === undefined ? {} : { name }), policy }
  if (dryRun === true) {
    if (aim.kind === 'csv')
      throw badFlag('--dry-run', 'cannot stand beside --from-csv; take --devices-file for up to 10000')
    const client = await context.client()
    showPlan(context, await client.planOperation({ ...request, targets: aim.targets }))
    return undefined
  }
  const operation = await made(context, request, aim, options)
  if (wait !== true) {
    showOperation(context, operation)
    context.out.line(`Its devices are counted now. Follow it: drover operation watch ${operation.id}`, 'quiet')
    return undefined
  }
  context.out.line(`Operation ${operation.id} has begun.`)
  return watchOperation(context, await context.client(), operation.id)
}

async function made(
  context: CliContext,
  request: Omit<OperationRequest, 'targets'>,
  aim: Aim,
  { requestId: given }: StartOptions,
): Promise<OperationView> {
  const { random } = context.world
  const requestId = given ?? Buffer.from(random.bytes(16)).toString('hex')
  const client = await context.client()
  try {
    if (aim.kind === 'targets') return await client.createOperation({ ...request, targets: aim.targets }, requestId)
    const bytes = Buffer.byteLength(JSON.stringify(request))
    if (bytes > importRequestBytesMax)
      throw badFlag('--from-csv', `leaves ${importRequestBytesMax} bytes to the request beside it, which has ${bytes}`)
    return await client.importOperation(request, aim.path, requestId)
  } catch (error) {
    if (error instanceof ServerFailed && !context.out.json && request.signed === undefined)
      context.out.hint(
        `It may have begun all the same. With --request-id ${requestId} this command begins it once only.`,
      )
    throw error
  }
}

function requestIdOf(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(text))
    throw new RangeError('Expected 1 to 64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit.')
  return text
}
