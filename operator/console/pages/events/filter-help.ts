// What can be asked of the event log, as its filter field explains it.
import type { FilterHelp } from '../../parts/filter-field.tsx'

const text = 'eq neq in nin'

export const eventFilterHelp: FilterHelp = {
  fields: [
    { names: 'event_type', operators: text, meaning: 'the code, like UPD4_FAIL_24' },
    { names: 'event_type_description', operators: text, meaning: 'SUCCESS, FAIL, SKIPPED or INFO' },
    { names: 'event_type_category', operators: text, meaning: 'like FAIL_NETWORK or FAIL_INSTALL' },
    { names: 'device_id', operators: text, meaning: 'the device' },
    { names: 'data.campaign_id', operators: text, meaning: 'the operation' },
    { names: 'group, tag', operators: text, meaning: 'where the device belongs today' },
    { names: 'description', operators: text, meaning: 'the whole text of the code' },
    { names: 'state_change', operators: 'eq neq', meaning: 'true or false' },
    { names: 'date_time', operators: `${text} gte lte`, meaning: 'RFC 3339, like 2026-11-30T16:25:12Z' },
  ],
  examples: [
    { text: 'event_type_description=FAIL&group=berlin', meaning: 'failures of the devices in the group berlin' },
    { text: 'event_type__in=SYS_111,UPD4_FAIL_40', meaning: 'images that did not come up' },
    { text: 'event_type_category=FAIL_NETWORK', meaning: 'connections that were lost' },
    { text: 'event_type__nin=SYS_108,SYS_112', meaning: 'without the everyday ones' },
  ],
}
