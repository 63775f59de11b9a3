import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd } from 'node:process'
import t from 'tap'
import { judge, vectorFiles } from './make.ts'
import { fileText, type VectorFile } from './vector-file.ts'

const folder = join(cwd(), 'test', 'vectors')

t.test('the committed files are what the script makes, byte for byte', async t => {
  const made = vectorFiles()
  const committed = readdirSync(folder).filter(name => name.endsWith('.json'))
  t.same(committed.sort(), [...made.keys()].map(name => `${name}.json`).sort())
  for (const [name, file] of made)
    t.equal(readFileSync(join(folder, `${name}.json`), 'utf8') === fileText(file), true, `${name}.json is up to date`)
})

for (const name of vectorFiles().keys())
  t.test(`every case of ${name}.json is read as it says`, async t => {
    const file = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as VectorFile
    for (const vector of file.cases) {
      const verdict = judge(file, vector)
      if (verdict !== undefined) t.strictSame(verdict, vector.expect, `${vector.name}: ${vector.about}`)
      t.match(vector.about, /^\S.+\.$/s, `${vector.name} has a sentence`)
    }
  })

t.test('every code that can be judged without downloading has a vector', async t => {
  const text = [...vectorFiles().values()].map(file => fileText(file)).join('')
  for (const code of [21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 39, 41, 42, 43, 44, 46, 47, 48, 49])
    t.ok(text.includes(`"UPD4_FAIL_${code}"`), `${code}`)
  const signing = [
    'trust-expired',
    'expired',
    'unsigned',
    'unknown-key',
    'bad-signature',
    'threshold',
    'no-role',
    'device',
  ]
  for (const reason of [...signing, 'not-newer', 'replayed', 'component', 'prerequisite'])
    t.ok(text.includes(`"reason": "${reason}"`), reason)
})
