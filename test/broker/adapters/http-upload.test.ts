// Bundles on their way through the door: streamed, limited, given up, refused.
import t from 'tap'
import { StoreUnavailable } from '../../../broker/errors.ts'
import { tokens } from '../../operator/fake-use-cases.ts'
import { ask, isErrorBody, openDoor } from '../../operator/http-fixture.ts'
import { bundleView, upload } from '../../operator/raw-upload.ts'

t.test('an upload of 256 MiB passes through without being gathered', async t => {
  const { url, useCases } = await openDoor(t)
  let received = 0
  let memoryMost = 0
  const memory = () => process.memoryUsage().rss
  useCases.onUpload = async bytes => {
    for await (const chunk of bytes) {
      received += chunk.length
      memoryMost = Math.max(memoryMost, memory())
    }
    return bundleView()
  }
  const piece = Buffer.alloc(64 * 1024, 7)
  const send = async (pieces: number): Promise<string> => {
    const { head, write, answered, socket } = upload(url)
    head(pieces * piece.length)
    for (let sent = 0; sent < pieces; sent += 1) await write(piece)
    const answer = await answered(/\r\n\r\n.*\}/s)
    socket.destroy()
    return answer
  }
  await send(256)
  received = 0
  memoryMost = 0
  const before = memory()
  t.match(await send(4096), /^HTTP\/1.1 201 /)
  t.equal(received, 256 * 1024 * 1024)
  // What the collector has not yet taken counts too; gathered, it would be all of it.
  t.ok(memoryMost - before < 128 * 1024 * 1024, `grew by ${Math.round((memoryMost - before) / 1024 / 1024)} MiB`)
})

t.test('a slow upload that its client gives up leaves nothing running', async t => {
  const { door, url, useCases, logged } = await openDoor(t)
  let reading = 0
  const ended = new Promise<unknown>(resolve => {
    useCases.onUpload = async bytes => {
      reading += 1
      try {
        for await (const _chunk of bytes) void _chunk
        return bundleView()
      } catch (error) {
        resolve(error)
        throw error
      } finally {
        reading -= 1
      }
    }
  })
  const { head, write, socket } = upload(url)
  head(1_000_000)
  await write(Buffer.alloc(1000))
  while (reading === 0) await new Promise(resolve => setImmediate(resolve))
  socket.destroy()
  t.match(await ended, { code: 'ECONNRESET' }, 'the use case hears of it')
  t.equal(reading, 0)
  await door.close()
  t.match(logged(), /upload-aborted/)
  t.match(logged(), /http-closed/, 'the door closes: nothing holds it')
  t.notMatch(logged(), /http-cut-off/, 'by itself')
})

t.test('an upload that goes silent is ended by the idle timeout', async t => {
  const { url, useCases } = await openDoor(t, { idleTimeoutMs: 200 })
  const ended = new Promise<string>(resolve => {
    useCases.onUpload = async bytes => {
      for await (const _chunk of bytes) void _chunk
      return bundleView()
    }
    const failed = useCases.onUpload
    useCases.onUpload = bytes =>
      failed(bytes).catch(error => {
        resolve('ended')
        throw error
      })
  })
  const { head, write, closed } = upload(url)
  head(1_000_000)
  await write(Buffer.alloc(1000))
  t.equal(await ended, 'ended')
  await closed
})

t.test('a bundle larger than allowed is refused: by its header at once, without one when it gets there', async t => {
  const { url, useCases } = await openDoor(t, { uploadBytesMax: 100_000 })
  let ends = 0
  useCases.onUpload = async bytes => {
    try {
      for await (const _chunk of bytes) void _chunk
    } catch (cause) {
      throw new StoreUnavailable('as a use case may say', { cause })
    } finally {
      ends += 1
    }
    return bundleView()
  }
  const declared = await ask(`${url}/v1/artifacts`, { method: 'POST', body: Buffer.alloc(100_001) })
  isErrorBody(t, declared, 413, 'TOO_LARGE', 'declared')
  t.equal(useCases.calls.length, 0)
  const { socket, answered } = upload(url)
  socket.write(
    `POST /v1/artifacts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.operator}\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  for (let piece = 0; piece < 3; piece += 1)
    socket.write(Buffer.concat([Buffer.from('c350\r\n'), Buffer.alloc(50_000), Buffer.from('\r\n')]))
  t.match(await answered(/\}/), /^HTTP\/1.1 413 /)
  t.equal(ends, 1)
  socket.destroy()
  t.equal(
    (await ask(`${url}/v1/artifacts`, { method: 'POST', body: Buffer.alloc(100_000) })).status,
    201,
    'exactly the limit passes',
  )
})

t.test('a refused upload is answered though its client is still sending, and not read for ever', async t => {
  const { url, useCases } = await openDoor(t)
  for (const token of [tokens.viewer, 'wrong']) {
    const { socket, head, closed, answered, write } = upload(url, token)
    head(4 * 1024 ** 3)
    const answer = answered(/\}/)
    const piece = Buffer.alloc(1024 * 1024)
    let sent = 0
    while (!socket.destroyed && sent < 200) {
      await Promise.race([write(piece), closed])
      sent += 1
    }
    t.match(await answer, token === 'wrong' ? /^HTTP\/1.1 401 / : /^HTTP\/1.1 403 /)
    t.ok(sent < 200, `the connection was ended after ${sent} MiB`)
  }
  t.equal(useCases.releases.size, 0)
})

t.test('one upload too many at a time is told to come again', async t => {
  const { url, useCases } = await openDoor(t, { uploadsMax: 1 })
  let begun = (): void => undefined
  const started = new Promise<void>(resolve => {
    begun = resolve
  })
  useCases.onUpload = async bytes => {
    begun()
    for await (const _chunk of bytes) void _chunk
    return bundleView()
  }
  const first = upload(url)
  first.head(2)
  first.socket.write('a')
  await started
  const second = await ask(`${url}/v1/artifacts`, { method: 'POST', body: Buffer.from('b') })
  isErrorBody(t, second, 503, 'UNAVAILABLE', 'second')
  t.equal(second.headers.get('retry-after'), '5')
  first.socket.write('a')
  t.match(await first.answered(/\}/), /^HTTP\/1.1 201 /)
  first.socket.destroy()
  t.equal((await ask(`${url}/v1/artifacts`, { method: 'POST', body: Buffer.from('b') })).status, 201)
})
