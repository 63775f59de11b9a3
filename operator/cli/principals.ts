// drover principals: people and services that may give commands.
import type { Command } from 'commander'
import type { PrincipalAnswer } from '../../proto/http-api.ts'
import { principalName } from '../../proto/ids.ts'
import type { Finish } from './command.ts'
import { timeOf } from './output.ts'
import { withSecretFile } from './secret-file.ts'
import { parsedBy, word } from './values.ts'

const roles: readonly PrincipalAnswer['role'][] = ['viewer', 'operator', 'approver', 'admin']

export function addPrincipalCommands(program: Command, finish: Finish): void {
  const principals = program.command('principals').description('people and services that may give commands')
  const create = principals
    .command('create')
    .argument('<name>', '1 to 64 of A-Z a-z 0-9 . _ : -', parsedBy(principalName))
    .description('issue an access token; it is shown once')
    .requiredOption('--role <role>', roles.join(', '), word(roles))
    .option('--out <file>', 'write the token there (mode 0600, never overwritten) instead of showing it')
  finish(create, {
    flags: { name: '<name>', role: '--role' },
    run: async (context, call) => {
      const { role, out } = call.options as { readonly role: PrincipalAnswer['role']; readonly out?: string }
      const client = await context.client()
      const made = await withSecretFile('--out', out, async () => {
        const answer = await client.createPrincipal({ name: call.args[0] ?? '', role })
        return { ...answer, text: `${answer.token}\n` }
      })
      const shown = out === undefined ? { token: made.token } : { path: out }
      context.out.item({ object: 'principal', name: made.name, role: made.role, createdAt: made.createdAt, ...shown }, [
        ['principal', made.name],
        ['role', made.role],
        out === undefined ? ['token', made.token] : ['token in', out],
      ])
    },
  })
  finish(principals.command('list').description('all principals'), {
    run: async (context, _call) => {
      const client = await context.client()
      const { data } = await client.principals()
      context.out.items(
        data,
        [
          { head: 'principal', of: ({ name }) => name },
          { head: 'role', of: ({ role }) => role },
          { head: 'created', of: ({ createdAt }) => timeOf(createdAt) },
        ],
        'No principals. Make one with drover principals create NAME --role ROLE.',
      )
    },
  })
}
