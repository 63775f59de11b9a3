import { readFileSync } from 'node:fs'
import t from 'tap'
import { ConfigError, helpText, parseCommand } from '../../broker/config.ts'

const problemsOf = (args: readonly string[], environment: Record<string, string> = {}): string[] => {
  try {
    parseCommand(args, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

t.test('without arguments every setting has its standard, on loopback', async t => {
  t.match(parseCommand([], {}), {
    kind: 'run',
    config: { mqttHost: '127.0.0.1', mqttPort: 1883, httpPort: 8080, inProgressMax: 1000, readyFile: undefined },
  })
})

t.test('a flag wins over the environment, the environment over the standard', async t => {
  const environment = { DROVER_BROKER_MQTT_PORT: '1', DROVER_BROKER_HTTP_PORT: '2' }
  t.match(parseCommand(['--mqtt-port', '3'], environment), { config: { mqttPort: 3, httpPort: 2 } })
})

t.test('all problems are told at once, each naming its flag or variable and what was expected', async t => {
  const problems = problemsOf(['--mqtt-port', '70000', '--log-level', 'loud'], {
    DROVER_BROKER_IN_PROGRESS_MAX: 'many',
  })
  t.equal(problems.length, 3)
  t.match(problems[0], /^--mqtt-port: expected a whole number from 0 to 65535, or off, got "70000"/)
  t.match(problems[1], /^DROVER_BROKER_IN_PROGRESS_MAX: expected a whole number/)
  t.match(problems[2], /^--log-level: expected one of fatal, error/)
})

t.test('the console is served unless it is shut off', async t => {
  t.match(parseCommand([], {}), { config: { console: true } })
  t.match(parseCommand(['--console', 'off'], {}), { config: { console: false } })
  t.match(problemsOf(['--console', 'false']), [/^--console: expected on or off, got "false"/])
})

t.test('an address beyond loopback is refused unless plaintext is allowed', async t => {
  t.match(problemsOf(['--mqtt-host', '0.0.0.0'])[0], /--mqtt-host: 0\.0\.0\.0 is not loopback/)
  t.match(problemsOf(['--http-host', '127.0.0.1.evil'])[0], /--http-host/)
  t.same(problemsOf(['--mqtt-host', '0.0.0.0', '--allow-plaintext', 'true']), [])
})

t.test(
  'a listener with TLS may be anywhere; certificate and key belong together, and some listener there must be',
  async t => {
    const tls = ['--tls-cert', 'c', '--tls-key', 'k']
    t.match(parseCommand([...tls, '--http-host', '::', '--mqtts-host', '::', '--mqtt-port', 'off'], {}), {
      config: { mqttPort: undefined, mqttsPort: 8883, httpTls: true, tlsCert: 'c', tlsKey: 'k' },
    })
    t.match(problemsOf([...tls, '--http-host', '::', '--http-tls', 'false']), [/--http-host: :: is not loopback/])
    t.match(problemsOf([...tls, '--mqtt-host', '::']), [/--mqtt-host: :: is not loopback/], 'the plain one beside it')
    t.match(problemsOf(['--tls-cert', 'c']), ['--tls-cert: expected --tls-key beside it'])
    t.match(problemsOf(['--tls-key', 'k']), ['--tls-key: expected --tls-cert beside it'])
    t.match(problemsOf(['--mqtt-port', 'off']), [/--mqtt-port: off, and there is no listener with TLS/])
    t.match(problemsOf([...tls, '--mqtt-port', 'off', '--mqtts-port', 'off']), [/--mqtt-port: off, and there is no/])
    t.match(problemsOf(['--mqtts-port', 'on']), [/--mqtts-port: expected a whole number from 0 to 65535, or off/])
  },
)

t.test('an unknown flag or command is a problem, not ignored', async t => {
  t.match(problemsOf(['--mqtt-prot', '1'])[0], /mqtt-prot/)
  t.match(problemsOf(['docter'])[0], /unknown command "docter"/)
  t.equal(parseCommand(['doctor'], {}).kind, 'doctor')
})

t.test('the help names every setting with its standard', async t => {
  t.equal(parseCommand(['--help'], {}).kind, 'help')
  for (const flag of ['--data-dir', '--mqtt-port', '--ready-file', '--chunk-cache-bytes']) t.match(helpText(), flag)
  t.match(helpText(), /\[1883\]/)
})

t.test('the settings of delivery are flags like all others, and reach it under their names', async t => {
  const { config } = parseCommand(['--patch-devices-min', '0', '--budget-label', 'site'], {
    DROVER_BROKER_LABEL_BYTES_PER_SECOND: '125000',
  }) as Extract<ReturnType<typeof parseCommand>, { kind: 'run' }>
  t.match(config, { budgetLabel: 'site', delivery: { patchDevicesMin: 0, labelBytesPerSecond: 125_000 } })
  t.equal(config.delivery.broadcastDevicesMin, 50)
  t.match(problemsOf(['--label-bytes-per-second', '1']), ['--label-bytes-per-second: expected --budget-label'])
  t.match(problemsOf(['--budget-wait-ms', '60001']), ['--budget-wait-ms: expected a whole number from 0 to 60000'])
})

t.test('OPERATING has the help as it is', async t => {
  t.ok(readFileSync('docs/OPERATING.md', 'utf8').includes(helpText()))
})
