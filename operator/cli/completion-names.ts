// Names that only the broker knows, for whoever completes a line: one page of them, the likely ones.
import type { OperatorClient } from '../client.ts'

export type Known = 'operation' | 'device' | 'release' | 'principal' | 'webhook'
export interface Candidate {
  readonly value: string
  readonly description?: string
}

const candidatesMax = 100

/** Throws what the client throws. */
export async function candidatesOf(client: OperatorClient, kind: Known, prefix: string): Promise<readonly Candidate[]> {
  const limit = candidatesMax
  switch (kind) {
    case 'operation': {
      const { data } = await client.operations({ limit })
      return data.map(({ id, name, updateStatus }) => ({ value: id, description: `${updateStatus}  ${name}` }))
    }
    case 'device': {
      const after = before(prefix)
      const { data } = await client.devices({ limit, ...(after === undefined ? {} : { after }) })
      return data.map(({ id, online }) => ({ value: id, description: online ? 'online' : 'offline' }))
    }
    case 'release': {
      const { data } = await client.releases({ limit })
      return data.map(({ id, component, version }) => {
        const short = `${component}@${version}`
        const alone = data.filter(other => other.component === component && other.version === version).length === 1
        return { value: alone ? short : id }
      })
    }
    case 'principal': {
      const { data } = await client.principals()
      return data.map(({ name, role }) => ({ value: name, description: role }))
    }
    case 'webhook': {
      const { data } = await client.webhooks()
      return data.map(({ id, url }) => ({ value: id, description: url }))
    }
  }
}

/** An id that stands shortly before all that begin with `prefix`: a fleet is longer than a page. */
function before(prefix: string): string | undefined {
  for (let length = prefix.length; length > 0; length -= 1) {
    const previous = String.fromCharCode(prefix.charCodeAt(length - 1) - 1)
    if (/^[A-Za-z0-9]$/.test(previous)) return `${prefix.slice(0, length - 1)}${previous}zzzz`
  }
  return undefined
}
