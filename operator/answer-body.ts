// The body of an answer, read until its end or until a signal. fetch takes a signal too, but only its own objects tie it
// to the body once the head has arrived, and those may be collected as garbage: the abort is then heard by nobody (seen on
// Node 20.20), and who waits for the end of a quiet stream waits for ever.

/** Throws the reason of the signal. Leaving early closes the connection. */
export async function* bodyOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const cancel = (): void => {
    reader.cancel(signal.reason).catch(() => {
      // It has failed by itself meanwhile, and says so where it is read.
    })
  }
  signal.addEventListener('abort', cancel)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read()
      // What was cancelled looks like an end.
      signal.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}
