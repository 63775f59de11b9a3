// Loaded into the broker's process by `node --import`: at SIGUSR2 the bytes that went over the sockets of its servers, as
// the sockets themselves count them, are written to the file DROVER_BENCH_SOCKETS, by the port they came in at.
import { writeFileSync } from 'node:fs'
import { Server, type Socket } from 'node:net'

/** By local port. */
export type SocketBytes = Readonly<Record<string, { readonly down: number; readonly up: number }>>

const sockets: { readonly port: number; readonly socket: Socket }[] = []
const emit: (this: Server, event: string | symbol, ...values: unknown[]) => boolean = Server.prototype.emit

Server.prototype.emit = function (this: Server, event: string | symbol, ...values: unknown[]): boolean {
  const [socket] = values as [Socket]
  if (event === 'connection') sockets.push({ port: socket.localPort ?? 0, socket })
  return emit.apply(this, [event, ...values])
}

process.on('SIGUSR2', () => {
  const bytes: Record<string, { down: number; up: number }> = {}
  for (const { port, socket } of sockets) {
    bytes[port] ??= { down: 0, up: 0 }
    const sum = bytes[port]
    sum.down += socket.bytesWritten
    sum.up += socket.bytesRead
  }
  writeFileSync(process.env.DROVER_BENCH_SOCKETS ?? '', JSON.stringify(bytes))
})
