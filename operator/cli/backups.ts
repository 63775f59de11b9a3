// drover backups: the configurations that devices sent, byte for byte. They hold secrets: a file is readable by its owner only.
import type { Command } from 'commander'
import type { Finish } from './command.ts'
import { save } from './download.ts'

export function addBackupCommands(program: Command, finish: Finish): void {
  const backups = program.command('backups').alias('backup').description('configurations that devices sent')
  const get = backups
    .command('get')
    .argument('<operation>', 'operation id')
    .argument('<device>', 'device id')
    .description('the bytes a device sent; drover operation backups ID lists them')
    .option('-o, --out <file>', 'write there (mode 0600), whole or not at all, instead of to standard output')
  finish(get, {
    flags: { id: '<operation>', device: '<device>' },
    hints: { NOT_FOUND: 'drover operation backups ID lists what there is' },
    run: async (context, { args: [operation = '', device = ''], options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      const answer = await client.backup(operation, device)
      await save(context, answer, out, { object: 'backup', operation, device }, { mode: 0o600 })
    },
  })
}
