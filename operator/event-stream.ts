// Server-sent events: bytes in, messages out (WHATWG HTML, 9.2.6). What the messages mean is the reader's business.

export interface StreamedMessage {
  /** `message` when the server names none. */
  readonly event: string
  readonly data: string
  /** The last id that was given, with this message or before it; empty when there was none. */
  readonly id: string
}

/** Longest message, in characters. */
const messageCharactersMax = 4 * 1024 * 1024

/** Comments and messages without data are left out. Throws RangeError for a message without end. */
export async function* readEventStream(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamedMessage, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  let event = ''
  let id = ''
  let data: string[] = []
  let held = 0
  for await (const piece of bytes) {
    rest += decoder.decode(piece, { stream: true })
    // A lone CR ends a line too, but at the end of a piece it may be the first half of CR LF.
    for (let end = /\r\n|\n|\r(?!$)/.exec(rest); end !== null; end = /\r\n|\n|\r(?!$)/.exec(rest)) {
      const line = rest.slice(0, end.index)
      rest = rest.slice(end.index + end[0].length)
      if (line === '') {
        if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id }
        event = ''
        data = []
        held = 0
        continue
      }
      const colon = line.indexOf(':')
      const field = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'event') event = value
      else if (field === 'data') data.push(value)
      else if (field === 'id' && !value.includes('\0')) id = value
      held += line.length
    }
    if (rest.length + held > messageCharactersMax) throw new RangeError('a message of the stream has no end')
  }
}
