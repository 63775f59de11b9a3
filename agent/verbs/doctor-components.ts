// What the doctor says about each component: its record, the image that counts hashed and compared, a trial, a fallback.

import { systemDisk } from '../adapters/system-disk.ts'
import type { ComponentConfig } from '../component-config.ts'
import { contentOf } from '../durable-file.ts'
import { componentFolder, imagePath, readSlotRecord } from '../slot-folder.ts'
import type { SlotRecord } from '../slot-record.ts'
import type { Check, Finding } from './doctor.ts'
import { codeOf, mustBeReadable } from './doctor-device.ts'

export const checkComponents: Check = async ({ config: { dataDir, components } }) => {
  const findings: Finding[] = []
  for (const component of components) findings.push(...(await findingsOf(dataDir, component)))
  return findings
}

async function findingsOf(dataDir: string, component: ComponentConfig): Promise<readonly Finding[]> {
  const check = 'component'
  const { name } = component
  const folder = componentFolder(dataDir, name)
  let record: SlotRecord | undefined
  try {
    record = await readSlotRecord(systemDisk, folder)
  } catch (error) {
    const remedy = `restore the record, or remove ${folder} to begin again from the factory image`
    return [{ check, level: 'fail', text: `${name}: ${(error as Error).message}`, remedy }]
  }
  if (record === undefined) return [await beforeFirstStart(component)]
  const { active, slots, trial, fallback } = record
  const content = slots[active]
  const text = `${name}: ${content?.version ?? 'nothing'} in slot ${active}`
  const findings: Finding[] = []
  if (component.installer.kind === 'slots') findings.push(await imageFinding(folder, name, record, text))
  else findings.push({ check, level: 'ok', text: `${text} (${component.installer.kind})` })
  if (trial !== null) {
    const remedy = `it is committed or given up by itself; ${trial.startsLeft} starts are left`
    findings.push({ check, level: 'warn', text: `${name}: slot ${trial.slot} is on trial`, remedy })
  }
  if (fallback !== null) {
    const remedy = 'look at what the new image wrote, and sign a higher version'
    findings.push({ check, level: 'warn', text: `${name}: the last update fell back: ${fallback.reason}`, remedy })
  }
  return findings
}

async function imageFinding(folder: string, name: string, record: SlotRecord, text: string): Promise<Finding> {
  const check = 'component'
  const content = record.slots[record.active]
  const path = imagePath(folder, record.active)
  const remedy = `the image that counts is not what was installed: install a higher version, or remove ${folder}`
  try {
    const found = await contentOf(systemDisk, path)
    if (found === undefined) return { check, level: 'fail', text: `${name}: ${path} is not there`, remedy }
    if (found.digest !== content?.digest)
      return { check, level: 'fail', text: `${name}: ${path} has another content than its record says`, remedy }
    return { check, level: 'ok', text: `${text}, as its record says` }
  } catch (error) {
    return { check, level: 'fail', text: `${name}: ${path}: ${codeOf(error)}`, remedy: 'look at the disk' }
  }
}

/** What the factory image will be placed from. */
async function beforeFirstStart({ name, version, image }: ComponentConfig): Promise<Finding> {
  const check = 'component'
  if (image === undefined) return { check, level: 'ok', text: `${name}: ${version}, before the first start` }
  try {
    await mustBeReadable(image)
    return { check, level: 'ok', text: `${name}: ${version} from ${image}, before the first start` }
  } catch (error) {
    const text = `${name}: the factory image ${image}: ${codeOf(error)}`
    return { check, level: 'fail', text, remedy: 'the first start needs it: put it there, readable for the agent' }
  }
}
