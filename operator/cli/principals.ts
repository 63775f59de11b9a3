// drover principals: people and services that may give commands.
import type { Command } from 'commander'
import type { PrincipalAnswer } from '../../proto/http-admin.ts'
import { principalName } from '../../proto/ids.ts'
import type { Finish } from './command.ts'
import { confirmed } from './confirm.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { withSecretFile } from './secret-file.ts'
import { parsedBy, word } from './values.ts'

const roles: readonly PrincipalAnswer['role'][] = ['viewer', 'operator', 'approver', 'admin']
const hints = { NOT_FOUND: 'drover principals list shows who there is' }

export function addPrincipalCommands(program: Command, finish: Finish): void {
  const principals = program
    .command('principals')
    .alias('principal')
    .description('people and services that may give commands')
  const one = (parent: Command, name: string, description: string): Command =>
    parent
      .command(name)
      .argument('<name>', '1 to 64 of A-Z a-z 0-9 . _ : -', parsedBy(principalName))
      .description(description)

  const create = one(principals, 'create', 'issue an access token; it is shown once')
    .requiredOption('--role <role>', roles.join(', '), word(roles))
    .option('--out <file>', 'write the token there (mode 0600, never overwritten) instead of showing it')
  finish(create, {
    flags: { name: '<name>', role: '--role' },
    run: async (context, { args, options }) => {
      const { role, out } = options as { readonly role: PrincipalAnswer['role']; readonly out?: string }
      const client = await context.client()
      await issued(context, out, () => client.createPrincipal({ name: args[0] ?? '', role }))
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
          { head: 'created', rank: 1, of: ({ createdAt }) => timeOf(createdAt) },
        ],
        'No principals. Make one with drover principals create NAME --role ROLE.',
      )
    },
  })

  const role = one(principals, 'role', 'give a principal another role').argument(
    '<role>',
    roles.join(', '),
    word(roles),
  )
  finish(role, {
    flags: { role: '<role>' },
    hints,
    run: async (context, { args: [name = '', wanted = ''] }) => {
      const client = await context.client()
      const changed = await client.editPrincipal(name, wanted as PrincipalAnswer['role'])
      context.out.item({ object: 'principal', ...changed }, [
        ['principal', changed.name],
        ['role', changed.role],
      ])
    },
  })

  const token = principals.command('token').description('the access token of a principal')
  const renew = one(token, 'renew', 'issue a new token; the old one is void at once. It is shown once').option(
    '--out <file>',
    'write it there (mode 0600, never overwritten) instead of showing it',
  )
  finish(renew, {
    hints,
    run: async (context, { args, options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      await issued(context, out, () => client.renewPrincipalToken(args[0] ?? ''))
    },
  })

  finish(one(principals, 'delete', 'take a principal away; its token is void at once').option('--yes', 'do not ask'), {
    hints,
    run: async (context, { args, options }) => {
      const name = args[0] ?? ''
      await confirmed(context, options.yes === true, `Delete the principal ${name}? Its token will be void.`)
      const client = await context.client()
      await client.deletePrincipal(name)
      context.out.item({ object: 'deleted-principal', name }, [['deleted', name]])
    },
  })
}

/** Writes the token down, or shows it: the broker shows it once. */
async function issued(
  context: CliContext,
  out: string | undefined,
  ask: () => Promise<PrincipalAnswer>,
): Promise<void> {
  const made = await withSecretFile('--out', out, async () => {
    const answer = await ask()
    return { ...answer, text: `${answer.token}\n` }
  })
  const shown = out === undefined ? { token: made.token } : { path: out }
  context.out.item({ object: 'principal', name: made.name, role: made.role, createdAt: made.createdAt, ...shown }, [
    ['principal', made.name],
    ['role', made.role],
    out === undefined ? ['token', made.token] : ['token in', out],
  ])
}
