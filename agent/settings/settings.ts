// The table of all settings of a device: name, unit, range, default, meaning. The parser and --help are made from it.
import { deviceId } from '../../proto/ids.ts'
import {
  componentNameBytesMax,
  componentsMax,
  devicePacketBytesDefault,
  devicePacketBytesLeast,
  packetBytesMax,
  uriBytesMax,
  vendorDataBytesMax,
} from '../../proto/limits.ts'
import type { Maintenance } from '../core/maintenance.ts'
import { components } from './component-config.ts'
import { weeklyWindows } from './maintenance-setting.ts'
import { command, expected, identity, number, optional, required, text, whole, withDefault, word } from './setting.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const mebibyte = 1024 * 1024
const secretsMax = 64
const path = text(1, 4096)
const zones: readonly Maintenance['zone'][] = ['local', 'utc']
const whats: readonly Maintenance['applies'][] = ['install', 'download', 'both']

export const settings = {
  deviceId: required('1 to 64 of A-Z a-z 0-9 . _ : -', 'Name of the device, its MQTT client id', value =>
    deviceId(value as string),
  ),
  url: required(
    'mqtts://host[:port]',
    'The broker; port 8883 unless given; mqtt://host[:port], 1883, is without TLS',
    brokerAddress,
  ),
  username: optional('1 to 256 characters', 'the device id', 'MQTT user name', text(1, 256)),
  password: optional('1 to 256 characters', 'none', 'MQTT password; rather use passwordFile', text(1, 256)),
  passwordFile: optional('path', 'none', 'File whose first line is the MQTT password', text(1, 4096)),
  'tls.caFile': optional('path', "Node's own", 'PEM: authorities the certificate of the broker may be from', path),
  'tls.certFile': optional('path', 'none', 'PEM: certificate of the device, in place of a password', path),
  'tls.keyFile': optional('path', 'none', 'PEM: private key of that certificate', path),
  'tls.renewAtPercent': number('% of its life', 0, 95, 66, 'When the next certificate is asked for; 0 = by hand alone'),
  vendorId: required('32 hex digits', 'Vendor id of the device', identity),
  classId: required('32 hex digits', 'Class id of the device', identity),
  dataDir: required('path', 'Folder of this device: journal, components', text(1, 4096)),
  trustFile: required('path', 'Signed trust document the device is provisioned with', text(1, 4096)),
  reportKeyFile: optional(
    'path',
    'made in dataDir',
    'PEM: Ed25519 or P-256 private key of this device alone, which signs the reports of its successes',
    path,
  ),
  components: required(`1 to ${componentsMax}`, 'List of {name, version, installer, …}, see below', components),
  storageBytesMax: optional('at least 1', 'free space', 'Bytes the components folder may hold', whole(1, 2 ** 53 - 1)),
  'health.command': optional('program and arguments', 'none', 'Exit code 0 = the new image is healthy', command),
  'health.timeoutMs': number('ms', 100, dayMs, 30_000, 'Time the health command has'),
  'watchdog.confirmTimeoutMs': number('ms', 100, dayMs, 5 * minuteMs, 'A trial not committed by then is given up'),
  'watchdog.startsMax': number('starts', 1, 100, 3, 'Starts a new image has to be committed'),
  packetBytesMax: number(
    'bytes',
    devicePacketBytesLeast,
    packetBytesMax,
    devicePacketBytesDefault,
    'Largest MQTT packet with chunk data the device takes',
  ),
  windowBytes: number('bytes', 16 * 1024, 8 * mebibyte, 256 * 1024, 'Chunk bytes asked for and not yet arrived'),
  chunkRetriesMax: number('retries', 0, 1000, 8, 'Unanswered requests of a chunk before UPD4_FAIL_24'),
  refetchMax: number('fetches', 0, 1000, 3, 'Further fetches of a chunk with a wrong hash before UPD4_FAIL_26'),
  chunkTimeoutMs: number('ms', 50, 60 * minuteMs, 10_000, 'Silence while connected before a chunk is asked for again'),
  downloadLimitMs: number('ms', 1000, 365 * dayMs, 14 * dayMs, 'From accepting an offer to its last chunk'),
  'reconnect.baseMs': number(
    'ms',
    1,
    60 * minuteMs,
    1000,
    'First reconnect delay is drawn from 0 to this, then doubled',
  ),
  'reconnect.capMs': number('ms', 1, dayMs, 64_000, 'Reconnect delays are drawn from 0 to at most this'),
  'configuration.file': optional('a path', 'none', 'What config-backup, -change and -restore are about', text(1, 4096)),
  'configuration.check': optional(
    'program and arguments',
    'none',
    'Exit code 0 = the device takes the configuration in the file $DROVER_CANDIDATE; else UPD4_FAIL_37',
    command,
  ),
  'configuration.checkTimeoutMs': number('ms', 100, 60 * minuteMs, 30_000, 'Time the check has'),
  'configuration.secrets': {
    ...optional(
      `list of up to ${secretsMax}`,
      'none',
      'Members whose values are never told, besides *password*, *secret*, *token*, *key* and the like: names, or JSON pointers',
      names,
    ),
    absent: { value: [] },
  },
  'commands.folder': optional('a path', 'none', 'Its executables are what `command` may run, by name', text(1, 4096)),
  'commands.timeoutMs': number('ms', 100, dayMs, 5 * minuteMs, 'Time a command has'),
  'reboot.command': optional(
    'program and arguments',
    'none',
    'Restarts the whole device; none: boot starts the image anew',
    command,
  ),
  'authorization.folder': optional(
    'a path',
    'none',
    'Its programs download-authorize and install-authorize are asked first; docs/HOOKS.md',
    text(1, 4096),
  ),
  'authorization.timeoutMs': number('ms', 100, 60 * minuteMs, 30_000, 'Time they have'),
  'maintenance.windows': optional(
    'list of {days, from, minutes}',
    'always',
    'Weekly times for updates: [{"days": ["sat", "sun"], "from": "22:30", "minutes": 240}]; without days every day',
    weeklyWindows,
  ),
  'maintenance.zone': withDefault('local', required('local utc', 'Whose clock `from` is meant by', word(zones))),
  'maintenance.applies': withDefault('install', required(whats.join(' '), 'What waits for a window', word(whats))),
  'maintenance.overridePriority': optional(
    '0 to 4294967295',
    'none',
    'Updates of this priority and higher do not wait',
    whole(0, 2 ** 32 - 1),
  ),
  memoryBudgetBytes: number(
    'bytes',
    256 * 1024,
    1024 * mebibyte,
    8 * mebibyte,
    'What an update may take for its buffers; more is UPD4_FAIL_34',
  ),
  minimumBytesPerSecond: number('bytes/s', 0, 1024 * mebibyte, 0, 'A slower download ends with UPD4_FAIL_24, slow'),
  slowLimitMs: number('ms', 1000, 365 * dayMs, 60 * minuteMs, 'How long it may be slower than that'),
  uriBytesMax: number('bytes', 1, uriBytesMax, uriBytesMax, 'Longest payload URI; longer is UPD4_FAIL_21'),
  componentNameBytesMax: number(
    'bytes',
    1,
    componentNameBytesMax,
    componentNameBytesMax,
    'Longest component name in a manifest; longer is UPD4_FAIL_22',
  ),
  vendorDataBytesMax: number(
    'bytes',
    0,
    vendorDataBytesMax,
    vendorDataBytesMax,
    'Longest vendor data; longer is UPD4_FAIL_29',
  ),
  'ready.file': optional(
    'a path',
    'none',
    'Written once the agent is connected and all is told; removed at its end',
    text(1, 4096),
  ),
  logLevel: withDefault('info', required(logLevels.join(' '), 'Least severe log lines written', word(logLevels))),
}

function brokerAddress(value: unknown): { host: string; port: number; secure: boolean } {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const secure = url?.protocol === 'mqtts:'
  if (url === undefined || !(secure || url.protocol === 'mqtt:') || url.hostname === '' || !/^\/?$/.test(url.pathname))
    throw expected('mqtts://host[:port] or mqtt://host[:port]', value)
  // A password here would end up in logs and process lists.
  if (url.username !== '' || url.password !== '') throw new RangeError('expected no user or password within the URL')
  const port = url.port === '' ? (secure ? 8883 : 1883) : Number(url.port)
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure }
}

function names(value: unknown): readonly string[] {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= 256
  if (!Array.isArray(value) || value.length > secretsMax || !value.every(isName))
    throw expected(`a list of up to ${secretsMax} names`, value)
  return value
}
