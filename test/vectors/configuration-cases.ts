// Rows of the configuration that a device sends.
import { createHash } from 'node:crypto'
import * as messages from '../../proto/messages.ts'
import { changer, configuration, type Row, refused, spoiled, value } from './message-samples.ts'

const configurationBytes = messages.encodeConfigurationReport(configuration)
const configurationWith = changer('ConfigurationReport', configurationBytes)
const largest = Buffer.alloc(32 * 1024, 'a')
const digestOfText = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
export const configurationRows: readonly Row[] = [
  ['small', 'A configuration in JSON; any bytes will do.', configurationBytes, value(configuration)],
  [
    'empty',
    'An empty file is a configuration.',
    configurationWith({ content: new Uint8Array(0), sha256: digestOfText(new Uint8Array(0)) }),
    value({
      ...configuration,
      content: new Uint8Array(0),
      sha256: digestOfText(new Uint8Array(0)).toString('hex'),
    }),
  ],
  [
    '32 KiB',
    'The largest.',
    configurationWith({ content: largest, sha256: digestOfText(largest) }),
    value({ ...configuration, content: largest, sha256: digestOfText(largest).toString('hex') }),
  ],
  [
    '32 KiB and a byte',
    'Too large.',
    configurationWith({ content: Buffer.concat([largest, Buffer.of(0)]) }),
    refused('ConfigurationReport.content'),
  ],
  [
    'another digest',
    'Not that of the content.',
    configurationWith({ sha256: new Uint8Array(32) }),
    refused('ConfigurationReport.sha256'),
  ],
  [
    'digest of 20 bytes',
    'Not SHA-256.',
    configurationWith({ sha256: new Uint8Array(20) }),
    refused('ConfigurationReport.sha256'),
  ],
  [
    'content absent',
    'Absent is not empty.',
    configurationWith({ content: undefined }),
    refused('ConfigurationReport.content'),
  ],
  [
    'version of 64 bytes',
    'The longest name.',
    configurationWith({ version: 'v'.repeat(64) }),
    value({ ...configuration, version: 'v'.repeat(64) }),
  ],
  [
    'version of 65 bytes',
    'Too long.',
    configurationWith({ version: 'v'.repeat(65) }),
    refused('ConfigurationReport.version'),
  ],
  [
    'version empty',
    'A name of 1 to 64 bytes.',
    configurationWith({ version: '' }),
    refused('ConfigurationReport.version'),
  ],
  ['attempt 0', 'Attempts count from 1.', configurationWith({ attempt: 0 }), refused('ConfigurationReport.attempt')],
  [
    'operation absent',
    'Required.',
    configurationWith({ operationId: undefined }),
    refused('ConfigurationReport.operationId'),
  ],
  ...spoiled('ConfigurationReport', configurationBytes),
]
