// The rules an operation runs under, in words.
import type { OperationView } from '../../../../proto/http-api.ts'
import { momentText } from './moment-text.ts'
import { ruleGroups, ruleOf } from './rules.ts'

export function RulesTab({ operation: { policy, type } }: { readonly operation: OperationView }) {
  const groups = ruleGroups.filter(group => group !== 'delivery' || type === 'firmware-update')
  return (
    <dl class="rules">
      {groups.map(group => {
        const { title, texts } = ruleOf(group, policy, momentText)
        return (
          <div key={group}>
            <dt>{title}</dt>
            {texts.map(text => (
              <dd key={text}>{text}</dd>
            ))}
          </div>
        )
      })}
    </dl>
  )
}
