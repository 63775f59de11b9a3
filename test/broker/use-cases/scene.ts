// The scene of the use-case tests: a small world with one release, devices that have said hello, an operations key and one
// operation type of a plugin.
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import { OperationsKey } from '../../../broker/adapters/operations-key.ts'
import type { PrincipalRole } from '../../../broker/core/records.ts'
import type { Caller, UseCases } from '../../../broker/use-cases/use-cases.ts'
import { deviceId, principalName } from '../../../proto/ids.ts'
import { makeBundle } from '../../fixtures/bundle.ts'
import { helloOf, oldDigest, type ScriptedConnection, World } from '../orchestrator/world.ts'
import { useCasesOf } from './set-up.ts'

export const caller = (role: PrincipalRole, name: string = role, requestId?: string): Caller => ({
  name: principalName(name),
  role,
  tokenSha256: '00'.repeat(32),
  createdAt: 1,
  ...(requestId === undefined ? {} : { requestId }),
})
export const viewer = caller('viewer')
export const operator = caller('operator')
export const approver = caller('approver')
export const admin = caller('admin')

export interface Scene {
  readonly world: World
  readonly useCases: UseCases
  readonly connections: readonly ScriptedConnection[]
  readonly release: string
}

export async function scene(t: { testdir(): string }, devices: number): Promise<Scene> {
  const world = new World()
  await world.start()
  const directory = t.testdir()
  const key = join(directory, 'operations.pem')
  await writeFile(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const artifacts = await ArtifactFiles.open(join(directory, 'artifacts'))
  const useCases = useCasesOf(world, artifacts, await OperationsKey.open(key), [
    {
      name: 'self-test',
      title: 'Self Test',
      confirmation: 'report',
      signedBy: 'broker',
      arguments: async request => ({ value: (request.arguments ?? {}) as never }),
    },
  ])
  const { bytes, manifest } = await bundleOf('2.0.0')
  const { id } = await useCases.uploadBundle(admin, once(bytes))
  const connections = Array.from({ length: devices }, (_, index) => world.connect(deviceId(`sensor-${index + 1}`)))
  for (const connection of connections)
    await world.orchestrator.hello(
      connection,
      helloOf('1.0.0', oldDigest, { vendorId: manifest.vendorId, classId: manifest.classId }),
    )
  return { world, useCases, connections, release: id }
}
async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
async function bundleOf(version: string) {
  const made = await makeBundle({ image: Buffer.from(`image ${version}`), version, component: 'main' })
  return made
}
export async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of bytes) parts.push(part)
  return Buffer.concat(parts).toString()
}
export const all = { all: true } as const
export const update = (release: string) => ({ type: 'firmware-update', release, targets: all })
