// What the doctor says about each component: its record, the image that counts hashed and compared (of slots and files; what
// is in partitions or in the hands of hooks is for the agent), a trial, a fallback. Of a package it is the record alone:
// what its members run stands in theirs.

import { type PackageRecord, PackageRecordFile } from '../adapters/package/package-record.ts'
import { systemDisk } from '../adapters/system-disk.ts'
import type { ComponentConfig } from '../settings/component-config.ts'
import { contentOf } from '../storage/durable-file.ts'
import { componentFolder, imagePath, readSlotRecord } from '../storage/slot-folder.ts'
import type { SlotRecord } from '../storage/slot-record.ts'
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
    if (component.installer.kind === 'package') {
      const found = await new PackageRecordFile(systemDisk, folder).find()
      return found === undefined ? [await beforeFirstStart(component)] : packageFindings(name, found)
    }
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
  const { installer } = component
  if (installer.kind === 'slots') findings.push(await imageFinding(folder, name, record, text))
  else if (installer.kind === 'file') findings.push(await fileFinding(installer.file, name, record, text))
  else findings.push({ check, level: 'ok', text: `${text} (${installer.kind})` })
  if (trial !== null) {
    const remedy = `it is committed or given up by itself; ${trial.startsLeft} starts are left`
    findings.push({ check, level: 'warn', text: `${name}: slot ${trial.slot} is on trial`, remedy })
  }
  if (fallback !== null) findings.push(fellBack(name, fallback))
  return findings
}

function packageFindings(name: string, { active, phase, slots, fallback }: PackageRecord): readonly Finding[] {
  const check = 'component'
  const findings: Finding[] = [
    { check, level: 'ok', text: `${name}: ${slots[active]?.version ?? 'nothing'} (package)` },
  ]
  if (phase !== 'steady') {
    const remedy = 'it goes on, or is taken back, by itself when the agent runs'
    findings.push({ check, level: 'warn', text: `${name}: its images are being installed (${phase})`, remedy })
  }
  if (fallback !== null) findings.push(fellBack(name, fallback))
  return findings
}

function fellBack(name: string, { reason }: { readonly reason: string }): Finding {
  const remedy = 'look at what the new image wrote, and sign a higher version'
  return { check: 'component', level: 'warn', text: `${name}: the last update fell back: ${reason}`, remedy }
}

/** Somebody else may change a file that is replaced; then the device says what it finds, and takes no patch for it. */
async function fileFinding(path: string, name: string, record: SlotRecord, text: string): Promise<Finding> {
  const check = 'component'
  try {
    const found = await contentOf(systemDisk, path)
    if (found?.digest === record.slots[record.active]?.digest)
      return { check, level: 'ok', text: `${text} (file), as its record says` }
    const what = found === undefined ? 'is not there' : 'has another content than its record says'
    return {
      check,
      level: 'warn',
      text: `${name}: ${path} ${what}`,
      remedy: 'install a higher version, not as a patch',
    }
  } catch (error) {
    return { check, level: 'fail', text: `${name}: ${path}: ${codeOf(error)}`, remedy: 'look at the disk' }
  }
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
