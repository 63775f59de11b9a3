// How the execution of a sensor has to end, by what is wrong with it, when the operation brings a good image that is newer
// than the one from the factory. The fleet compares each device with it; the tests hold the sensors to it.
import type { FaultName } from './fault-names.ts'
import type { DeviceProfile, Expected } from './plan.ts'

/**
 * `reboot`: whether the component the release is for is installed by a restart. A component that the profile does not
 * have is refused with 39 by all.
 */
export function expectedOf(fault: FaultName | undefined, _profile: DeviceProfile, reboot: boolean): Expected {
  const success: Expected = { codes: [reboot ? 'SYS_112' : 'UPD2_OK_18'], updated: true }
  if (fault === undefined) return success
  switch (fault) {
    case 'drop':
    case 'duplicate':
    case 'delay':
    case 'corrupt-chunk':
    case 'flapping':
    case 'slow-reader':
    case 'power-cut-accepted':
    case 'power-cut-downloading':
    case 'power-cut-verifying':
    case 'power-cut-installing':
    case 'power-cut-rebooting':
    case 'power-cut-confirming':
      return success
    case 'other-vendor':
      return refusedWith('SYS_102')
    case 'lying':
      // Its new image runs; what it says of it is not what was signed.
      return { codes: ['SYS_111'], updated: true }
    case 'clock-wrong':
      return refusedWith('UPD4_FAIL_23')
    default:
      return refusedWith(`UPD4_FAIL_${fault.slice('code-'.length)}`)
  }
}

function refusedWith(code: string): Expected {
  return { codes: [code], updated: false }
}
