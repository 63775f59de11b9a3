// The file system as a Disk: what each way of opening does, errors as the system gives them, and sizes of what has none.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'

t.test('read must exist; update keeps; create empties; a mode counts whatever was there', async t => {
  const folder = t.testdir({ old: 'old content' })
  const path = join(folder, 'old')
  await t.rejects(systemDisk.open(join(folder, 'none'), 'read'), { code: 'ENOENT', syscall: 'open' })
  const kept = await systemDisk.open(path, 'update', 0o640)
  t.equal(Buffer.from(await kept.read(0, 100)).toString(), 'old content')
  t.equal((await kept.read(500, 10)).length, 0)
  await kept.write(4, Buffer.from('CONTENT'))
  await kept.write(20, Buffer.from('past the end'))
  t.equal(await kept.size(), 32)
  await kept.truncate(11)
  await kept.sync()
  await kept.close()
  t.equal(readFileSync(path, 'utf8'), 'old CONTENT')
  t.equal(statSync(path).mode & 0o777, 0o640)
  const emptied = await systemDisk.open(path, 'create', 0o600)
  await emptied.write(0, Buffer.from('new'))
  t.equal(Buffer.from(await emptied.read(0, 10)).toString(), 'new', 'what is written can be read')
  await emptied.close()
  t.equal(statSync(path).mode & 0o777, 0o600)
  const made = await systemDisk.open(join(folder, 'made'), 'update')
  await made.close()
  t.equal(statSync(join(folder, 'made')).size, 0)
  const reader = await systemDisk.open(path, 'read')
  await t.rejects(reader.write(0, Buffer.from('x')), { code: 'EBADF' })
  await reader.close()
})

t.test('folders, names and sizes', async t => {
  const folder = t.testdir({ one: '1', inner: { two: '22' } })
  await systemDisk.makeFolder(join(folder, 'x/y/z'))
  await systemDisk.makeFolder(join(folder, 'x/y/z'))
  const names = (await systemDisk.list(folder)).map(({ name, isFolder }) => `${name}${isFolder ? '/' : ''}`)
  t.same(names.sort(), ['inner/', 'one', 'x/'])
  t.equal(await systemDisk.sizeOf(join(folder, 'inner/two')), 2)
  t.equal(await systemDisk.sizeOf(join(folder, 'none')), undefined)
  await systemDisk.rename(join(folder, 'one'), join(folder, 'inner/two'))
  t.equal(await systemDisk.sizeOf(join(folder, 'inner/two')), 1)
  await systemDisk.remove(join(folder, 'inner/two'))
  await systemDisk.remove(join(folder, 'inner/two'))
  await systemDisk.remove(join(folder, 'inner'))
  await t.rejects(systemDisk.remove(join(folder, 'x')), { code: 'ENOTEMPTY' })
  t.same(
    (await systemDisk.list(folder)).map(({ name }) => name),
    ['x'],
  )
  await systemDisk.syncFolder(folder)
  t.ok((await systemDisk.freeBytes(folder)) > 0)
  await t.rejects(systemDisk.syncFolder(join(folder, 'none')), { code: 'ENOENT' })
  await t.rejects(systemDisk.list(join(folder, 'none')), { code: 'ENOENT' })
})

t.test('a disk that is full, and a folder where a file is expected, keep the name the system gives them', async t => {
  const folder = t.testdir({})
  symlinkSync('/dev/full', join(folder, 'full'))
  const full = await systemDisk.open(join(folder, 'full'), 'update')
  await t.rejects(full.write(0, Buffer.from('x')), { code: 'ENOSPC', syscall: 'write' })
  await full.close()
  mkdirSync(join(folder, 'inner'))
  await t.rejects(systemDisk.open(join(folder, 'inner'), 'update'), { code: 'EISDIR' })
})

t.test('a file longer than one read comes whole', async t => {
  const folder = t.testdir({})
  const bytes = Buffer.alloc(3_000_000, 'abcdefg')
  writeFileSync(join(folder, 'long'), bytes)
  const file = await systemDisk.open(join(folder, 'long'), 'read')
  t.ok(Buffer.from(await file.read(0, 3_000_000)).equals(bytes))
  t.equal((await file.read(2_999_990, 100)).length, 10)
  await file.close()
})

t.test('a block device tells its size, which stat does not', async t => {
  const folder = t.testdir({})
  const bytes = 1_048_576 + 3 * 512
  writeFileSync(join(folder, 'backing'), Buffer.alloc(bytes, 7))
  let device: string
  try {
    device = execFileSync('losetup', ['--find', '--show', join(folder, 'backing')], { stdio: 'pipe' })
      .toString()
      .trim()
  } catch {
    t.pass('NOT PROVED HERE: a block device needs the right to set up a loop', { skip: true })
    return
  }
  t.teardown(() => {
    execFileSync('losetup', ['--detach', device])
  })
  t.equal(statSync(device).size, 0)
  t.equal(await systemDisk.sizeOf(device), bytes)
  const file = await systemDisk.open(device, 'update')
  t.equal(await file.size(), bytes)
  await file.write(bytes - 3, Buffer.from('end'))
  t.equal(Buffer.from(await file.read(bytes - 3, 10)).toString(), 'end')
  await t.rejects(file.write(bytes - 1, Buffer.from('past')), { code: 'ENOSPC' })
  await file.sync()
  await file.close()
})
