// drover artifact: from images to a signed bundle, and from the bundle to the broker.
import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { BundleError, bundleHeaderLength, bundlePrefixBytes, readBundleHead } from '../../proto/bundle.ts'
import { deviceId } from '../../proto/ids.ts'
import { vendorDataBytesMax } from '../../proto/limits.ts'
import { createArtifact, type PayloadWishes } from '../artifact.ts'
import { badFlag } from '../errors.ts'
import { readSmallFile, reasonOf } from '../files.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { type Bar, startBar } from './progress.ts'
import { showRelease } from './releases.ts'
import { addSigningFlags, type SigningOptions, someSigners } from './signing-flags.ts'
import { duration, identity, parsedBy, whole } from './values.ts'

const dayMs = 86_400_000
const counterMax = Number.MAX_SAFE_INTEGER

interface CreateOptions extends SigningOptions {
  readonly image?: string
  readonly deltaFrom?: string
  readonly package?: string
  readonly component: string
  readonly version: string
  readonly vendorId?: string
  readonly classId?: string
  readonly device?: string
  readonly priority: number
  readonly releaseCounter?: number
  readonly expires: number
  readonly vendorData?: string
  readonly reboot: boolean
  readonly out: string
}

export function addArtifactCommands(program: Command, finish: Finish): void {
  const artifact = program
    .command('artifact')
    .alias('artifacts')
    .description('images, cut, hashed, compressed and signed into bundles')
  const create = artifact
    .command('create')
    .description('make a bundle from an image; needs the release key and no broker')
    .option('--image <file>', 'the bytes to install, 1 byte to 4 GiB')
    .option('--delta-from <file>', 'send only what is new in --image for devices that have this one')
    .option('--package <file>', 'in place of --image: JSON that lists images for several components')
    .requiredOption('--component <name>', 'part of the device they are for')
    .requiredOption('--version <version>', 'three numbers up to 999: 1.2.3')
    .option('--vendor-id <hex>', '16 bytes, 32 hex digits or a UUID (env DROVER_VENDOR_ID)', identity)
    .option('--class-id <hex>', '16 bytes, 32 hex digits or a UUID (env DROVER_CLASS_ID)', identity)
    .option('--device <id>', 'only for this device', parsedBy(deviceId))
    .option('--priority <n>', 'handed to the device, which may decide by it (default 0)', whole(0, 2 ** 32 - 1), 0)
    .option(
      '--release-counter <n>',
      'a device refuses a lower one than it has (default: 1.2.3 gives 1002003)',
      whole(0, counterMax),
    )
    .option(
      '--expires <time>',
      'how long devices accept it (default 365d)',
      duration(1_000, 36_500 * dayMs),
      365 * dayMs,
    )
    .option('--vendor-data <file>', `up to ${vendorDataBytesMax} bytes handed to the device`)
    .option('--no-reboot', 'the device need not restart to run it')
  addSigningFlags(create, 'release key; several for a threshold (default release.pem in DROVER_KEYS)').requiredOption(
    '--out <file>',
    'the bundle; replaced when it is there',
  )
  finish(create, { run: (context, call) => runCreate(context, call.options as unknown as CreateOptions) })

  const upload = artifact
    .command('upload')
    .argument('<bundle>', 'file made by artifact create')
    .description('bring a bundle to the broker, which checks every byte')
  finish(upload, { run: (context, call) => runUpload(context, call.args[0] ?? ''), flags: { body: '<bundle>' } })
}

async function runCreate(context: CliContext, options: CreateOptions): Promise<void> {
  const { out, component, version, device, priority, releaseCounter } = options
  const payload = payloadOf(options)
  const vendorId = await context.identity('--vendor-id', options.vendorId)
  const classId = await context.identity('--class-id', options.classId)
  let bar: Bar | undefined
  const named = await context.withReleaseKey(options)
  const expected = 'expected the release key, or --signer; drover init makes one'
  const signers = await someSigners(context, named, expected, () => bar?.pause())
  const vendorData =
    options.vendorData === undefined
      ? new Uint8Array(0)
      : await readSmallFile(options.vendorData, '--vendor-data', vendorDataBytesMax)
  const now = context.world.clock.now()
  bar = startBar(context, 'creating', 100)
  try {
    const made = await createArtifact({
      ...payload,
      out,
      component,
      version,
      vendorId,
      classId,
      ...(device === undefined ? {} : { deviceId: device }),
      priority,
      ...(releaseCounter === undefined ? {} : { releaseCounter }),
      expiresAt: now + options.expires,
      vendorData,
      needsReboot: options.reboot,
      signers,
      now,
      onProgress: share => bar?.update(Math.floor(share * 100)),
    })
    bar.stop()
    const expiresAt = new Date(made.manifest.expiresAt).toISOString()
    const { release, artifact, chunkCount, imageBytes, payloadBytes, bundleBytes, path } = made
    const { chunkIndexSha256, format, precursorSha256 } = made.manifest
    const chunks = `${chunkCount} ${chunkCount === 1 ? 'chunk' : 'chunks'}`
    context.out.item(
      {
        object: 'artifact',
        path,
        release,
        artifact,
        component,
        version,
        format,
        ...(precursorSha256 === undefined ? {} : { precursorSha256 }),
        releaseCounter: made.manifest.releaseCounter,
        expiresAt,
        chunkCount,
        chunkIndexSha256,
        imageBytes,
        payloadBytes,
        bundleBytes,
      },
      [
        ['bundle', path],
        ['release', release],
        ['artifact', artifact],
        ['release counter', made.manifest.releaseCounter],
        ['expires', timeOf(expiresAt)],
        ...(precursorSha256 === undefined
          ? ([['image', `${imageBytes} bytes in ${chunks}`]] as const)
          : ([
              ['image', `${imageBytes} bytes`],
              ['patch', `${payloadBytes} bytes in ${chunks}, for devices with ${precursorSha256.slice(0, 16)}`],
            ] as const)),
        ['bundle size', `${bundleBytes} bytes`],
      ],
    )
    if (!context.out.json) context.out.hint(`Next: drover artifact upload ${inShell(path)}`)
  } finally {
    bar.stop()
  }
}

/** A path as a shell takes it. */
function inShell(path: string): string {
  return /^[\w./@+:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** Throws BadInput unless the flags say one thing. */
function payloadOf({ image, deltaFrom, package: description }: CreateOptions): PayloadWishes {
  if (description !== undefined) {
    if (image !== undefined) throw badFlag('--package', 'give either --image or --package')
    if (deltaFrom !== undefined) throw badFlag('--delta-from', 'goes with --image; a package is sent whole')
    return { package: description }
  }
  if (image === undefined) throw badFlag('--image', 'expected the file to install, or --package')
  return deltaFrom === undefined ? { image } : { image, deltaFrom }
}

async function runUpload(context: CliContext, path: string): Promise<void> {
  const client = await context.client()
  const bytes = await bundleBytesOf(path)
  const bar = startBar(context, 'uploading', bytes)
  try {
    const release = await client.uploadBundle(path, sent => bar.update(sent))
    bar.stop()
    showRelease(context, release)
    if (!context.out.json)
      context.out.hint(`Next: drover operation start --release ${release.id} --all --dry-run tells whom it would reach`)
  } finally {
    bar.stop()
  }
}

/** Length of the file, which has been seen to be a whole bundle: better told here than after an hour of sending. */
async function bundleBytesOf(path: string): Promise<number> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const prefix = Buffer.alloc(bundlePrefixBytes)
      const { bytesRead } = await file.read(prefix, 0, prefix.length, 0)
      const header = Buffer.alloc(bundleHeaderLength(prefix.subarray(0, bytesRead)))
      await file.read(header, 0, header.length, bundlePrefixBytes)
      const { bundleBytes } = readBundleHead(header)
      if (bundleBytes !== size)
        throw new BundleError(`the bundle should have ${bundleBytes} bytes, the file has ${size}`)
      return size
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof BundleError) throw badFlag('<bundle>', `${path}: ${cause.message}`, cause)
    throw badFlag('<bundle>', `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
}
