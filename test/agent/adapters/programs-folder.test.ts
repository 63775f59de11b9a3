// Named commands as real processes: which files count, what a program gets, and how it ends.
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ProgramsFolder } from '../../../agent/adapters/programs-folder.ts'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { askForReboot, systemBootId } from '../../../agent/adapters/system-reboot.ts'

const never = new AbortController().signal
function folderOf(
  t: Test,
  scripts: Readonly<Record<string, string>>,
  timeoutMs = 10_000,
): { programs: ProgramsFolder; folder: string } {
  const folder = t.testdir({})
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return { programs: new ProgramsFolder(systemClock, { folder, timeoutMs, environment: process.env }), folder }
}
const run = (programs: ProgramsFolder, name: string, input = '', environment = {}) =>
  programs.run(name, Buffer.from(input), environment, never)

t.test('a command is an executable file directly in the folder, and nothing else is', async t => {
  const { programs, folder } = folderOf(t, { measure: 'true', 'a.b-c_1': 'true', '.hidden': 'true' })
  writeFileSync(join(folder, 'readme'), 'not executable')
  mkdirSync(join(folder, 'folder'))
  writeFileSync(join(folder, 'folder', 'inner'), '#!/bin/sh\n')
  chmodSync(join(folder, 'folder', 'inner'), 0o755)
  symlinkSync('measure', join(folder, 'link'))
  symlinkSync('nowhere', join(folder, 'broken'))
  for (const [name, there] of [
    ['measure', true],
    ['a.b-c_1', true],
    ['link', true],
    ['readme', false],
    ['folder', false],
    ['folder/inner', false],
    ['broken', false],
    ['absent', false],
    ['.hidden', false],
    ['..', false],
    ['', false],
    ['../../bin/sh', false],
    ['/bin/sh', false],
    ['-x', false],
  ] as const)
    t.equal(await programs.has(name), there, name)
  t.match(await run(programs, '../measure'), { exitCode: undefined, problem: 'unknown-command' })
})

t.test('it gets its arguments on standard input and says what came of it', async t => {
  const { programs } = folderOf(t, {
    echo: 'cat; echo " $DROVER_OPERATION" "$#" >&2',
    deaf: 'exec <&-; exit 0',
    sour: 'echo no; exit 7',
    shot: 'kill -9 $$',
  })
  const { output, ...end } = await run(programs, 'echo', '{"a":1}', { DROVER_OPERATION: 'o1' })
  t.strictSame(end, { exitCode: 0, problem: undefined, outputCut: false })
  t.equal(Buffer.from(output).toString(), '{"a":1} o1 0\n')
  t.match(await run(programs, 'deaf', 'x'.repeat(200_000)), { exitCode: 0 }, 'whether it reads is its own affair')
  t.match(await run(programs, 'sour'), { exitCode: 7, problem: 'exit-7', output: Buffer.from('no\n') })
  t.match(await run(programs, 'shot'), { exitCode: undefined, problem: 'signal-SIGKILL' })
})

t.test('output without end is read and forgotten, and its beginning kept', async t => {
  const { programs } = folderOf(t, { flood: 'head -c 3000000 /dev/zero | tr "\\0" x; exit 4' })
  const { output, outputCut, exitCode } = await run(programs, 'flood')
  t.strictSame([output.length, outputCut, exitCode], [4096, true, 4])
})

t.test('past its time it is killed with all it started; one that leaves a child behind does not hold us', async t => {
  const folder = t.testdir({})
  const late = join(folder, 'late')
  const { programs } = folderOf(
    t,
    { slow: `(sleep 0.6; touch ${late}) & sleep 60`, parent: 'setsid sleep 3 & exit 0' },
    300,
  )
  t.match(await run(programs, 'slow'), { exitCode: undefined, problem: 'timeout' })
  const begun = Date.now()
  t.match(await run(programs, 'parent'), { exitCode: 0 })
  t.ok(Date.now() - begun < 2500, 'before the child that went its own way has ended')
  await new Promise(resolve => setTimeout(resolve, 700))
  t.notOk(existsSync(late))
})

t.test('when the agent ends, so does the program', async t => {
  const { programs } = folderOf(t, { slow: 'sleep 60' })
  const stop = new AbortController()
  const ended = programs.run('slow', Buffer.alloc(0), {}, stop.signal)
  setTimeout(() => stop.abort(), 50)
  t.match(await ended, { exitCode: undefined, problem: 'killed' })
  t.match(await programs.run('slow', Buffer.alloc(0), {}, stop.signal), { problem: 'killed' }, 'aborted before')
})

t.test('a reboot command that fails is told with one word; one that works says nothing', async t => {
  t.equal(await askForReboot(['/bin/true'], process.env, systemClock), undefined)
  t.equal(await askForReboot(['/bin/sh', '-c', 'exit 9'], process.env, systemClock), 'reboot-exit-9')
  t.equal(await askForReboot(['/does/not/exist'], process.env, systemClock), 'reboot-not-started-ENOENT')
})

t.test('the name of this boot comes from the kernel, or there is none', async t => {
  const folder = t.testdir({ good: '0f0e0d0c-0b0a-0908-0706-050403020100\n', bad: 'nonsense' })
  t.equal(await systemBootId(join(folder, 'good')), '0f0e0d0c0b0a09080706050403020100')
  t.equal(await systemBootId(join(folder, 'bad')), undefined)
  t.equal(await systemBootId(join(folder, 'absent')), undefined)
  t.equal(await systemBootId(), await systemBootId(), 'the same as long as the machine runs')
})
