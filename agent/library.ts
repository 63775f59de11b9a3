// The one door for programs that embed the agent: `import { Agent } from 'drover/agent'`. What is not exported here may change
// from one version to the next. Nothing of the broker and of the operator's tools is loaded with it. Within this repository
// everything is imported from the file that defines it. docs/AGENT.md has an example.

export type { DeviceId } from '../proto/ids.ts'
export { deviceId } from '../proto/ids.ts'
export { ConfigurationFile } from './adapters/configuration-file.ts'
export { alwaysHealthy, HealthCommand, type HealthCommandSettings } from './adapters/health-command.ts'
export { LevelJournal } from './adapters/level-journal/level-journal.ts'
export { MqttLink, type MqttLinkPorts, type MqttLinkSettings } from './adapters/mqtt/mqtt-link.ts'
export { ProgramsFolder } from './adapters/programs-folder.ts'
export { Readiness, type ReadinessSettings } from './adapters/readiness.ts'
export { ReportKeyFile } from './adapters/report-key-file.ts'
export { SingleFile } from './adapters/single-file.ts'
export { PayloadFile } from './adapters/slots-files/payload-file.ts'
export { SlotsFiles } from './adapters/slots-files/slots-files.ts'
export { StatusFiles, type StatusFilesSettings } from './adapters/status-files.ts'
export { systemClock } from './adapters/system-clock.ts'
export { systemDisk } from './adapters/system-disk.ts'
export { systemRandom } from './adapters/system-random.ts'
export { ZstdPatches } from './adapters/zstd-delta.ts'
export {
  Agent,
  type AgentSettings,
  type CommandHandler,
  type CommandRun,
  type Order,
  type Prepared,
} from './agent.ts'
export { AskedInTurn, alwaysAuthorized, MaintenanceWindow } from './authorization.ts'
export type { CommandOutcome } from './core/command.ts'
export {
  AgentError,
  InstallFailed,
  LinkDown,
  StorageReadFailed,
  StorageWriteFailed,
  StoredThingCorrupt,
  StoredThingMissing,
} from './errors.ts'
export type { CommandHandlers } from './handlers/command-handler.ts'
export { LogRing } from './log-ring.ts'
export type * from './observer.ts'
export type * from './ports.ts'
export { agentVersion, type ProcessFacts, type RunOptions, run } from './run.ts'
export { agentDefaults, reconnectDefaults } from './settings/agent-defaults.ts'
export { type AgentConfig, ConfigError, parseConfig, readConfig } from './settings/config.ts'
export { componentFolder, openComponent } from './storage/slot-folder.ts'
export { SlotRecordCorrupt } from './storage/slot-record.ts'
