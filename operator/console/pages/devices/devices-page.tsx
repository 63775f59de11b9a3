// The Devices page: the registry, or the devices that an operation updated or failed on; beside it the details of one device,
// whose code is fetched when they are opened first.
import { later } from '../../parts/later.tsx'
import { parameter } from '../../state/route.ts'
import { OutcomePage } from './outcome-page.tsx'
import { RegistryPage } from './registry-page.tsx'

const DeviceDrawer = later(async () => (await import('./device-drawer.tsx')).DeviceDrawer)

export function DevicesPage() {
  const operation = parameter('operation')
  const device = parameter('device')
  return (
    <>
      {operation === '' ? <RegistryPage /> : <OutcomePage key={operation} operation={operation} />}
      {device !== '' && <DeviceDrawer key={device} id={device} />}
    </>
  )
}
