// How many faults of each kind really fired: a history that was never disturbed proves little, and says so.

export const faultKinds = [
  'killed before a write',
  'killed after a write',
  'killed at any time',
  'killed soon after a hand-over',
  'killed about the end of a schedule',
  'closed in order',
  'disk full',
  'slow write',
  'wall clock set forward by hours',
  'wall clock set forward by years',
  'wall clock set back by hours',
  'wall clock set back by years',
  'clock set while the broker was down',
  'offer lost',
  'connection lost',
  'acknowledgement lost',
  'report sent twice',
  'report in flight behind a closed connection',
  'offline spell',
  'journal lost',
  'update failed',
  'update refused by the device',
  'offer ignored',
  'lying digest',
  'stuck in the reboot',
  'device never seen',
  'device deregistered',
  'request repeated after a restart',
] as const
/** Those that only real agents can meet. */
export const agentFaultKinds = [
  'chunk lost',
  'chunk corrupted',
  'message sent twice',
  'partition',
  'power cut',
  'power cut in a write',
  'flash torn',
  'device full',
  'device clock set',
  'unhealthy trial',
  'image crashed',
  'owner said later',
  'owner said no',
  'patch spoiled',
] as const
export type FaultKind = (typeof faultKinds)[number] | (typeof agentFaultKinds)[number]

const allKinds: readonly FaultKind[] = [...faultKinds, ...agentFaultKinds]

export class Faults {
  readonly #counts = new Map<FaultKind, number>()

  fired(kind: FaultKind): void {
    this.#counts.set(kind, this.of(kind) + 1)
  }

  of(kind: FaultKind): number {
    return this.#counts.get(kind) ?? 0
  }

  add(others: Faults): void {
    for (const kind of allKinds) if (others.of(kind) > 0) this.#counts.set(kind, this.of(kind) + others.of(kind))
  }

  get total(): number {
    return allKinds.reduce((sum, kind) => sum + this.of(kind), 0)
  }

  /** Of every kind that fired. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  /** `12 offer lost · 3 disk full · …` */
  get text(): string {
    return allKinds
      .filter(kind => this.of(kind) > 0)
      .map(kind => `${this.of(kind)} ${kind}`)
      .join(' · ')
  }
}
