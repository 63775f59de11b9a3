// The first own use as README.md tells it: its lines are taken from there and typed into one shell, as a newcomer would. What
// needs another program or another machine is left out by name: npm, which has been run to get here, and mosquitto.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const built = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync('README.md', 'utf8')
/** 10 and 11 are further ways to start and stop, the latter with mosquitto; commands.test.ts and operator-mqtt.test.ts go them. */
const steps = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '12']

/** The lines of each numbered step of a section. */
function stepsOf(section: string): ReadonlyMap<string, string> {
  const [, text = ''] = readme.split(`\n## ${section}\n`)
  const [body = ''] = text.split('\n## ')
  const parts = body.split(/\n\*\*(\d+)\. /)
  const found = new Map<string, string>()
  for (let index = 1; index < parts.length; index += 2) {
    const blocks = [...(parts[index + 1] ?? '').matchAll(/\n```(?:ba)?sh\n([\s\S]*?)```/g)]
    found.set(parts[index] ?? '', blocks.map(([, lines]) => lines).join(''))
  }
  return found
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('a port was asked for')
  return address.port
}

t.test(
  'a newcomer comes from nothing to an updated device by the lines of the README',
  { timeout: 170_000 },
  async t => {
    const folder = t.testdir({ home: {}, clone: {} })
    const home = join(folder, 'home')
    await symlink(built, join(folder, 'clone', 'dist'))
    const [mqttPort, httpPort] = await Promise.all([freePort(), freePort()])
    const found = stepsOf('First own use')
    t.strictSame(
      [...found.keys()],
      ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'],
      'as this story knows them',
    )
    const typed = steps.map(step => {
      const lines = found.get(step) ?? ''
      t.not(lines, '', `step ${step} has something to type`)
      return `echo "=== step ${step}"\n${lines}`
    })
    const script = typed.join('\n').replace('npm ci && npm run build\n', '')
    t.not(script.length, typed.join('\n').length, 'npm was where it is left out')
    // What the README says to do when the ports are taken.
    const ported = script
      .replaceAll('broker/main.js" --data-dir broker', `$& --mqtt-port ${mqttPort} --http-port ${httpPort}`)
      .replaceAll('mqtt://127.0.0.1:1883', `mqtt://127.0.0.1:${mqttPort}`)
      .replaceAll('drover init ', `drover init --url http://127.0.0.1:${httpPort} `)
    const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter)
    const shell = spawn('bash', ['--norc', '--noprofile', '-e', '-o', 'pipefail', '-c', ported], {
      cwd: join(folder, 'clone'),
      env: { PATH: path, HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that nothing of it outlives this test.
      detached: true,
    })
    t.teardown(() => {
      try {
        process.kill(-(shell.pid ?? Number.NaN), 'SIGKILL')
      } catch {
        // All of it has ended by itself.
      }
    })
    let said = ''
    const add = (bytes: unknown): void => {
      said += String(bytes)
    }
    shell.stdout.on('data', add)
    shell.stderr.on('data', add)
    const code = await new Promise(resolve => shell.once('close', resolve))
    t.equal(code, 0, said)
    const after = (step: string): string => said.split(`=== step ${step}\n`)[1]?.split('=== step')[0] ?? ''
    t.match(after('2'), /broker-ready/)
    t.match(after('3'), /takes the token, no devices yet\n[\s\S]*keys {2}made\n[\s\S]*No device has connected yet/)
    t.match(after('7'), /thermometer-1 .* yes .*firmware 1\.0\.0/)
    t.match(after('8'), /Completed: 1 updated, 0 errors, of 1 sensors\.\n/)
    t.match(after('8'), /SYS_112 +1 /)
    t.match(after('9'), /1 devices, 1 online|not counted yet/)
    t.match(after('9'), /thermometer-1,.*1\.0\.0.*2\.0\.0/, 'the result as CSV')
    t.match(after('9'), /thermometer 1\.0\.0 runs from slot a\n[\s\S]*thermometer 2\.0\.0 runs from slot b/)
    const kept = JSON.parse(await readFile(join(home, 'drover-first', 'drover.json'), 'utf8'))
    t.match(kept, { url: `http://127.0.0.1:${httpPort}`, keys: join(home, 'drover-first', 'keys') })
    t.notMatch(said, /mistake in drover itself|TypeError|not found/)
    await t.rejects(fetch(`http://127.0.0.1:${httpPort}/healthz`), 'the broker has ended')
  },
)
