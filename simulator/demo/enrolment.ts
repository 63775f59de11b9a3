// Credentials for many devices at once. The CLI issues one a call, and two dozen processes would be a waste, so a program
// like this one asks the broker's HTTP door itself.
import { readFile } from 'node:fs/promises'
import { Check } from 'typebox/value'
import { EnrollAnswer } from '../../proto/http-api.ts'
import { DemoFailed } from './failure.ts'
import type { BrokerAddress } from './stage.ts'

/** MQTT password by device. Throws DemoFailed, and the reason of the signal. */
export async function enrollAll(
  devices: readonly string[],
  { url, tokenFile }: Pick<BrokerAddress, 'url' | 'tokenFile'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const token = (await readFile(tokenFile, 'utf8')).trim()
  const enroll = async (device: string): Promise<readonly [string, string]> => {
    const response = await fetch(`${url}/v1/devices/enroll`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ device }),
      signal,
    })
    const text = await response.text()
    const answer: unknown = response.status === 201 ? JSON.parse(text) : undefined
    if (Check(EnrollAnswer, answer)) return [device, answer.secret]
    throw new DemoFailed(`credentials for ${device}: the broker answered ${response.status}: ${text.slice(0, 500)}`)
  }
  return new Map(await Promise.all(devices.map(enroll)))
}
