// An upload by hand, byte by byte, for tests that hold the tap, and the view a fake broker answers with.
import { connect } from 'node:net'
import type { ReleaseView } from '../../proto/http-api.ts'
import { tokens } from './fake-use-cases.ts'
import { bundle } from './http-fixture.ts'

const view = { id: bundle.release } as const
export const bundleView = (): ReleaseView => ({
  ...view,
  component: 'app',
  version: '2.0.0',
  installedSha256: '',
  createdAt: '',
  createdBy: '',
  manifests: [],
})

/** A raw upload: the test holds the tap. */
export function upload(url: string, token = tokens.operator) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let heard = ''
  socket.on('data', bytes => {
    heard += bytes
  })
  socket.on('error', () => {
    // Looked at through `closed`.
  })
  const closed = new Promise<string>(resolve => socket.on('close', () => resolve(heard)))
  const answered = (pattern: RegExp) =>
    new Promise<string>(resolve => {
      const look = () => pattern.test(heard) && resolve(heard)
      socket.on('data', look)
      socket.on('close', () => resolve(heard))
      look()
    })
  return {
    socket,
    closed,
    answered,
    head: (length: number) =>
      socket.write(
        `POST /v1/artifacts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n\r\n`,
      ),
    write: (bytes: Uint8Array) =>
      new Promise<void>(resolve => (socket.write(bytes) ? resolve() : socket.once('drain', resolve))),
  }
}
