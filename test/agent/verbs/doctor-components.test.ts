// What the doctor says of components that are no slots of boot: a file that others may change, and a package.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PackageRecordFile } from '../../../agent/adapters/package/package-record.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import { parseConfig } from '../../../agent/settings/config.ts'
import { componentFolder, writeSlotRecord } from '../../../agent/storage/slot-folder.ts'
import { firstRecord } from '../../../agent/storage/slot-record.ts'
import { checkComponents } from '../../../agent/verbs/doctor-components.ts'
import { sha256Hex } from '../fakes/release.ts'

const image = { version: '2.0.0', digest: 'ab'.repeat(32), sizeBytes: 3, parts: [] }
const steady = { active: 'a', phase: 'steady', startsLeft: 3, slots: { a: image, b: null }, fallback: null } as const

t.test('a package is told by its own record, a file by what it holds', async t => {
  const folder = t.testdir({
    'words.txt': 'hi\n',
    data: { components: { words: {}, kit: {} } },
  })
  const dataDir = join(folder, 'data')
  const config = parseConfig(
    JSON.stringify({
      ...{ deviceId: 'hall', url: 'mqtt://127.0.0.1', dataDir, trustFile: 'trust', password: 'x' },
      ...{ vendorId: '00'.repeat(16), classId: '11'.repeat(16) },
      components: [
        { name: 'words', version: '1.0.0', installer: 'file', file: join(folder, 'words.txt') },
        { name: 'kit', version: '1.0.0', installer: 'package', members: ['words'] },
      ],
    }),
    folder,
  )
  const told = async () =>
    (await checkComponents({ config } as Parameters<typeof checkComponents>[0])).map(
      ({ level, text }) => `${level} ${text}`,
    )
  t.same(await told(), ['ok words: 1.0.0, before the first start', 'ok kit: 1.0.0, before the first start'])

  const content = { version: '1.0.0', digest: sha256Hex(Buffer.from('hi\n')), size: 3 }
  await writeSlotRecord(systemDisk, componentFolder(dataDir, 'words'), firstRecord(content))
  const kit = componentFolder(dataDir, 'kit')
  const record = new PackageRecordFile(systemDisk, kit)
  await record.write(steady)
  t.same(await told(), ['ok words: 1.0.0 in slot a (file), as its record says', 'ok kit: 2.0.0 (package)'])

  writeFileSync(join(folder, 'words.txt'), 'hello\n')
  await record.write({ ...steady, phase: 'committing', fallback: { slot: 'b', reason: 'words:exit-1' } })
  t.match(await told(), [
    /^warn words: .*words\.txt has another content than its record says/,
    /^ok kit: 2\.0\.0/,
    /^warn kit: its images are being installed \(committing\)/,
    /^warn kit: the last update fell back: words:exit-1/,
  ])

  writeFileSync(join(kit, 'record.json'), '{"format": 1}')
  t.match((await told()).at(-1), /^fail kit: record of a package .*the checksum does not fit/)
})
