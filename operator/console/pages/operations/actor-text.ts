// Who did something, for people.

/** A principal by name, a rule of the policy by its place in it. */
export function actorText(actor: string): string {
  return actor.startsWith('policy:') ? `the policy (${actor.slice(7)})` : actor
}
