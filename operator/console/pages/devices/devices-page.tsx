// The Devices page: the registry, or the devices that an operation updated or failed on; beside it the details of one device.
import { parameter } from '../../state/route.ts'
import { DeviceDrawer } from './device-drawer.tsx'
import { OutcomePage } from './outcome-page.tsx'
import { RegistryPage } from './registry-page.tsx'

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
