// The same without the console: the command line and the MQTT message, ready to be taken along.

import { CopyButton } from '../../parts/copy.tsx'
import { cliCommandOf, shellText } from './cli-command.ts'
import { mqttMessageOf } from './mqtt-message.ts'
import type { FieldProblem } from './reading.ts'
import type { Request } from './request.ts'

interface EqualCommandsProps {
  readonly request: Request
  readonly problems: readonly FieldProblem[]
  readonly csvName: string | undefined
  readonly operator: string
  readonly requestId: string
}

export function EqualCommands({ request, problems, csvName, operator, requestId }: EqualCommandsProps) {
  if (problems.length > 0)
    return <p class="hint">Complete the form to see the command line and the MQTT message that ask for the same.</p>
  const command = shellText(cliCommandOf(request, csvName))
  const message = mqttMessageOf(request, operator, requestId)
  return (
    <>
      <Text title="Command line" what="the command" text={command} />
      {typeof message === 'string' ? (
        <>
          <h3>MQTT message</h3>
          <p class="hint">{message}</p>
        </>
      ) : (
        <>
          <Text title="MQTT message: topic" what="the topic" text={message.topic} />
          <Text title="MQTT message: payload" what="the payload" text={message.payload} />
        </>
      )}
    </>
  )
}

function Text({ title, what, text }: { readonly title: string; readonly what: string; readonly text: string }) {
  return (
    <section class="equal">
      <header>
        <h3>{title}</h3>
        <CopyButton text={text} what={what} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  )
}
