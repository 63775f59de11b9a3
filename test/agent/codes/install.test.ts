// The codes of installing and of what comes after it, with programs of the device that fail; and of a broadcast session
// that ends before it should.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import { encodeOfferMessage } from '../../../proto/offer-messages.ts'
import { encodeSessionControl, encodeSessionData, type SessionControl } from '../../../proto/session-messages.ts'
import { deviceTopic, sessionTopic } from '../../../proto/topics.ts'
import { untilValue } from '../../stories/process.ts'
import { StoryAgent, storyImage } from '../../stories/story-agent.ts'
import { lineWith, noChunks, type Weather } from './line.ts'
import { chunksOf, offerOf } from './offers.ts'
import { codesOf, Scene, type Story } from './scene.ts'
import { type DeviceWishes, factoryImage, writeProgram } from './scene-device.ts'

const scene = await Scene.open(t)

/** A component that programs install; each of them leaves its name in `called`. */
function hooks(failing: Readonly<Record<string, string>> = {}): DeviceWishes {
  const components = [{ name: 'main', version: '1.0.0', image: 'factory', installer: 'hooks', folder: 'hooks' }]
  return {
    settings: { components },
    async prepare(folder) {
      for (const name of ['install', 'verify', 'commit', 'rollback'])
        await writeProgram(
          join(folder, 'hooks', name),
          `echo ${name} >> ${join(folder, 'called')}\n${failing[name] ?? 'exit 0'}`,
        )
    },
  }
}
/** One file, and a program that is told of the new one. */
function oneFile(reload: string): DeviceWishes {
  return {
    settings: {
      components: [
        {
          name: 'main',
          version: '1.0.0',
          image: 'factory',
          installer: 'file',
          file: 'rules',
          reload: ['/bin/sh', '-c', reload],
        },
      ],
    },
  }
}
/** And afterwards the old image is there again, as the broker is told. */
function wentBack(story: Story, look: (folder: string) => void): Story {
  return {
    ...story,
    async meanwhile({ scene, device, operation }) {
      await scene.ended(operation)
      const { components } = await scene.call<{ components: readonly { version: string; digest: string }[] }>(
        'GET',
        `/v1/devices/${device.id}`,
      )
      const [main] = components
      if (main?.version !== '1.0.0') throw new Error(`the device says it has ${main?.version}`)
      look(device.folder)
    },
  }
}

t.test(
  'UPD4_FAIL_40: the installer failed, or what it installed does not prove itself; the old image is back',
  async t => {
    const isFactory = (folder: string): void => {
      t.ok(readFileSync(join(folder, 'rules')).equals(factoryImage), 'the old file is there again')
    }
    const called =
      (...names: readonly string[]) =>
      (folder: string): void => {
        t.strictSame(readFileSync(join(folder, 'called'), 'utf8').trim().split('\n'), names)
      }
    await scene.proves(
      t,
      'UPD4_FAIL_40',
      { device: hooks() },
      {
        'the installer says why': {
          ...wentBack({ device: hooks({ install: 'echo no-such-package\nexit 1' }) }, called('install', 'rollback')),
          says: { reason: /no-such-package/ },
        },
        'the new image does not prove itself': {
          ...wentBack({ device: hooks({ verify: 'exit 4' }) }, called('install', 'verify', 'rollback')),
          says: { reason: /exit-4/ },
        },
        'its user does not take the new file': {
          ...wentBack({ device: oneFile('test "$(wc -c < rules)" = x') }, isFactory),
          says: { reason: /exit/ },
        },
      },
    )
  },
)

t.test(
  'UPD4_FAIL_40 after the reboot: an image on trial that is not healthy; the same that is, ends with SYS_112',
  async t => {
    for (const healthy of [true, false]) {
      const id = healthy ? 'healthy' : 'unhealthy'
      const { secret } = await scene.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
      const folder = t.testdir()
      const offer = offerOf({
        image: Buffer.concat([storyImage('2.0.0'), Buffer.from(id)]),
        manifest: { needsReboot: true },
      })
      const trustFile = join(folder, 'trust')
      await writeFile(trustFile, offer.bundle.trustBytes)
      const command = ['/bin/sh', '-c', healthy ? 'exit 0' : 'exit 9']
      const wishes = { id, secret, mqttPort: scene.mqttPort, trustFile, settings: { health: { command } } }
      const agent = await StoryAgent.start(join(folder, 'device'), wishes)
      try {
        await scene.untilOnline({ id })
        const operation = await scene.begin(offer, { id })
        const events = await scene.result({ id }, operation, 60_000)
        t.strictSame(codesOf(events), [healthy ? 'SYS_112' : 'UPD4_FAIL_40'])
        if (!healthy) t.match(events.at(-1)?.data, { reason: /exit-9/ })
      } catch (error) {
        t.comment(await agent.log())
        throw error
      } finally {
        await agent.stop()
      }
    }
  },
)

/** Of what is asked for only the chunk index comes. */
function indexAlone(): Weather {
  let isIndex = true
  return packet => {
    const passed = isIndex ? packet.bytes : noChunks(packet)
    if (packet.topic?.endsWith('/chunks/data')) isIndex = false
    return passed
  }
}

/** A sender that says `words` in turn to the device, which gets chunks from nowhere else. */
function session(words: readonly (SessionControl['kind'] | 'chunks' | 'wait')[], name: string): Story {
  return {
    device: { line: lineWith(t, indexAlone()), settings: { chunkTimeoutMs: 20_000 } },
    async meanwhile({ scene, device, offer, operation }) {
      const { bundle } = offer
      await untilValue(async () => device.logged('chunks-held')[0])
      const { lease = 0 } = (await scene.store.operation(operation)) ?? {}
      const join = encodeOfferMessage({ kind: 'join', operation, lease, attempt: 1, session: name })
      await scene.publish(deviceTopic(deviceId(device.id), 'offer'), join)
      await untilValue(async () => (scene.isListened(sessionTopic(name, 'data')) ? true : undefined))
      const artifact = bundle.artifact
      for (const word of words)
        if (word === 'chunks')
          for (const [chunk, { encoding, bytes }] of chunksOf(bundle).entries()) {
            const piece = { chunk, encoding, encodedSize: bytes.length, offset: 0, data: bytes }
            await scene.publish(sessionTopic(name, 'data'), encodeSessionData(piece))
          }
        else if (word === 'wait')
          await untilValue(async () => device.logged('update-step').find(({ step }) => step === 'verifying'))
        else {
          const control =
            word === 'abort' ? { kind: word, artifact, reason: 'no more power' } : { kind: word, artifact }
          await scene.publish(sessionTopic(name, 'control'), encodeSessionControl(control))
        }
    },
  }
}

t.test(
  'UPD4_FAIL_45: a session that is aborted before its activation, or whose words come out of their order',
  async t => {
    const name = (number: number): string => number.toString(16).padStart(16, '0')
    await scene.proves(t, 'UPD4_FAIL_45', session(['start', 'chunks', 'end', 'wait', 'activate'], name(1)), {
      aborted: {
        // Whole, it would be sent on alone by the broker, which knows nothing of this session.
        ...session(['start', 'abort'], name(2)),
        says: { reason: 'aborted', detail: 'no more power', expected: 'end' },
      },
      'the end before the start': {
        ...session(['end'], name(3)),
        says: { reason: 'out-of-sequence', expected: 'start', actual: 'end' },
      },
      'activated before it is whole': {
        ...session(['start', 'activate'], name(4)),
        says: { reason: 'out-of-sequence', expected: 'end', actual: 'activate' },
      },
    })
  },
)
