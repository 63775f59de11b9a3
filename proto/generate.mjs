// Makes proto/generated/ from proto/drover.proto: the static codec with its types, and the table of fields that the
// strict wire check in codec.ts walks. `node proto/generate.mjs --check` writes nothing and fails when a file is stale.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const protoDir = dirname(fileURLToPath(import.meta.url))
const source = join(protoDir, 'drover.proto')
const pbjs = join(protoDir, '..', 'node_modules', '.bin', 'pbjs')
const scratch = mkdtempSync(join(tmpdir(), 'drover-proto-'))

/** Wire types of protobuf's scalar types; everything that is not here is an enum or a message. */
const scalarWireTypes = { uint32: 0, uint64: 0, bool: 0, string: 2, bytes: 2 }

function fieldTable(schema) {
  const types = schema.nested.drover.nested.v1.nested
  const lines = []
  for (const [messageName, type] of Object.entries(types)) {
    if (type.fields === undefined) continue
    const fields = Object.entries(type.fields).map(([name, field]) => {
      const message = types[field.type]?.fields === undefined ? undefined : field.type
      const wireType = scalarWireTypes[field.type] ?? (message === undefined ? 0 : 2)
      return [
        `    { number: ${field.id}, name: '${name}', wireType: ${wireType}, repeated: ${field.rule === 'repeated'}`,
        message === undefined ? ' }' : `, message: '${message}' }`,
      ].join('')
    })
    lines.push(`  ${messageName}: [\n${fields.join(',\n')},\n  ],`)
  }
  return [
    '// Made by proto/generate.mjs from drover.proto. Do not edit.',
    'export interface WireField {',
    '  readonly number: number',
    '  readonly name: string',
    '  readonly wireType: number',
    '  readonly repeated: boolean',
    '  readonly message?: string',
    '}',
    'export const wireFields: Readonly<Record<string, readonly WireField[]>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

const run = (...args) => execFileSync(pbjs, args, { stdio: ['ignore', 'ignore', 'inherit'] })
const staticArgs = ['-t', 'static-module', '-w', 'esm', '--es6', '--null-semantics', '--no-service']
try {
  run(
    ...staticArgs,
    '--no-verify',
    '--no-convert',
    '--no-delimited',
    '-l',
    ' c8 ignore start ',
    '-d',
    '-o',
    join(scratch, 'drover.js'),
    source,
  )
  run('-t', 'json', '-o', join(scratch, 'schema.json'), source)
  writeFileSync(join(scratch, 'fields.ts'), fieldTable(JSON.parse(readFileSync(join(scratch, 'schema.json'), 'utf8'))))
  const stale = []
  for (const name of ['drover.js', 'drover.d.ts', 'fields.ts']) {
    const made = readFileSync(join(scratch, name), 'utf8')
    const target = join(protoDir, 'generated', name)
    if (!process.argv.includes('--check')) writeFileSync(target, made)
    else if (readOrEmpty(target) !== made) stale.push(`proto/generated/${name}`)
  }
  if (stale.length > 0) {
    console.error(`not up to date with drover.proto: ${stale.join(', ')} (run: npm run proto)`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true })
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
