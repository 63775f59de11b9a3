// What can be asked of the registry, as its filter field explains it.
import type { FilterHelp } from '../../parts/filter-field.tsx'

const text = 'eq neq in nin like'

export const deviceFilterHelp: FilterHelp = {
  fields: [
    { names: 'group, tag', operators: text, meaning: 'where people have put it' },
    { names: 'component, version, digest', operators: text, meaning: 'all three are about the same component' },
    { names: 'version', operators: 'gte lte', meaning: 'like 1.4.0, compared number by number' },
    { names: 'state', operators: 'eq neq in nin', meaning: 'online, offline, quarantined or registered' },
    { names: 'last_seen', operators: 'gte lte', meaning: 'how long ago, like 12h or 7d, or a time (RFC 3339)' },
    { names: 'attributes.NAME', operators: `${text} gte lte`, meaning: 'gte and lte compare decimal numbers' },
    { names: 'id, vendor_id, class_id', operators: text, meaning: 'what it says of itself' },
  ],
  examples: [
    {
      text: 'group=berlin&component=main&version__lte=1.4.0',
      meaning: 'in the group berlin, with main 1.4.0 or older',
    },
    { text: 'state=offline&last_seen__lte=7d', meaning: 'not seen for a week' },
    { text: 'tag__in=canary,beta', meaning: 'with one of these tags' },
    { text: 'component__neq=main', meaning: 'without a component main' },
  ],
}
