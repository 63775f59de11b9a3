// Programs of the device that cannot even be started: told as any other end, and the agent lives on.
import { spawnSync } from 'node:child_process'
import { execPath } from 'node:process'
import t from 'tap'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { runProgram } from '../../agent/program.ts'

const start = { program: '/bin/true', arguments: [], environment: {}, timeoutMs: 10_000, outputBytesMax: 100 }

t.test('what the system refuses before there is a process is the end of the program', async t => {
  const refused = await runProgram({ ...start, environment: { TOLD: 'a\0b' } }, systemClock)
  t.match(refused, { exitCode: undefined, problem: 'not-started-ERR_INVALID_ARG_VALUE' })
  t.equal(refused.output.length, 0)
})

t.test('without a file descriptor left a program is not started, and nothing else happens', async t => {
  const urlOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    import { openSync, closeSync } from 'node:fs'
    const { runProgram } = await import(${urlOf('../../agent/program.js')})
    const { systemClock } = await import(${urlOf('../../agent/adapters/system-clock.js')})
    const start = ${JSON.stringify(start)}
    await runProgram(start, systemClock)
    const held = []
    try { for (;;) held.push(openSync('/dev/null')) } catch {}
    const { problem } = await runProgram(start, systemClock)
    for (const each of held) closeSync(each)
    console.log(problem, (await runProgram(start, systemClock)).problem)`
  const words = ['-c', 'ulimit -n 100; exec "$@"', 'sh', execPath, '--input-type=module', '-e', script]
  t.match(spawnSync('/bin/sh', words, { encoding: 'utf8' }), { status: 0, stdout: 'not-started-EMFILE undefined\n' })
})
