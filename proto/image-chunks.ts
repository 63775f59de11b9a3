// An image cut into content-defined chunks, a window at a time: memory does not grow with the image.
import { type ChunkerSettings, chunkerDefaults, cutPoint } from './chunker.ts'

/** Where bytes are read by position: an open file is one. It may give fewer bytes than asked for; 0 is the end. */
export interface ImageBytes {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

const windowBytes = 4 * 1024 * 1024
/** From here on the chunks are twice as long, so that the index of 4 GiB stays near 4 MB. */
const largeImageBytes = 1024 ** 3

/** The same for every image of a size class: two releases share chunks only when they were cut alike. */
export function chunkerFor(imageBytes: number): ChunkerSettings {
  if (imageBytes <= largeImageBytes) return chunkerDefaults
  const { minimumBytes, averageBytes, maximumBytes } = chunkerDefaults
  return { minimumBytes: minimumBytes * 2, averageBytes: averageBytes * 2, maximumBytes: maximumBytes * 2 }
}

/**
 * Every chunk of the first `sizeBytes` of the image, in order. The bytes are a view that is overwritten by the next
 * step. Ends early when the image is shorter than that. `known` are the lengths of an earlier pass: looking for the
 * cuts is half of the work.
 */
export async function* cutImage(
  image: ImageBytes,
  sizeBytes: number,
  settings: ChunkerSettings,
  known?: readonly number[],
): AsyncGenerator<Buffer, void, undefined> {
  const window = Buffer.alloc(Math.min(Math.max(windowBytes, settings.maximumBytes * 2), sizeBytes))
  let filled = 0
  let offset = 0
  let ended = false
  let number = 0
  while (!ended || filled > 0) {
    while (filled < window.length && !ended) {
      const wanted = Math.min(window.length - filled, sizeBytes - offset)
      const { bytesRead } = await image.read(window, filled, wanted, offset)
      filled += bytesRead
      offset += bytesRead
      ended = bytesRead === 0 || offset === sizeBytes
    }
    let start = 0
    while (start < filled && (ended || filled - start >= settings.maximumBytes)) {
      const length = known?.[number]
      const cut = length === undefined ? cutPoint(window, start, filled, settings) : Math.min(start + length, filled)
      number += 1
      yield window.subarray(start, cut)
      start = cut
    }
    window.copyWithin(0, start, filled)
    filled -= start
  }
}
