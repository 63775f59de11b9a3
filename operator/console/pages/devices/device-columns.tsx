// The columns of the registry.
import type { DeviceView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Ago } from '../../parts/moment.tsx'
import type { Column } from '../../parts/table.tsx'
import { detailsAddress } from './device-address.ts'
import { Presence } from './presence.tsx'

const tagsShown = 4
const componentsShown = 3

export const deviceColumns: readonly Column<DeviceView>[] = [
  {
    head: 'Device',
    cell: ({ id }) => (
      <Link class="device-id" to={detailsAddress(id)}>
        {id}
      </Link>
    ),
  },
  { head: 'Presence', cell: device => <Presence device={device} /> },
  { head: 'Group', cell: ({ group }) => group ?? <span class="faint">–</span> },
  { head: 'Tags', cell: ({ tags }) => <Tags tags={tags} most={tagsShown} /> },
  { head: 'Components', cell: ({ components }) => <Components components={components} /> },
  {
    head: 'Last hello',
    cell: ({ lastHelloAt }) => (lastHelloAt === null ? <span class="faint">never</span> : <Ago at={lastHelloAt} />),
  },
]

export function Tags({ tags, most }: { readonly tags: readonly string[]; readonly most: number }) {
  if (tags.length === 0) return <span class="faint">–</span>
  const more = tags.slice(most)
  return (
    <span class="chips">
      {tags.slice(0, most).map(tag => (
        <span key={tag} class="chip">
          {tag}
        </span>
      ))}
      {more.length > 0 && (
        <span class="faint" title={more.join(', ')}>
          and {more.length} more
        </span>
      )}
    </span>
  )
}

function Components({ components }: Pick<DeviceView, 'components'>) {
  if (components.length === 0) return <span class="faint">–</span>
  const more = components.slice(componentsShown)
  return (
    <span class="components">
      {components.slice(0, componentsShown).map(({ name, version, digest }) => (
        <span key={name} class="component" title={`SHA-256 ${digest}`}>
          <span class="faint">{name}</span> {version}
        </span>
      ))}
      {more.length > 0 && (
        <span class="faint component" title={more.map(({ name, version }) => `${name} ${version}`).join(', ')}>
          and {more.length} more
        </span>
      )}
    </span>
  )
}
