// Makes the vector files beside this one, the same bytes every time: run by hand after `npm run build`, in the root of
// the repository: `node dist/test/vectors/make.js`. vectors.test.ts fails while a committed file is another.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, cwd, stdout } from 'node:process'
import { pathToFileURL } from 'node:url'
import { chunkIndexes, chunks, cuts, judgeChunkCase, judgeChunkIndexCase, judgeCuts } from './chunk-cases.ts'
import { judgeCommand, signedCommands } from './command-cases.ts'
import { judgeTrust } from './judge.ts'
import { judgeMessageCase, messageFiles } from './message-cases.ts'
import { judgedOffers, judgeOffer } from './offer-cases.ts'
import { judgePackage, judgePatch, packages, patches } from './payload-cases.ts'
import { judgeSignature, signatures } from './signature-cases.ts'
import { judgeSigned, signedManifests } from './signed-cases.ts'
import { keys } from './test-keys.ts'
import { trustDocuments } from './trust-cases.ts'
import { fleetTimes, judgeSuccessor, judgeTime, trustSuccessors } from './trust-chain-cases.ts'
import { base64, bytesOf, fileText, type Json, type VectorCase, type VectorFile } from './vector-file.ts'

/** Every file by name, without its ending. */
export function vectorFiles(): Map<string, VectorFile> {
  return new Map([
    ['keys', testKeys()],
    ['signatures', signatures()],
    ['signed-manifests', signedManifests()],
    ['signed-commands', signedCommands()],
    ['judged-offers', judgedOffers()],
    ['trust-documents', trustDocuments()],
    ['trust-successors', trustSuccessors()],
    ['fleet-times', fleetTimes()],
    ['chunk-indexes', chunkIndexes()],
    ['chunks', chunks()],
    ['cuts', cuts()],
    ['patches', patches()],
    ['packages', packages()],
    ...messageFiles(),
  ])
}

/** What the code says of one case, in the form of its `expect`; undefined for a kind that is data only. */
export function judge(file: VectorFile, vector: VectorCase): Json | undefined {
  const judges: Readonly<Record<string, () => Json>> = {
    signature: () => judgeSignature(vector),
    'signed-manifest': () => judgeSigned(vector),
    'signed-command': () => judgeCommand(file, vector),
    offer: () => judgeOffer(file, vector),
    'trust-document': () => judgeTrust(bytesOf(vector), Number(vector.now)),
    'trust-successor': () => judgeSuccessor(file, vector),
    'fleet-time': () => judgeTime(file, vector),
    'chunk-index': () => judgeChunkIndexCase(vector),
    chunk: () => judgeChunkCase(vector),
    cuts: () => judgeCuts(vector),
    patch: () => judgePatch(vector),
    package: () => judgePackage(vector),
    message: () => judgeMessageCase(String(file.message), vector),
  }
  return judges[file.kind]?.()
}

function testKeys(): VectorFile {
  return {
    kind: 'keys',
    about: 'The keys of all vectors. They are public: nothing outside a test may ever trust them.',
    cases: Object.values(keys).map(({ name, privateKey, trusted }) => ({
      name,
      about: 'Private key in PKCS #8, public key in SubjectPublicKeyInfo, both DER in base64; id by RFC 7638.',
      algorithm: trusted.algorithm,
      keyId: trusted.keyId,
      publicKey: base64(trusted.publicKey.export({ format: 'der', type: 'spki' })),
      privateKey: base64(privateKey.export({ format: 'der', type: 'pkcs8' })),
    })),
  }
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const folder = join(cwd(), 'test', 'vectors')
  mkdirSync(folder, { recursive: true })
  for (const [name, file] of vectorFiles()) {
    writeFileSync(join(folder, `${name}.json`), fileText(file))
    stdout.write(`${name}.json: ${file.cases.length} cases\n`)
  }
}
