// The report card of an examination: by case, by code, by section; for people and for programs.
import { type Verdict, verdicts } from './case.ts'
import type { Examined } from './examine.ts'

type Counts = Readonly<Record<Verdict, number>>

export interface Card {
  readonly schemaVersion: 1
  readonly device: string
  readonly passed: boolean
  readonly counts: Counts
  /** By family, by event code, by section of docs/PROTOCOL.md. */
  readonly families: Readonly<Record<string, Counts>>
  readonly codes: Readonly<Record<string, Counts>>
  readonly sections: Readonly<Record<string, Counts>>
  readonly cases: readonly {
    readonly name: string
    readonly family: string
    readonly section: string
    readonly code: string | null
    readonly verdict: Verdict
    readonly done: string
    readonly must: string
    readonly seen: string
    readonly tookMs: number
  }[]
}

/** Codes whose condition lies within the device: no broker can bring it about. */
export const beyondReach: readonly string[] = [
  ...['UPD4_FAIL_35', 'UPD4_FAIL_36', 'UPD4_FAIL_37', 'UPD4_FAIL_38', 'UPD4_FAIL_44'],
  ...['UPD4_FAIL_46', 'UPD4_FAIL_47', 'UPD4_FAIL_48', 'UPD4_FAIL_49'],
]

export function cardOf(device: string, examined: readonly Examined[]): Card {
  const by = (key: (one: Examined) => string | undefined): Record<string, Counts> => {
    const groups = new Map<string, Examined[]>()
    for (const one of examined) {
      const name = key(one)
      if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), one])
    }
    return Object.fromEntries([...groups].map(([name, all]) => [name, counted(all)]))
  }
  const counts = counted(examined)
  return {
    schemaVersion: 1,
    device,
    passed: counts.failed === 0 && counts.passed > 0,
    counts,
    families: by(({ one }) => one.family),
    codes: by(({ one }) => one.code),
    sections: by(({ one }) => one.section.split(',')[0]),
    cases: examined.map(({ one, result }) => ({
      ...{ name: one.name, family: one.family, section: one.section, code: one.code ?? null },
      ...{ verdict: result.verdict, done: one.done, must: one.must, seen: result.seen, tookMs: result.tookMs },
    })),
  }
}

const marks: Readonly<Record<Verdict, string>> = {
  passed: 'pass',
  failed: 'FAIL',
  'not-applicable': 'n/a ',
  'not-tried': '-   ',
}

/** One line, while the examination goes on. */
export function lineOf({ one, result }: Examined): string {
  return `${marks[result.verdict]}  ${one.name.padEnd(34)}${one.section.padEnd(22)}${result.seen}\n`
}

export function cardText(card: Card): string {
  const lines: string[] = ['']
  const table = (title: string, groups: Readonly<Record<string, Counts>>): void => {
    lines.push(`${title.padEnd(26)}${verdicts.map(verdict => verdict.padStart(15)).join('')}`)
    for (const [name, counts] of Object.entries(groups).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })))
      lines.push(`  ${name.padEnd(24)}${verdicts.map(verdict => String(counts[verdict] || '').padStart(15)).join('')}`)
    lines.push('')
  }
  table('what', card.families)
  table('code', card.codes)
  table('section of PROTOCOL.md', card.sections)
  for (const { name, done, must, seen, section } of card.cases.filter(({ verdict }) => verdict === 'failed'))
    lines.push(`FAILED  ${name} (section ${section})`, `  done  ${done}`, `  must  ${must}`, `  seen  ${seen}`, '')
  lines.push(`Out of reach of a broker, so not on the card: ${beyondReach.join(', ')}.`)
  const { passed, failed, 'not-applicable': not, 'not-tried': untried } = card.counts
  lines.push(
    `${card.device}: ${passed} passed, ${failed} failed, ${not} not applicable, ${untried} not tried. ${card.passed ? 'PASSED' : 'FAILED'}`,
    '',
  )
  return lines.join('\n')
}

function counted(examined: readonly Examined[]): Counts {
  const count = (verdict: Verdict): number => examined.filter(({ result }) => result.verdict === verdict).length
  return {
    passed: count('passed'),
    failed: count('failed'),
    'not-applicable': count('not-applicable'),
    'not-tried': count('not-tried'),
  }
}
