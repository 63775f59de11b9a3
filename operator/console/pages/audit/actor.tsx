// Who did it: a person or service, or a rule of a policy, which acts by itself.
export function Actor({ name }: { readonly name: string }) {
  return name.startsWith('policy:') ? (
    <span class="audit-actor">
      {name.slice('policy:'.length)} <span class="chip">rule</span>
    </span>
  ) : (
    <span class="audit-actor">{name}</span>
  )
}
