// The choice of a role, with what it means.
import type { Role } from '../../state/session.ts'
import { roles } from './roles.ts'

interface RoleFieldProps {
  readonly value: Role
  readonly onChange: (role: Role) => void
}

export function RoleField({ value, onChange }: RoleFieldProps) {
  return (
    <fieldset class="roles">
      <legend>Role</legend>
      {roles.map(({ role, text }) => (
        <label key={role} class="role-choice">
          <input type="radio" name="role" checked={role === value} onChange={() => onChange(role)} />
          <span>
            {role}
            <span class="hint"> {text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
