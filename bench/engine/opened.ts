// What a measurement has opened is closed after it, last things first, also when it failed: no process is left behind.
export class Opened {
  readonly #closes: (() => Promise<unknown>)[] = []

  static async during<T>(measure: (opened: Opened) => Promise<T>): Promise<T> {
    const opened = new Opened()
    try {
      return await measure(opened)
    } finally {
      // What made the measurement fail is what the caller must hear of.
      for (const close of opened.#closes.reverse()) await close().catch(error => console.error(error))
    }
  }

  add(close: () => Promise<unknown>): void {
    this.#closes.push(close)
  }
}
