// Bundles on their way to the broker: one after the other, with how far each is, and what the broker said. They go on while
// the person looks at other pages of the console.
import { computed, signal } from '@preact/signals'
import type { ReleaseView } from '../../../../proto/http-api.ts'
import { ApiProblem, answeredAt, ownHeaders, problemOf, wordsOf } from '../../state/api.ts'
import { currentMs } from '../../state/clock.ts'

export interface Upload {
  readonly number: number
  readonly name: string
  readonly sizeBytes: number
  readonly sentBytes: number
  readonly state: UploadState
}

/** `checking`: all bytes are there, the broker has not answered yet. */
export type UploadState =
  | { readonly kind: 'waiting' | 'sending' | 'checking' | 'cancelled' }
  | { readonly kind: 'taken'; readonly release: ReleaseView }
  | { readonly kind: 'refused'; readonly words: string }

export const uploads = signal<readonly Upload[]>([])
/** Grows with each bundle the broker has taken. */
export const takenCount = signal(0)
export const uploading = computed(() => uploads.value.some(upload => !isOver(upload)))

const files = new Map<number, File>()
let last = 0
let running: { readonly number: number; readonly request: XMLHttpRequest } | undefined

export function isOver({ state: { kind } }: Upload): boolean {
  return kind === 'taken' || kind === 'refused' || kind === 'cancelled'
}

export function addUploads(chosen: readonly File[]): void {
  for (const file of chosen) {
    last += 1
    files.set(last, file)
    uploads.value = [
      ...uploads.value,
      { number: last, name: file.name, sizeBytes: file.size, sentBytes: 0, state: { kind: 'waiting' } },
    ]
  }
  startNext()
}

export function cancelUpload(number: number): void {
  const isRunning = running?.number === number
  if (isRunning) running?.request.abort()
  end(number, { kind: 'cancelled' })
  if (isRunning) startNext()
}

/** Takes what is over off the list. */
export function forgetUploads(): void {
  uploads.value = uploads.value.filter(upload => !isOver(upload))
}

function startNext(): void {
  const next = uploads.value.find(({ state }) => state.kind === 'waiting')
  const file = next === undefined ? undefined : files.get(next.number)
  if (running !== undefined) return
  if (next === undefined || file === undefined) {
    removeEventListener('beforeunload', askToStay)
    return
  }
  addEventListener('beforeunload', askToStay)
  send(next.number, file)
}

/** XMLHttpRequest: fetch does not tell how far an upload is. */
function send(number: number, file: File): void {
  const request = new XMLHttpRequest()
  running = { number, request }
  const over = (state: UploadState): void => {
    if (running?.request !== request) return
    end(number, state)
    startNext()
  }
  request.open('POST', '/v1/artifacts')
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.setRequestHeader('accept', 'application/json')
  for (const [name, value] of Object.entries(ownHeaders)) request.setRequestHeader(name, value)
  request.upload.addEventListener('progress', ({ loaded }) =>
    change(number, { sentBytes: Math.min(loaded, file.size) }),
  )
  request.upload.addEventListener('load', () => change(number, { sentBytes: file.size, state: { kind: 'checking' } }))
  request.addEventListener('load', () => {
    answeredAt.value = currentMs()
    over(stateOf(request))
  })
  request.addEventListener('error', () => over({ kind: 'refused', words: wordsOf(unreachable) }))
  change(number, { state: { kind: 'sending' } })
  request.send(file)
}

/** Of a broker that refuses early the browser may see nothing but the end of the connection. */
const unreachable = new ApiProblem(0, 'UNREACHABLE', 'The broker does not answer, or broke off the upload.')

function stateOf({ status, responseText }: XMLHttpRequest): UploadState {
  if (status !== 201) return { kind: 'refused', words: wordsOf(problemOf(status, responseText)) }
  takenCount.value += 1
  return { kind: 'taken', release: JSON.parse(responseText) as ReleaseView }
}

function end(number: number, state: UploadState): void {
  files.delete(number)
  if (running?.number === number) running = undefined
  change(number, { state })
}

function change(number: number, changes: Partial<Upload>): void {
  uploads.value = uploads.value.map(upload =>
    upload.number === number && !isOver(upload) ? { ...upload, ...changes } : upload,
  )
}

/** The browser asks before the page is left. */
function askToStay(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
