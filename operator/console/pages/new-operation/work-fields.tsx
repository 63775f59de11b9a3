// What is done: the type, and what that type needs – a release, a patch, a backup, a command.
import { useEffect, useId } from 'preact/hooks'
import type { BackupView, Listing, OperationView, ReleaseView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Problem } from '../../parts/table.tsx'
import { useQuery } from '../../state/query.ts'
import { addressOf } from '../../state/route.ts'
import { momentText } from '../operations/moment-text.ts'
import { isKnownType, operationTypes } from '../operations/operation-types.ts'
import type { Draft } from './draft.ts'
import { ChoiceField, type FieldsOfDraft, TextField } from './fields.tsx'

type DraftFields = FieldsOfDraft<Draft>

export function TypeFields({ draft, change }: DraftFields) {
  const name = useId()
  const known = isKnownType(draft.type)
  return (
    <>
      <fieldset class="types">
        <legend class="unseen">Type of operation</legend>
        {operationTypes.map(({ type, title, does }) => (
          <label key={type} class="type">
            <input type="radio" name={name} checked={draft.type === type} onChange={() => change({ type })} />
            <span>
              <strong>{title}</strong>
              <span class="hint">{does}</span>
            </span>
          </label>
        ))}
        <label class="type">
          <input type="radio" name={name} checked={!known} onChange={() => change({ type: '' })} />
          <span>
            <strong>Another type</strong>
            <span class="hint">One that a plugin of the broker brings.</span>
          </span>
        </label>
      </fieldset>
      {!known && (
        <TextField
          label="Name of the type"
          name="type"
          value={draft.type}
          size={24}
          onInput={type => change({ type: type.trim() })}
        />
      )}
      <Work draft={draft} change={change} />
    </>
  )
}

function Work(props: DraftFields) {
  const { draft, change } = props
  switch (draft.type) {
    case 'firmware-update':
      return <ReleaseField {...props} />
    case 'config-change':
      return (
        <>
          <ChoiceField
            label="Kind of patch"
            name="arguments.format"
            value={draft.patchFormat}
            choices={[
              { value: 'merge-patch', text: 'JSON Merge Patch (RFC 7396): an object' },
              { value: 'json-patch', text: 'JSON Patch (RFC 6902): a list of changes' },
            ]}
            onChange={patchFormat => change({ patchFormat })}
          />
          <TextField
            label="Patch"
            name="arguments.patch"
            class="field-wide"
            mono
            rows={7}
            value={draft.patch}
            placeholder={
              draft.patchFormat === 'merge-patch'
                ? '{ "telemetry": { "interval": 30 }, "debug": null }'
                : '[{ "op": "replace", "path": "/telemetry/interval", "value": 30 }]'
            }
            onInput={patch => change({ patch })}
          />
        </>
      )
    case 'config-restore':
      return <BackupFields {...props} />
    case 'config-backup':
    case 'reboot':
      return <p class="hint">Needs nothing more.</p>
    case 'command':
      return (
        <>
          <TextField
            label="Command"
            name="arguments.name"
            value={draft.command}
            size={24}
            hint="What the devices know it by."
            onInput={command => change({ command })}
          />
          <ArgumentsField {...props} name="arguments.arguments" />
          <p class="hint">
            A command is signed with the release key, which stays with people: the command line below signs and sends it
            in one step.
          </p>
        </>
      )
    default:
      return <ArgumentsField {...props} name="arguments" />
  }
}

function ArgumentsField({ draft, change, name }: DraftFields & { readonly name: string }) {
  return (
    <TextField
      label="Arguments"
      name={name}
      class="field-wide"
      mono
      rows={5}
      value={draft.arguments}
      placeholder="{ }"
      hint="A JSON object; empty: none."
      onInput={text => change({ arguments: text })}
    />
  )
}

function ReleaseField({ draft, change }: DraftFields) {
  const releases = useQuery<Listing<ReleaseView>>('/v1/releases?limit=1000', { pauseMs: 10_000 })
  const found = releases.data.value
  const only = found?.data.length === 1 ? found.data[0]?.id : undefined
  useEffect(() => {
    // Nothing to choose from.
    if (only !== undefined && draft.release === '') change({ release: only })
  }, [only])
  if (found?.data.length === 0)
    return (
      <p>
        There is no release yet. <Link to="/artifacts">Upload a signed bundle</Link> first, or in a terminal:{' '}
        <code>drover artifact upload FILE</code>
      </p>
    )
  if (found?.has_more === true)
    return (
      <TextField
        label="Release"
        name="release"
        value={draft.release}
        size={40}
        placeholder="main@2.0.0"
        hint="Its id, or component@version."
        onInput={release => change({ release })}
      />
    )
  const sorted = (found?.data ?? []).toSorted(
    (a, b) => a.component.localeCompare(b.component) || compareVersions(b.version, a.version),
  )
  // A link may name it as component@version.
  const id = sorted.find(each => each.id === draft.release || nameOf(each) === draft.release)?.id ?? draft.release
  const isThere = sorted.some(release => release.id === id)
  return (
    <>
      {releases.problem.value !== undefined && <Problem error={releases.problem.value} />}
      <ChoiceField
        label="Release"
        name="release"
        class="field-wide"
        value={id}
        choices={[
          { value: '', text: 'Choose a release' },
          ...(id === '' || isThere ? [] : [{ value: id, text: id }]),
          ...sorted.map(release => ({ value: release.id, text: releaseText(release) })),
        ]}
        onChange={release => change({ release })}
      />
    </>
  )
}

function BackupFields({ draft, change }: DraftFields) {
  const list = useId()
  const operations = useQuery<Listing<OperationView>>('/v1/operations?type=config-backup&limit=100', {
    pauseMs: 10_000,
  })
  const backups = useQuery<Listing<BackupView>>(
    draft.backupOperation === ''
      ? undefined
      : addressOf(`/v1/operations/${draft.backupOperation}/backups`, { limit: '1000' }),
    { pauseMs: 10_000 },
  )
  const found = operations.data.value?.data
  if (found?.length === 0)
    return (
      <p>
        No backup has been made yet.{' '}
        <Link to={addressOf('/operations/new', { type: 'config-backup' })}>Make one first</Link>.
      </p>
    )
  return (
    <div class="field-row">
      <ChoiceField
        label="Backup"
        name="backup"
        value={draft.backupOperation}
        choices={[
          { value: '', text: 'Choose a backup' },
          ...(found ?? []).map(({ id, name, requestedAt, counts }) => ({
            value: id,
            text: `${name}, ${momentText(requestedAt)} (${counts.completed.toLocaleString()} devices)`,
          })),
        ]}
        onChange={backupOperation => change({ backupOperation, backupDevice: '' })}
      />
      <TextField
        label="The configuration of"
        name="backup.device"
        value={draft.backupDevice}
        size={24}
        list={list}
        placeholder="device id"
        // What one device had is for that device unless somebody says otherwise.
        onInput={backupDevice => change({ backupDevice, aim: 'devices', devices: backupDevice })}
      />
      <datalist id={list}>
        {backups.data.value?.data.map(({ device, version }) => (
          <option key={device} value={device} label={version} />
        ))}
      </datalist>
    </div>
  )
}

function releaseText({ component, version, installedSha256, manifests, createdBy }: ReleaseView): string {
  const deltas = manifests.filter(({ precursorSha256 }) => precursorSha256 !== null).length
  const kinds = `${manifests.length} ${manifests.length === 1 ? 'manifest' : 'manifests'}${deltas > 0 ? `, ${deltas} deltas` : ''}`
  return `${component} ${version} (${installedSha256.slice(0, 8)}, ${kinds}, by ${createdBy})`
}

function nameOf({ component, version }: ReleaseView): string {
  return `${component}@${version}`
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true })
}
