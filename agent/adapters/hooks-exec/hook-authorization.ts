// Asks two programs of the device whether an update may be downloaded, and whether it may be installed.
import type { Answer, Authorization, UpdateRequest } from '../../ports.ts'
import type { HookName, HookPrograms } from './hook-programs.ts'

export class HookAuthorization implements Authorization {
  readonly #programs: HookPrograms

  constructor(programs: HookPrograms) {
    this.#programs = programs
  }

  download(request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    return this.#ask('download-authorize', request, signal)
  }

  install(request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    return this.#ask('install-authorize', request, signal)
  }

  /** A program that is not there has nothing against it. */
  async #ask(name: HookName, request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    if (!(await this.#programs.has(name))) return { kind: 'authorized' }
    const words = {
      DROVER_OPERATION: request.operation,
      DROVER_COMPONENT: request.component,
      DROVER_VERSION: request.version,
      DROVER_INSTALLED_VERSION: request.installedVersion,
      DROVER_SIZE: String(request.payloadBytes),
      DROVER_PRIORITY: String(request.priority),
    }
    const end = await this.#programs.call(name, words, signal, request.vendorData)
    switch (end.kind) {
      case 'yes':
        return { kind: 'authorized' }
      case 'no':
        return { kind: 'rejected', reason: end.reason }
      case 'not-now':
        return { ...end, kind: 'deferred' }
    }
  }
}
