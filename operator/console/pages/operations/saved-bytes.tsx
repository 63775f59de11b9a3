// Where the bytes of an update went: what came over the wire, and what did not have to come, because of what.
import type { OperationTransfer } from '../../../../proto/http-api.ts'
import { bytes } from '../../parts/bytes.ts'

export function SavedBytes({ transfer }: { readonly transfer: OperationTransfer }) {
  const { devices, imageBytes, wireBytes, saved } = transfer
  const parts = [
    { name: 'wire', text: 'Came over the wire', count: wireBytes, meaning: 'chunks, chunk indexes and patches' },
    { name: 'held', text: 'Held already', count: saved.held, meaning: 'in the installed image, or from before a cut' },
    { name: 'patch', text: 'Made by a patch', count: saved.patch, meaning: 'without what the patch itself took' },
    { name: 'compression', text: 'Compressed', count: saved.compression, meaning: 'by which chunks were smaller' },
  ] as const
  const total = Math.max(
    1,
    parts.reduce((sum, { count }) => sum + count, 0),
  )
  const spared = Math.max(0, imageBytes - wireBytes)
  return (
    <section>
      <h3>Bytes saved</h3>
      <p>
        <strong class="figure">{percent(spared, imageBytes)}</strong>{' '}
        <span class="hint">
          of {bytes(imageBytes)} did not have to be sent to {devices.toLocaleString()}{' '}
          {devices === 1 ? 'device' : 'devices'}
        </span>
      </p>
      <div class="saved-bar" aria-hidden="true">
        {parts.map(({ name, count }) => (
          <span key={name} class={`saved-${name}`} style={{ flexGrow: count / total }} />
        ))}
      </div>
      <table class="inner">
        <thead class="unseen">
          <tr>
            <th scope="col">What</th>
            <th scope="col">Bytes</th>
            <th scope="col">Share</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ name, text, count, meaning }) => (
            <tr key={name}>
              <td class="unbroken">
                <span class={`swatch saved-${name}`} aria-hidden="true" />
                {text}
              </td>
              <td class="cell-number unbroken">{bytes(count)}</td>
              <td class="cell-number">{percent(count, total)}</td>
              <td class="faint">{meaning}</td>
            </tr>
          ))}
          <tr>
            <td class="unbroken">
              <span class="swatch" aria-hidden="true" />
              Heard in a broadcast
            </td>
            <td class="cell-number unbroken">{bytes(saved.broadcast)}</td>
            <td class="cell-number">{percent(saved.broadcast, total)}</td>
            <td class="faint">of what came: sent once for all</td>
          </tr>
        </tbody>
      </table>
    </section>
  )
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`
}
